# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of modules, lookups and roles: schema, markup and references."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from gates.commands import BIN, GateError, run
from gates.tree import lay_out

_OPTIONS = (
    "--plugin-docs",
    # No option, module or return value may be named that is not there, be it of this collection, of
    # ansible.builtin or of any other; and no other collection is at hand, so none may be named.
    "--validate-collection-refs=all",
    "--disallow-unknown-collection-refs",
    # There are no extra pages in docs/docsite today. The first one is checked like the rest.
    "--check-extra-docs-refs",
    "--no-skip-rstcheck",
    # Left out:
    # --disallow-semantic-markup forbids O(), V() and RV(), which this collection uses on purpose:
    #   they are what makes the check of the references possible.
    # --output-format: the default, ansible-docsite, is what the site is built from. The other one,
    #   simplified-rst, is experimental, and nothing here is made of it.
    # --message-format: the default is the one for people.
)


def main() -> int:
    """Check a copy of the collection; return 1 if something is wrong."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            check(lay_out(Path(directory)))
        except GateError as problem:
            print(problem)
            return 1
    return 0


def check(copy: Path) -> None:
    """Check the collection at a path that ends in ansible_collections/nso/ha."""
    home = str(copy.parents[2])
    run(
        "antsibull-docs lint-collection-docs",
        [BIN / "antsibull-docs", "lint-collection-docs", *_OPTIONS, "."],
        cwd=copy,
        # Only this collection is found, whatever else the machine has.
        environment={"ANSIBLE_COLLECTIONS_PATH": home, "ANSIBLE_HOME": home},
    )


if __name__ == "__main__":
    sys.exit(main())
