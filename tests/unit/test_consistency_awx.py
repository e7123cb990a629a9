# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role awx_setup, its playbook, the example of a project and docs/awx.md fit together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.nso.ha.plugins.lookup.collection_version import version
from helpers.awx_objects import PROJECT, ROLE, TEMPLATES, load, variables
from helpers.modules import ROOT

PAGE = (ROOT / "docs" / "awx.md").read_text()
DEFAULTS: dict[str, Any] = load(ROLE / "defaults" / "main.yml")
OPTIONS: dict[str, Any] = load(ROLE / "meta" / "argument_specs.yml")["argument_specs"]["main"][
    "options"
]
VARIABLE = re.compile(r"(?<![A-Za-z0-9_])nso_ha_awx_\w+")


def test_defaults_are_those_of_the_specs() -> None:
    specified = {name: one["default"] for name, one in OPTIONS.items() if "default" in one}
    needed = {name for name, one in OPTIONS.items() if one.get("required")}
    # What has to be given is empty until then, and Ansible refuses to begin.
    assert {name: value for name, value in DEFAULTS.items() if name not in needed} == specified
    assert not needed & set(DEFAULTS)


def test_every_variable_that_is_used_is_specified_and_the_reverse() -> None:
    used: set[str] = set()
    for path in [*(ROLE / "tasks").glob("*.yml"), *(ROLE / "vars" / "main").glob("*.yml")]:
        used.update(VARIABLE.findall(path.read_text()))
    assert used == set(OPTIONS)
    assert not [name for name in variables() if not name.startswith("__nso_ha_awx_")]


def test_the_page_has_every_variable_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(nso_ha_awx_\w+)` \| (.*?) ?\| \S", PAGE, re.MULTILINE))
    shown = {}
    for name, option in OPTIONS.items():
        default = option.get("default", "")
        text = f"`{json.dumps(default).strip(chr(34))}`" if default != "" else ""
        shown[name] = "required" if option.get("required") else text
    assert rows == shown


def test_the_playbook_runs_the_role_where_ansible_runs() -> None:
    (play,) = yaml.safe_load((ROOT / "playbooks" / "awx_setup.yml").read_text())
    assert (play["hosts"], play["connection"]) == ("localhost", "local")
    assert [task["ansible.builtin.import_role"] for task in play["tasks"]] == [
        {"name": "nso.ha.awx_setup"}
    ]


def test_everybody_names_the_same_release_of_awx_awx() -> None:
    needed = variables()["__nso_ha_awx_needed"]
    specs = (ROLE / "meta" / "argument_specs.yml").read_text()
    for text in (PAGE, (ROLE / "README.md").read_text(), specs):
        plain = re.sub(r"C\((.*?)\)", r"\1", text).replace("`", "")
        assert set(re.findall(r"awx\.awx,? (\d[\d.]*\d)", plain)) == {needed}


def test_the_page_has_every_template_with_what_it_asks() -> None:
    rows = re.findall(r"^\| `NSO HA (\w+)` \|", PAGE, re.MULTILINE)
    assert rows == list(TEMPLATES)


def test_the_page_has_every_key_of_the_report() -> None:
    # Which these are is tested in test_report_page.py.
    report = (ROOT / "docs" / "report.md").read_text()
    keys = re.findall(r"^\| `(\w+)` \| [^|]+ \| (always|operations) \|", report, re.MULTILINE)
    assert keys
    rows = re.findall(r"^\| `(\w+)` \| (always|operations) \|", PAGE, re.MULTILINE)
    assert dict(rows) == dict(keys)


def test_the_project_asks_for_a_release_that_there_is() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    wanted = yaml.safe_load((PROJECT / "collections" / "requirements.yml").read_text())
    name = f"{galaxy['namespace']}.{galaxy['name']}"
    assert wanted == {"collections": [{"name": name, "version": f">={galaxy['version']}"}]}
    definition = (ROOT / "docs" / "awx" / "execution-environment.yml").read_text()
    artefact = f"{galaxy['namespace']}-{galaxy['name']}-{galaxy['version']}.tar.gz"
    assert set(re.findall(r"[\w.-]+\.tar\.gz", definition)) == {artefact}


def test_there_is_no_secret_in_the_project() -> None:
    assert all("nso_ha_token" not in path.read_text() for path in PROJECT.rglob("*.yml"))


# The lookup


def test_the_version_of_a_collection_is_that_of_its_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "ansible_collections" / "some" / "thing"
    place.mkdir(parents=True)

    class Package:
        __path__ = (str(place),)

    known = {"ansible_collections.some.thing": Package}

    def imported(name: str) -> type[Package]:
        if name not in known:
            raise ModuleNotFoundError(name)
        return known[name]

    monkeypatch.setattr(
        "ansible_collections.nso.ha.plugins.lookup.collection_version.importlib.import_module",
        imported,
    )
    assert version("no.such") == ""
    assert version("some.thing") == ""
    (place / "MANIFEST.json").write_text("{")
    assert version("some.thing") == ""
    (place / "MANIFEST.json").write_text('{"collection_info": {"version": "1.2.3"}}')
    assert version("some.thing") == "1.2.3"
