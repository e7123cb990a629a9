# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is built for users: what is in it, and that it works where nothing else is."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from gates.artefact import build, install
from gates.tree import files, lay_out
from helpers.clusters import assert_done
from helpers.playbooks import run_playbook
from ncs_sim.cluster import Cluster

#: What users need, of all that the project has: directories, and files by name.
NEEDED = ("LICENSES", "docs", "meta", "playbooks", "plugins", "roles")
NEEDED_FILES = (
    ".ansible-lint",
    "CHANGELOG.rst",
    "CONTRIBUTING.md",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs/changelog.yaml",
)
#: What work in a checkout leaves lying about.
LITTER = (
    ".ansible/tmp/file",
    ".coverage.host",
    ".demo/inventory.yml",
    ".docs/html/index.html",
    ".hypothesis/examples/file",
    ".lab/inventory.yml",
    ".mypy_cache/file",
    ".pytest_cache/file",
    ".ruff_cache/file",
    ".venv/bin/python",
    "changelogs/.plugin-cache.yaml",
    "nso-ha-0.0.9.tar.gz",
    "plugins/modules/__pycache__/ncs_ha_role.cpython-311.pyc",
    "tests/output/file",
)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, built from a checkout in which somebody has worked."""
    directory = tmp_path_factory.mktemp("artefact")
    tree = lay_out(directory)
    for name in LITTER:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("not for users")
    return build(tree, directory)


@pytest.mark.main
def test_the_artefact_has_what_users_need_and_nothing_else(artefact: Path) -> None:
    with tarfile.open(artefact) as archive:
        found = {member.name for member in archive if not member.isdir()}
    wanted = {str(path) for path in files() if path.parts[0] in NEEDED or str(path) in NEEDED_FILES}
    assert found == wanted | {"MANIFEST.json", "FILES.json"}
    assert wanted.issuperset(NEEDED_FILES)
    assert {Path(name).parts[0] for name in wanted} >= set(NEEDED)


def test_a_playbook_runs_by_its_name_where_only_the_artefact_is_installed(
    artefact: Path, duo: Cluster, tmp_path: Path
) -> None:
    home = tmp_path / "empty"
    home.mkdir()
    (home / "ansible.cfg").write_text("[defaults]\ncollections_path = collections\n")
    missing = run_playbook("nso.ha.converge", duo.inventory, home=home)
    assert missing.status != 0
    assert "nso.ha.converge could not be found" in missing.output

    install(artefact, home / "collections")
    assert_done(run_playbook("nso.ha.converge", duo.inventory, home=home))
