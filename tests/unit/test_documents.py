# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents say has to be true: examples parse, commands and links exist."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.nso.ha.plugins.module_utils._apply import outcomes
from ansible_collections.nso.ha.plugins.plugin_utils._checks import judge, moving, orphans
from ansible_collections.nso.ha.plugins.plugin_utils._model import data_rules
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import run_outcome, settings
from helpers import documentation
from helpers.modules import ROOT

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
BIN = Path(sys.executable).parent
#: The outcomes of the report, which stand in tables of their own.
OUTCOMES = {
    *run_outcome.GOOD,
    run_outcome.REFUSED,
    run_outcome.ROLLED_BACK,
    run_outcome.INCOMPLETE,
    run_outcome.TWO_PRIMARIES,
    outcomes.UNKNOWN,
}


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in a language."""
    text = (ROOT / "README.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def ansible(program: str, *arguments: str, directory: Path) -> str:
    """Run a program of ansible-core on files of the README; return what it prints."""
    finished = subprocess.run(
        [str(BIN / program), *arguments],
        cwd=directory,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "NSO_HA_TOKEN": "not used"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture
def readme_files(tmp_path: Path) -> Path:
    """A directory with the files that the README shows, named as their first line says."""
    for block in blocks("yaml"):
        name = block.splitlines()[0].lstrip("# ")
        (tmp_path / name).write_text(block)
    return tmp_path


def test_the_inventory_of_the_readme_is_one_that_ansible_reads(readme_files: Path) -> None:
    listed = ansible("ansible-inventory", "-i", "inventory.yml", "--list", directory=readme_files)
    hosts = yaml.safe_load(listed)["_meta"]["hostvars"]
    assert {name: host.get("nso_ha_priority") for name, host in hosts.items()} == {
        "nso-1": 200,
        "nso-2": None,
        "nso-3": None,
    }
    assert not any("nso_ha_role" in host for host in hosts.values())


def test_the_playbook_of_the_readme_has_no_mistake_that_ansible_sees(readme_files: Path) -> None:
    check = ["--syntax-check", "-i", "inventory.yml", "site.yml"]
    ansible("ansible-playbook", *check, directory=readme_files)


@pytest.mark.parametrize("module", documentation.MODULES)
def test_every_module_can_be_looked_up_and_is_in_the_readme_if_users_need_it(module: str) -> None:
    name = f"nso.ha.{module}"
    # What is an action plugin is made for the role.
    assert (name in (ROOT / "README.md").read_text()) == (module not in documentation.ACTIONS)
    assert module in ansible("ansible-doc", name, directory=ROOT).replace("\n", "")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_link_of_a_document_leads_nowhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text())
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not (document.parent / link).exists()]


def test_every_target_that_the_documents_name_is_one_of_make() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^  make (\S+)", listed, re.MULTILINE))
    used = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)\b", document.read_text())
        if f"`make {target}" in document.read_text() or f"$ make {target}" in document.read_text()
    }
    assert used
    assert used <= targets


def test_the_documentation_of_the_protocol_has_the_error_codes_of_the_client() -> None:
    from ansible_collections.nso.ha.plugins.module_utils.ncs import error

    text = (ROOT / "docs" / "protocol.md").read_text().partition("\n## Error codes\n")[2]
    listed = {int(code): name for code, name in re.findall(r"^\| (\d+) \| (\w+) \|$", text, re.M)}
    assert listed == {code: known.name for code, known in error.CODES.items()}


def section(title: str) -> str:
    """Return what docs/protocol.md says under a heading, in one line."""
    text = (ROOT / "docs" / "protocol.md").read_text()
    found = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return " ".join(found.split())


def test_the_documentation_of_the_protocol_has_the_defaults_of_client_and_simulator() -> None:
    from ansible_collections.nso.ha.plugins.module_utils._node import endpoint, operational_state
    from ansible_collections.nso.ha.plugins.module_utils.ncs import events, ipc
    from ncs_sim import config

    assert f"TCP port {ipc.DEFAULT_PORT} of 127.0.0.1" in section("Where a client connects")
    assert f"`{endpoint.DEFAULT_PATH}`" in section("Where a client connects")
    link, versions = section("The link between nodes"), section("Handshake")
    defaults = {one.name: one.default for one in dataclasses.fields(config.NodeConfig)}
    ha_port, tick = defaults["ha_port"], defaults["tick_timeout"]
    role = documentation.module("ncs_ha_role")["doc"]["options"]
    assert ha_port == role["ha_port"]["default"]
    assert f"`port` ({ha_port})" in link
    assert f"{tick:g} seconds by default (`PT{tick:g}S`)" in link
    for release, version in config.RELEASES.items():
        library = f"0x{config.LIBRARY_VERSIONS[version]:08x}"
        assert re.search(rf"{version} \(NSO {release}, (library )?{library}\)", versions)
    ours = f"{ipc.PROTOCOL_VERSION} (NSO 5.7, library 0x{ipc.LIBRARY_VERSION:08x})"
    assert ours in versions
    assert f"below {events.MIN_HEARTBEAT} ms" in section("Notification socket")
    assert f"has {operational_state.MAX_SECONDARIES} nodes at most" in section("HA socket")


def test_every_statement_in_a_list_on_the_protocol_has_a_grade() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text()
    grades = re.findall(r"^\| (\w+) \|", text.partition("\n## ")[0], re.MULTILINE)[1:]
    assert grades == ["seen", "source", "documented", "assumed"]
    statements = re.findall(r"^- (.*(?:\n  .*)*)", text, re.MULTILINE)
    assert len(statements) > 20
    for statement in statements:
        assert re.search(rf"\b({'|'.join(grades)})\b", statement), statement


def test_the_table_of_variables_is_that_of_the_role() -> None:
    text = (ROOT / "docs" / "variables.md").read_text()
    rows = re.findall(r"^\| `(nso_ha_\w+)` \| (\w+) \| (.*?) ?\| \S", text, re.MULTILINE)
    wanted = {}
    for name, option in documentation.role_options().items():
        default = option.get("default", "")
        shown = f"`{json.dumps(default).strip(chr(34))}`" if default != "" else ""
        about = str(option["description"]).lstrip("[' ")
        if about.startswith("Host variable"):
            where = "host"
        elif name in (*settings.OF_THE_GROUP, "nso_ha_group"):
            where = "run"
        else:
            where = "group"
        wanted[name] = (where, "required" if option.get("required") else shown)
    assert len(rows) == len(wanted)
    assert {name: (where, default) for name, where, default in rows} == wanted


@pytest.mark.parametrize("operation", operations.OPERATIONS)
def test_the_page_of_an_operation_has_every_check_of_it(operation: str) -> None:
    text = (ROOT / "docs" / f"{operation}.md").read_text()
    common = (ROOT / "docs" / "operations.md").read_text()
    table = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert set(judge.CHECKS_OF[operation]) <= table
    # What a page says of checks has to be about that operation, or about all of them.
    shared = set(re.findall(r"^\| `(\w+)` \|", common, re.MULTILINE)) - OUTCOMES
    others = {"possible", "candidate", "fence", judge.OVERWRITE, moving.DATA_LOSS, orphans.ORPHANS}
    assert table - OUTCOMES <= {*judge.CHECKS_OF[operation], *shared, *others}


def test_the_outcomes_are_all_in_a_table() -> None:
    text = (ROOT / "docs" / "operations.md").read_text().partition("\n## Outcomes")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == OUTCOMES


def test_the_table_of_relations_of_data_is_that_of_the_rules() -> None:
    text = (ROOT / "docs" / "data.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| .* \| (not needed|needed) \|$", text, re.MULTILINE)
    names = {value for name, value in vars(data_rules).items() if name.isupper() and name != "SAFE"}
    assert dict(rows) == {
        name: "not needed" if name in data_rules.SAFE else "needed" for name in names
    }
