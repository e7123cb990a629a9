# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of fencing tasks can be relied on, without a play around them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from helpers.fencing import RELIABLE, UNRELIABLE, files
from helpers.modules import COLLECTIONS, ROOT


def test_each_file_is_refused_with_its_reason_or_passes(tmp_path: Path) -> None:
    paths = files(tmp_path)
    search = os.pathsep.join((str(ROOT / "tests"), str(COLLECTIONS)))
    # A process of its own, as Ansible takes over how collections are imported.
    finished = subprocess.run(
        [sys.executable, "-m", "helpers.fencing", str(tmp_path)],
        input=json.dumps(list(paths.values())),
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    said = json.loads(finished.stdout)
    assert not [name for name in RELIABLE if said[paths[name]]]
    for name, (_tasks, words) in UNRELIABLE.items():
        assert words in "; ".join(said[paths[name]]), f"{name}: {said[paths[name]]}"
