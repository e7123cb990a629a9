# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`ansible-test sanity`, without any ignore entry, on every ansible-core that is supported.

python -m gates.sanity            # on all of them
python -m gates.sanity 2.19       # on that one
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from helpers import pythons

from gates.commands import BIN, GateError, run
from gates.environments import CORES, Core, for_core
from gates.tree import ROOT, lay_out

#: Where ansible-test keeps its own environments, so that nothing outside of the checkout changes.
_HOME = ROOT / ".venv" / "other" / "ansible-test-home"

_BOOTSTRAP = "import ensurepip\nensurepip.bootstrap(default_pip=True)\n"
_MISSING = re.compile(r"^The bootstrap script can be manually .* saved to: (\S+)$", re.M)

#: What ansible-test says of tests that it left out.
_LEFT_OUT = re.compile(r"^WARNING: (Skipping sanity test .*|Required program .*)$", re.M)
#: What it says of a failure, among much else.
_WRONG = re.compile(r"^(?:ERROR|FATAL): .*$", re.M)


def main() -> int:
    """Run the sanity tests on the releases that were named; return 1 if one fails on any."""
    named = sys.argv[1:]
    cores = [core for core in CORES if not named or core.name in named]
    unknown = set(named) - {core.name for core in cores}
    if unknown:
        print(f"not supported: ansible-core {', '.join(sorted(unknown))}")
        return 1
    # Each of them keeps one core busy, and no more.
    with ThreadPoolExecutor(max_workers=len(cores)) as pool:
        problems = [problem for problem in pool.map(_problem, cores) if problem]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _problem(core: Core) -> str:
    """Run the sanity tests on a release; return what is wrong, or nothing."""
    try:
        tools = for_core(core)
        if tools:
            _sanity(core, tools)
    except GateError as problem:
        return str(problem)
    return ""


def _sanity(core: Core, tools: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        copy = lay_out(Path(directory))
        ignored = [path.name for path in copy.glob("tests/sanity/ignore-*")]
        if ignored:
            raise GateError(f"ignore entries are not wanted: {', '.join(ignored)}")
        # ansible-test asks git which files there are.
        run(f"a checkout for {core.name}", ["git", "init", "--quiet", "."], cwd=copy)
        try:
            output = _ansible_test(core, tools, copy)
        except GateError as problem:
            if not _bring_pip(problem.output):
                found = "\n".join(_WRONG.findall(problem.output))
                raise GateError(problem.reason, found or problem.output) from None
            output = _ansible_test(core, tools, copy)
    for left_out in dict.fromkeys(_LEFT_OUT.findall(output)):
        print(f"NOT RUN ansible-core {core.name}: {left_out}")


def _ansible_test(core: Core, tools: Path, copy: Path) -> str:
    return run(
        f"ansible-test sanity, ansible-core {core.name}",
        [tools / "ansible-test", "sanity", "--color", "no"],
        cwd=copy,
        environment=_environment(core, tools),
        # Some machines take several times as long as others.
        seconds=2400,
    )


def _bring_pip(output: str) -> bool:
    """Put the script that ansible-test could not fetch where it looks for it.

    It brings pip into its environments. Where there is no network, one that takes the pip that
    Python comes with does the same. Return whether it was that, and was missing.
    """
    wanted = _MISSING.search(output)
    if wanted is None or Path(wanted.group(1)).exists():
        return False
    Path(wanted.group(1)).parent.mkdir(parents=True, exist_ok=True)
    Path(wanted.group(1)).write_text(_BOOTSTRAP)
    return True


def _environment(core: Core, tools: Path) -> dict[str, str]:
    """Return an environment in which ansible-test finds its own tools first, then all Pythons."""
    found = [python.parent for python in map(pythons.find, pythons.VERSIONS) if python]
    path = [str(directory) for directory in (tools, BIN, *found)]
    return {"HOME": str(_HOME / core.name), "PATH": os.pathsep.join([*path, os.environ["PATH"]])}


if __name__ == "__main__":
    sys.exit(main())
