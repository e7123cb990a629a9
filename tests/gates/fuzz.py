# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzz what reads the bytes of a daemon: python -m gates.fuzz [SECONDS], shared by the targets.

What must hold is in helpers/fuzzing.py. An input on which it does not is written to
tests/fuzz/regressions, from where the tests replay it from then on.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers import fuzz_inputs
from helpers.modules import COLLECTIONS

from gates.tree import ROOT

REQUIREMENTS = ROOT / "requirements" / "fuzz.txt"


def main(arguments: list[str]) -> int:
    """Fuzz all targets, one after the other; return 1 if one of them failed."""
    total = int(arguments[0]) if arguments else 60
    engine = "atheris" if _has_atheris() else "hypothesis"
    if engine == "hypothesis":
        print(
            f"!!! atheris has no wheel for this Python ({sys.version.split()[0]}). The inputs come "
            "from\n!!! hypothesis instead, which does not see what they reach and finds far less."
            "\n!!! Use CPython 3.11 to 3.13 on Linux.",
            flush=True,
        )
    seconds = max(1, total // len(fuzz_inputs.TARGETS))
    found = [target for target in fuzz_inputs.TARGETS if not _holds(engine, target, seconds)]
    return 1 if found else 0


def _has_atheris() -> bool:
    if importlib.util.find_spec("atheris") is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # Never from its sources: that would need clang, and half an hour.
        wheels = ["--only-binary", ":all:", "--requirement", str(REQUIREMENTS)]
        subprocess.run([*pip, *wheels], check=False)
        importlib.invalidate_caches()
    return importlib.util.find_spec("atheris") is not None


def _holds(engine: str, target: str, seconds: int) -> bool:
    """Fuzz a target and tell in a line what came of it; return whether it stood the test."""
    with tempfile.TemporaryDirectory() as directory:
        corpus, findings = Path(directory, "corpus"), Path(directory, "findings")
        corpus.mkdir()
        findings.mkdir()
        seeds = fuzz_inputs.seeds(target)
        assert seeds, f"nothing to start {target} from"
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)
        output, status = _run(engine, target, seconds, corpus, findings)
        inputs = _inputs(output)
        if status == 0 and inputs > len(seeds):
            what = f"{inputs} inputs from {len(seeds)} seeds, {seconds} s, {engine}"
            print(f"passed  {target}: {what}", flush=True)
            return True
        print(output)
        for path in sorted(findings.iterdir()):
            written = fuzz_inputs.write(target, path.read_bytes(), _reason(output))
            print(f"FAILED  {target}: {_reason(output)}")
            print(
                f"        The input is kept in {written.relative_to(ROOT)}; make test replays it."
            )
        if not list(findings.iterdir()):
            print(f"FAILED  {target}: the fuzzer ended with status {status} and without an input")
        return False


def _run(engine: str, target: str, seconds: int, corpus: Path, findings: Path) -> tuple[str, int]:
    command = [sys.executable, "-m", "gates.fuzz_one", engine, target, str(seconds)]
    paths = os.pathsep.join([str(ROOT / "tests"), str(COLLECTIONS)])
    finished = subprocess.run(
        [*command, str(corpus), str(findings)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds + 300,
        check=False,
    )
    return finished.stdout, finished.returncode


def _inputs(output: str) -> int:
    found = re.search(r"^stat::number_of_executed_units: (\d+)", output, re.MULTILINE)
    return int(found[1]) if found else 0


def _reason(output: str) -> str:
    """Return the line of a fuzzer's output that says what happened."""
    raised = re.findall(
        r"^([A-Z]\w*(?:Error|Exception|Interrupt|Failure|EOF)\b.*)", output, re.MULTILINE
    )
    summary = re.findall(r"^SUMMARY: (.*)", output, re.MULTILINE)
    found = [*raised, *summary, "no reason is known"]
    return str(found[0])[:300]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
