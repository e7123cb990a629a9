# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site: the pages of docs/, and one for each module, lookup and role."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from gates import plugin_docs
from gates.commands import BIN, GateError, run
from gates.links import faults
from gates.tree import ROOT, lay_out

_COLLECTION = "nso.ha"
_SITE = Path(__file__).parent / "site"
_RESULT = ROOT / ".docs" / "html"


def main() -> int:
    """Build the site and put it where it belongs; return 1 if something is wrong with it."""
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        try:
            copy = lay_out(work)
            plugin_docs.check(copy)
            html = _build(work, copy)
            _check(html)
        except GateError as problem:
            print(problem)
            return 1
        shutil.rmtree(_RESULT, ignore_errors=True)
        shutil.copytree(html, _RESULT)
    print(f"The start page is {_RESULT / 'index.html'}")
    return 0


def _build(work: Path, copy: Path) -> Path:
    """Turn the copy of the project into the source of the site; return the directory of pages."""
    # The address of the repository leads nowhere yet, as galaxy.yml says. Do not link to it.
    galaxy = copy / "galaxy.yml"
    galaxy.write_text(re.sub(r"(?m)^repository:.*\n", "", galaxy.read_text()))
    configuration = _configuration(work)
    _reference(work, copy, configuration)
    shutil.copy(_SITE / "index.md", copy)
    shutil.copy(_SITE / "ansible.md", copy / "reference")
    html = work / "html"
    run(
        "sphinx-build",
        [
            *(BIN / "sphinx-build", "--builder=html", "--quiet"),
            *("--nitpicky", "--fail-on-warning", "--keep-going"),
            *(f"--conf-dir={configuration}", f"--doctree-dir={work / 'doctrees'}", copy, html),
        ],
    )
    return html


def _configuration(work: Path) -> Path:
    """Write the settings of the site: those of antsibull-docs, then what differs here."""
    target = work / "configuration"
    target.mkdir(mode=0o700)
    run(
        "antsibull-docs sphinx-init",
        [
            *(BIN / "antsibull-docs", "sphinx-init", f"--dest-dir={target}"),
            *("--use-current", "--fail-on-error", "--squash-hierarchy"),
            *(f"--project={_COLLECTION}", "--copyright=2026 The nso.ha authors"),
            # Not the theme of Ansible's own site: its banner links to "/", which is no page on a
            # disk, and to other sites.
            "--sphinx-theme=sphinx_rtd_theme",
            _COLLECTION,
        ],
    )
    (target / "site").mkdir()
    shutil.copy(_SITE / "site.css", target / "site")
    shutil.copytree(_SITE / "templates", target / "templates")
    with (target / "conf.py").open("a", encoding="utf-8") as file:
        file.write("\n" + (_SITE / "conf.py").read_text(encoding="utf-8"))
    return target


def _reference(work: Path, copy: Path, configuration: Path) -> None:
    """Write the pages about modules, lookups and roles into the copy."""
    target = copy / "reference"
    target.mkdir(mode=0o700)
    settings = (configuration / "antsibull-docs.cfg", _SITE / "antsibull-docs.cfg")
    run(
        "antsibull-docs collection",
        [
            BIN / "antsibull-docs",
            *(f"--config-file={file}" for file in settings),
            *("collection", f"--dest-dir={target}"),
            *("--use-current", "--fail-on-error", "--squash-hierarchy"),
            _COLLECTION,
        ],
        environment={"ANSIBLE_COLLECTIONS_PATH": str(work), "ANSIBLE_HOME": str(work)},
    )


def _check(html: Path) -> None:
    found = faults(html)
    if found:
        raise GateError("\n".join([*found, "The pages cannot be read from disk as they are."]))
    print("passed  links within the site")


if __name__ == "__main__":
    sys.exit(main())
