# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's documentation says is what its code does: options, environment, action group."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import socket
from typing import Any

import pytest
import yaml
from ansible_collections.nso.ha.plugins.module_utils._node import endpoint, failures, options
from ansible_collections.nso.ha.plugins.module_utils.ncs import error, ipc
from helpers import documentation
from helpers.documentation import ACTIONS, MODULES
from helpers.modules import ROOT

#: What an option is made of, with what holds where it is not said.
DEFAULTS: dict[str, Any] = {
    "type": "str",
    "required": False,
    "default": None,
    "choices": None,
    "elements": None,
    "aliases": [],
}
#: What is said of an option on one side only.
CODE_ONLY = {"no_log", "options"}
TEXT_ONLY = {"description", "suboptions", "version_added", "version_added_collection"}


def flat(spec: dict[str, Any], inner: str, other: set[str], where: str = "") -> dict[str, Any]:
    """Return all options and suboptions by path, each with every property there is."""
    found: dict[str, Any] = {}
    for name, option in spec.items():
        unknown = set(option) - set(DEFAULTS) - other
        assert not unknown, f"{where}{name} has {unknown}, which this test does not know"
        found[where + name] = {key: option.get(key, usual) for key, usual in DEFAULTS.items()}
        found.update(flat(option.get(inner) or {}, inner, other, f"{where}{name}."))
    return found


def argument_spec(module: str) -> dict[str, Any]:
    spec: dict[str, Any] = plugin(module).argument_spec()
    return spec


def plugin(module: str) -> Any:
    """Return the code that has the options of a module: its own, or that of its action plugin."""
    kind = "action" if module in ACTIONS else "modules"
    return importlib.import_module(f"ansible_collections.nso.ha.plugins.{kind}.{module}")


#: The modules that connect to NSO. The others deal with files, or with the play itself.
CONNECTING = tuple(module for module in MODULES if "token" in argument_spec(module))


def test_there_are_modules() -> None:
    assert len(CONNECTING) >= 4
    others = {"cluster_run", "ncs_ha_is_primary", "ncs_ha_operation"}
    assert set(MODULES) - set(CONNECTING) == others


def test_every_action_plugin_is_documented_as_a_module() -> None:
    assert ACTIONS
    assert set(ACTIONS) <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_the_options_of_a_module_are_documented_as_they_are(module: str) -> None:
    documented = flat(documentation.module(module)["doc"]["options"], "suboptions", TEXT_ONLY)
    assert documented == flat(argument_spec(module), "options", CODE_ONLY)


def test_a_daemon_is_by_default_what_the_tests_of_finding_it_take_for_one() -> None:
    """tests/unit/plugins/module_utils/_node/test_daemon.py, which runs without Ansible."""
    assert argument_spec("ncs_ha_status")["process"]["default"] == r"^ncs\.smp( |$)"


@pytest.mark.parametrize("module", MODULES)
def test_a_secret_is_hidden_and_nothing_else(module: str) -> None:
    hidden = {name for name, option in argument_spec(module).items() if option.get("no_log")}
    assert hidden == ({"token"} if module in CONNECTING else set())


@pytest.mark.parametrize("module", CONNECTING)
def test_whether_a_token_is_needed_depends_on_what_is_done(module: str) -> None:
    assert "required" not in argument_spec(module)["token"]
    assert ("look" in argument_spec(module)) is (
        module not in ("ncs_ha_read_only", "ncs_ha_start_phase")
    )


@pytest.mark.parametrize("module", CONNECTING)
def test_the_sample_of_an_error_is_one_that_can_be_returned(module: str) -> None:
    sample = documentation.module(module)["return"]["error"]["sample"]
    returned = failures.as_result(error.Error(sample["code"], sample["details"]))
    assert sample == returned


# Environment


class Recording(dict[str, str]):
    """An environment in which nothing is set, and which knows what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The variables of NSO that the modules and the client read."""
    environment = Recording()
    monkeypatch.setattr(os, "environ", environment)
    options.ha_target(
        {"token": "x", "path": None, "ip": None, "port": None, "access_file": None, "timeout": 1}
    )
    with socket.socket() as unused, contextlib.suppress(error.Failure):
        unused.settimeout(0.01)
        ipc.connect_as_vendor(unused, ipc.Client.HA, "127.0.0.1", 1, None)
    return {name for name in environment.asked if name.startswith("NCS_")}


@pytest.mark.parametrize("module", CONNECTING)
def test_the_documentation_of_a_module_names_the_variables_that_are_read(
    module: str, read: set[str]
) -> None:
    assert read
    named = re.findall(r"E\((\w+)\)", documentation.texts(documentation.module(module)["doc"]))
    assert set(named) == read


@pytest.mark.parametrize("module", CONNECTING)
def test_each_variable_is_named_at_the_option_that_it_stands_in_for(module: str) -> None:
    named = {
        name: re.findall(r"E\((\w+)\)", documentation.texts(option))
        for name, option in documentation.module(module)["doc"]["options"].items()
    }
    assert {name: found for name, found in named.items() if found} == {
        "path": [endpoint.ENV_PATH],
        "ip": [endpoint.ENV_IP],
        "port": [endpoint.ENV_PORT],
        "access_file": [endpoint.ENV_ACCESS_FILE],
    }


def test_the_documents_name_the_variables_that_are_read(read: set[str]) -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {
        name for path in documents for name in re.findall(r"\bNCS_[A-Z_]+\b", path.read_text())
    }
    assert named == read


def test_hints_and_messages_name_no_variable_that_is_not_read(read: set[str]) -> None:
    sources = (ROOT / "plugins").rglob("*.py")
    named = {name for path in sources for name in re.findall(r"\bNCS_[A-Z_]+\b", path.read_text())}
    assert named == read


# Action group


def test_the_action_group_has_exactly_the_modules_that_connect() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert runtime["action_groups"] == {"ncs": list(CONNECTING)}


@pytest.mark.parametrize("module", CONNECTING)
def test_every_module_that_connects_says_that_it_is_in_the_action_group(module: str) -> None:
    attributes = documentation.module(module)["doc"]["attributes"]
    assert attributes["action_group"]["membership"] == ["nso.ha.ncs"]
    assert attributes["action_group"]["support"] == "full"


@pytest.mark.parametrize("module", sorted(set(MODULES) - set(CONNECTING)))
def test_a_module_that_does_not_connect_names_no_variable_and_no_group(module: str) -> None:
    doc = documentation.module(module)["doc"]
    assert not re.findall(r"E\((\w+)\)", documentation.texts(doc))
    assert "action_group" not in doc["attributes"]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_supports_check_mode_as_it_says(module: str) -> None:
    attributes = documentation.module(module)["doc"]["attributes"]
    if module in ACTIONS:
        supported = plugin(module).ActionModule._supports_check_mode
    else:
        source = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
        supported = "supports_check_mode=True" in source
    assert (attributes["check_mode"]["support"] == "full") == supported


# The protocol


def test_what_the_code_cites_of_the_protocol_is_a_heading_of_that_page() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "docs" / "protocol.md").read_text(), re.MULTILINE)
    cited: set[str] = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        # A citation may go on in the next line, of a comment too.
        text = re.sub(r"\n\s*#?\s*", " ", path.read_text())
        for names in re.findall(r'docs/protocol\.md,((?:(?: and|,)? "[^"]+")+)', text):
            cited.update(re.findall(r'"([^"]+)"', names))
    assert len(cited) > 5
    assert cited <= set(headings)
