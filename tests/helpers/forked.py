# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running modules many times: processes of their own, forked from one that has imported them.

As good as helpers.modules for what a module says and does on sockets, at a tenth of the price.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from helpers.modules import COLLECTIONS
from helpers.secrecy import secrets_of

#: The modules that connect an HA socket, and so hand the token over.
WITH_HA_SOCKET = ("ncs_ha_role", "ncs_ha_status", "ncs_ha_secondary_dead")
MODULES = (*WITH_HA_SOCKET, "ncs_ha_operation", "ncs_ha_read_only")

_SERVER = Path(__file__).with_name("module_server.py")


class Run(NamedTuple):
    """A module's result, and its peak memory in KiB."""

    result: dict[str, Any]
    peak: int


class ForkedModules:
    """Runs modules for as long as a with statement, one at a time."""

    def __enter__(self) -> ForkedModules:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("NCS_")}
        self._server = subprocess.Popen(
            [sys.executable, str(_SERVER), *MODULES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**clean, "PYTHONPATH": str(COLLECTIONS)},
            text=True,
        )
        self._lock = threading.Lock()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.communicate()

    def run(self, name: str, params: Mapping[str, Any], *, check: bool = False) -> dict[str, Any]:
        """Run a module with these parameters and return its result."""
        return self.measure(name, params, check=check).result

    def measure(self, name: str, params: Mapping[str, Any], *, check: bool = False) -> Run:
        """The same, with its peak memory.

        Fails the test where the module writes to standard error, gives no result, shows a secret,
        or ends with an exit status that does not go with its result.
        """
        arguments = {"_ansible_check_mode": check, "_ansible_diff": True, **params}
        request = {"name": name, "arguments": {"ANSIBLE_MODULE_ARGS": arguments}}
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with self._lock:
            print(json.dumps(request), file=self._server.stdin, flush=True)
            answer = json.loads(self._server.stdout.readline())
        assert not answer["err"], answer["err"]
        assert "Traceback" not in answer["out"], answer["out"]
        result: dict[str, Any] = json.loads(answer["out"])
        assert answer["status"] == (1 if result.get("failed") else 0)
        for secret in secrets_of(params, None):
            assert secret not in answer["out"], "a secret is in the output"
        return Run(result, answer["peak"])
