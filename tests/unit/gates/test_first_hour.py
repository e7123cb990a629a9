# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken from the README to be run, and that nothing in it is passed over."""

from __future__ import annotations

import pytest
from gates import first_hour
from gates.commands import GateError
from helpers.modules import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_commands_and_files_are_taken_in_their_order() -> None:
    text = """
```console
$ make demo
```

## Install

```console
$ one && \\
    two
$ three
```

```yaml
# inventory.yml
nso:
```
"""
    assert list(first_hour.parts(text)) == [
        ("console", "one && \\\n    two"),
        ("console", "three"),
        ("yaml", "# inventory.yml\nnso:\n"),
    ]


def test_every_command_of_the_readme_is_run_but_the_demo() -> None:
    text = first_hour.script(README, {"nso-1": "here: true"})
    commands = [line for line in README.splitlines() if line.startswith("$ ")]
    assert text.count("status=$?") == len(commands) - 1
    assert "make demo" not in text
    for needed in (
        "pip install",
        "collection install",
        "export NSO_HA_TOKEN",
        "switchover",
        "site.yml",
    ):
        assert needed in text


def test_a_command_that_may_fail_and_is_gone_is_found() -> None:
    (refused,) = first_hour.STATUS
    with pytest.raises(GateError, match="converge"):
        first_hour.script(README.replace(refused, "true"), {})


@pytest.mark.parametrize("part", first_hour.SUBSTITUTES)
def test_what_is_replaced_and_is_gone_is_found(part: str) -> None:
    with pytest.raises(GateError, match="no longer"):
        first_hour.script(README.replace(part, ""), {})
