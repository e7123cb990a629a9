# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""That no secret of a task gets into what a module prints: checked at every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from helpers.modules import run_module

ENV_ACCESS_FILE = "NCS_IPC_ACCESS_FILE"


def secrets_of(params: Mapping[str, Any], environment: Mapping[str, str] | None) -> list[str]:
    """Return what must not be seen: the token, and what the access file holds."""
    found = [params.get("token")]
    file = params.get("access_file") or (environment or {}).get(ENV_ACCESS_FILE)
    if isinstance(file, str) and "\0" not in file and Path(file).is_file():
        found.append(Path(file).read_text().strip())
    return [secret for secret in found if isinstance(secret, str) and secret]


def run_discreetly(
    name: str,
    params: Mapping[str, Any],
    *,
    check: bool = False,
    environment: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> dict[str, Any]:
    """Run a module with diff on; fail if its result, which is all it printed, holds a secret."""
    result = run_module(
        name,
        {"_ansible_diff": True, **params},
        check=check,
        environment=environment,
        seconds=seconds,
    )
    seen = list(_texts(result))
    for secret in secrets_of(params, environment):
        assert not [text for text in seen if secret in text], "a secret is in the result"
    return result


def _texts(value: object) -> Iterator[str]:
    """All keys and values, as text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)
