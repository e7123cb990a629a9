# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutation testing: change the code a little, again and again, and see whether a test fails.

mutmut makes the changes, in a copy of the project, and runs the tests that reach each. A change
that no test notices has to be listed in accepted_mutants.toml with the reason why none can.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import tomllib

from gates import environments
from gates.commands import GateError, run
from gates.tree import lay_out

#: What is changed. mutmut leaves out what is not in a function, and functions with a decorator.
SOURCES = (
    "plugins/module_utils/ncs/terms.py",
    "plugins/module_utils/_apply/transitions.py",
    "plugins/plugin_utils/_model/links.py",
    "plugins/plugin_utils/_plan/planner.py",
    "plugins/plugin_utils/_model/history.py",
)
TESTS = (
    "tests/unit/plugins/module_utils/ncs/test_terms.py",
    "tests/unit/plugins/module_utils/ncs/test_vectors.py",
    "tests/unit/plugins/module_utils/_apply/test_transitions.py",
    "tests/unit/plugins/plugin_utils/_model/test_data_rules.py",
    "tests/unit/plugins/plugin_utils/_model/test_links.py",
    "tests/unit/plugins/plugin_utils/_plan/test_planner.py",
    "tests/unit/plugins/plugin_utils/_model/test_history.py",
)
ACCEPTED = Path(__file__).with_name("accepted_mutants.toml")

#: Seconds of a mutant: so many times what its tests take, plus two.
TIMEOUT_FACTOR = 5
#: Seconds of the whole run.
LIMIT = 3600

_PACKAGE = "ansible_collections/nso/ha/"
# As in "ansible_collections.nso.ha.plugins.plugin_utils._plan.planner.xǁ_Plannerǁ_add__mutmut_1".
_NAME = re.compile(
    r"(?P<module>[\w.]+)\.x(?:_|ǁ(?P<of>[^ǁ]+)ǁ)(?P<function>[^ǁ]+)__mutmut_\d+", re.ASCII
)
_DIED = ("killed", "timeout")
_LIVED = ("survived", "no tests")


class Change(NamedTuple):
    """What a mutant changes, told apart from others without numbers that change with the code.

    function: as in "planner._Planner._add"
    """

    function: str
    was: str
    becomes: str


def main() -> int:
    """Test all mutants; return 1 if one survives that is not accepted."""
    try:
        python = Path(sys.executable)
        mutmut = environments.ensure("mutants", python, ("mutants.txt",)) / "bin" / "mutmut"
        with tempfile.TemporaryDirectory() as directory:
            _prepare(Path(directory))
            return _judge(mutmut, Path(directory))
    except GateError as problem:
        print(problem)
        return 1


def _prepare(directory: Path) -> None:
    """Lay out the project, with the settings of mutmut beside it."""
    lay_out(directory)
    settings = {
        "source_paths": [_PACKAGE + "plugins"],
        "only_mutate": [_PACKAGE + path for path in SOURCES],
        "also_copy": [_PACKAGE + path for path in ("tests", "pyproject.toml")],
        "pytest_add_cli_args_test_selection": [_PACKAGE + path for path in TESTS],
        "timeout_multiplier": TIMEOUT_FACTOR,
        "timeout_constant": 2 / TIMEOUT_FACTOR,
    }
    # A JSON value of these kinds is a TOML value, too.
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (directory / "pyproject.toml").write_text("\n".join(["[tool.mutmut]", *lines, ""]))


def _judge(mutmut: Path, directory: Path) -> int:
    """Test the mutants, tell of those that survive, and return the status to exit with."""
    run("mutants", [mutmut, "run", "--max-children", "2"], cwd=directory, seconds=LIMIT)
    listed = _ask(directory, mutmut, "results", "--all", "true")
    status_of = dict(line.strip().rsplit(": ", 1) for line in listed.splitlines() if ": " in line)
    untold = {name: said for name, said in status_of.items() if said not in (*_DIED, *_LIVED)}
    if untold or not status_of:
        raise GateError(f"nothing was tested, or mutmut could not tell what came of it: {untold}")
    _print_counts(status_of)
    accepted = _accepted()
    unknown = 0
    for name in (name for name, said in status_of.items() if said in _LIVED):
        diff = _ask(directory, mutmut, "show", name)
        change = _change(name, diff)
        reason = accepted.pop(change, None)
        unknown += reason is None
        print(f"\n{change.function}: {reason or 'NOT ACCEPTED'}\n{diff.strip()}")
    for change in accepted:
        print(f"\n{ACCEPTED.name} lists what did not survive: {change}")
    print(f"\n{unknown} mutants survive that are not accepted")
    return 1 if unknown else 0


def _ask(directory: Path, *command: str | Path) -> str:
    return subprocess.run(
        command, cwd=directory, stdout=subprocess.PIPE, text=True, timeout=60, check=True
    ).stdout


def _print_counts(status_of: dict[str, str]) -> None:
    counts: dict[str, Counter[str]] = {}
    for name, said in status_of.items():
        counts.setdefault(_parsed(name)["module"], Counter())[said] += 1
    for module, count in sorted(counts.items()):
        file = module.replace(".", "/").removeprefix(_PACKAGE) + ".py"
        died, lived = (sum(count[said] for said in group) for group in (_DIED, _LIVED))
        print(f"{file}: {died} killed ({count['timeout']} of them ran too long), {lived} survived")


def _accepted() -> dict[Change, str]:
    """Return the changes that make no difference, each with the reason."""
    groups = tomllib.loads(ACCEPTED.read_text())["equivalent"]
    return {Change(*words): group["reason"] for group in groups for words in group["mutants"]}


def _change(name: str, diff: str) -> Change:
    parts = _parsed(name)
    where = (parts["module"].rpartition(".")[2], parts["of"], parts["function"])
    # A comment with the name and two lines with the path come first.
    lines = diff.splitlines()[3:]
    was, becomes = (
        "\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return Change(".".join(filter(None, where)), was, becomes)


def _parsed(name: str) -> re.Match[str]:
    found = _NAME.fullmatch(name)
    if found is None:
        raise GateError(f"mutmut gave a mutant a name of a form that is new: {name}")
    return found


if __name__ == "__main__":
    sys.exit(main())
