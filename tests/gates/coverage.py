# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branch coverage of plugins/, by the tests of the plugins and of the modules as processes.

Whole playbooks are left out: they take long, and what they run of plugins/ runs in a zip file on
targets, or in workers that Ansible ends without letting coverage write anything down.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from gates.commands import BIN, GateError, run

_TESTS = ("tests/unit", "--ignore=tests/unit/simulator", "tests/integration/modules")
_TOTAL = re.compile(r"^(?:TOTAL|plugins/).*$", re.M)


def main() -> int:
    """Measure and print; return 1 below the limit that pyproject.toml sets."""
    coverage = [BIN / "coverage"]
    try:
        with tempfile.TemporaryDirectory() as directory:
            # Away from the checkout: every process that a test starts leaves a file.
            place = {
                "COVERAGE_FILE": str(Path(directory) / "data"),
                # More examples of a property take longer and reach nothing more.
                "NSO_HA_EXAMPLES": "20",
            }
            tests = ["run", "-m", "pytest", "-q", "-n", "4", "-p", "no:cacheprovider", *_TESTS]
            # Some machines take several times as long as others.
            run("tests under coverage", [*coverage, *tests], environment=place, seconds=2400)
            run("coverage combine", [*coverage, "combine"], environment=place)
            report = run("coverage report", [*coverage, "report"], environment=place)
            print("\n".join(_TOTAL.findall(report)))
    except GateError as problem:
        print(problem)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
