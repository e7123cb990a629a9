# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that runs in the background while the test does something else."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from helpers.modules import module_process
from helpers.secrecy import secrets_of


class RunningModule:
    """A module that has been started; killed at the end of the with statement if need be."""

    def __init__(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        check: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._secrets = [secret.encode() for secret in secrets_of(params, environment)]
        command, payload, clean = module_process(
            name, {"_ansible_diff": True, **params}, check, environment
        )
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean,
        )
        assert self._process.stdin is not None
        # A few hundred bytes, which fit into the pipe.
        self._process.stdin.write(payload)
        self._process.stdin.close()
        self._process.stdin = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the module stand still for as long as a with statement."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def result(self, seconds: float = 30) -> dict[str, Any]:
        """Wait for the end; return the result. No secret may be in the raw output."""
        out, err = self._process.communicate(timeout=seconds)
        assert not err, err.decode()
        for secret in self._secrets:
            assert secret not in out, "a secret is in the output"
        result: dict[str, Any] = json.loads(out)
        assert self._process.returncode == (1 if result.get("failed") else 0)
        return result

    def __enter__(self) -> RunningModule:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.runs:
            self._process.kill()
        with contextlib.suppress(ValueError):
            self._process.communicate()
