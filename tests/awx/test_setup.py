# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nso.ha.awx_setup, by the modules of awx.awx as they are released, against a stand-in for AWX."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.awx_api import AwxApi, changed_names
from helpers.awx_objects import INJECTORS, INPUTS, PROJECT, TEMPLATES, WORKFLOW, survey
from helpers.awx_objects import workflow_survey as asked_by_the_workflow
from helpers.modules import COLLECTIONS

#: Where awx.awx is; `make awx` says it.
AWX_COLLECTIONS = os.environ["NSO_HA_AWX_COLLECTIONS"]
TOKEN = "the-token-of-the-cluster"
SCM_URL = "https://git.example.org/nso-project.git"
#: An environment that says nothing about the token.
NO_TOKEN = {"NSO_HA_TOKEN_FILE": "", "NSO_HA_TOKEN": ""}
#: Seconds for a test that runs the playbook several times, each with two dozen modules.
LONGEST = 900

pytestmark = pytest.mark.timeout(LONGEST)


@dataclass(frozen=True)
class Run:
    """A run of the playbook: exit status, and all that it printed."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        """How many tasks say that they changed something."""
        found = re.search(r"^localhost +: .*\bchanged=(\d+)", self.output, re.MULTILINE)
        assert found, self.output
        return int(found[1])


class Setup:
    """The playbook, with an AWX to set up and a directory to be started in."""

    def __init__(self, api: AwxApi, home: Path) -> None:
        self.api = api
        self._home = home
        # A file as the injector of AWX would name one. No secret is on a command line.
        self.token_file = home / "token"
        self.token_file.write_text(TOKEN + "\n")
        self.token_file.chmod(0o600)

    def run(
        self,
        *arguments: str,
        collections: str = AWX_COLLECTIONS,
        environment: dict[str, str] | None = None,
        **variables: Any,
    ) -> Run:
        given = {"nso_ha_awx_scm_url": SCM_URL, **variables}
        program = Path(sys.executable).parent / "ansible-playbook"
        finished = subprocess.run(
            [program, "nso.ha.awx_setup", "-vvv", *arguments, "-e", json.dumps(given)],
            cwd=self._home,
            env={
                **os.environ,
                "HOME": str(self._home),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOCALHOST_WARNING": "0",
                "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}{os.pathsep}{collections}",
                "CONTROLLER_HOST": self.api.url,
                "CONTROLLER_OAUTH_TOKEN": self.api.token,
                "NSO_HA_TOKEN_FILE": str(self.token_file),
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        assert TOKEN not in finished.stdout, "the token was printed"
        assert self.api.token not in finished.stdout, "the token of AWX was printed"
        assert "Traceback" not in finished.stdout, finished.stdout
        return Run(finished.returncode, finished.stdout)


def empty(directory: Path) -> Iterator[Setup]:
    playbooks = {path.name for path in PROJECT.glob("*.yml")}
    with AwxApi(playbooks, credentials=["ssh"]) as api:
        yield Setup(api, directory)


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    """An AWX with nothing in it."""
    yield from empty(tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    """An AWX that was set up. Who changes something puts it right again."""
    for setup in empty(tmp_path_factory.mktemp("awx")):
        run = setup.run(nso_ha_awx_credentials=["ssh"])
        assert run.status == 0, run.output
        assert run.changed > 0
        yield setup


def again(
    setup: Setup, *arguments: str, environment: dict[str, str] | None = None, **variables: Any
) -> Run:
    """Run it once more, and forget what was changed before."""
    setup.api.changes.clear()
    given = {"nso_ha_awx_credentials": ["ssh"], **variables}
    run = setup.run(*arguments, environment=environment, **given)
    assert run.status == 0, run.output
    return run


def test_everything_is_there_after_one_run(done: Setup) -> None:
    api = done.api
    kind = api.named("credential_types", "NSO HA token")
    assert (kind["inputs"], kind["injectors"], kind["kind"]) == (INPUTS, INJECTORS, "net")
    credential = api.named("credentials", "NSO HA token")
    assert credential["credential_type"] == kind["id"]
    assert credential["inputs"] == {"token": TOKEN}
    project = api.named("projects", "NSO HA project")
    assert (project["scm_type"], project["scm_url"]) == ("git", SCM_URL)
    inventory = api.named("inventories", "NSO HA inventory")
    (source,) = api.all("inventory_sources")
    assert source["inventory"] == inventory["id"]
    assert (source["source_project"], source["source_path"]) == (project["id"], "inventory.yml")
    assert [one["name"] for one in api.all("inventory_updates")] == [source["name"]]
    assert not api.all("execution_environments")


@pytest.mark.parametrize("playbook", TEMPLATES)
def test_a_template_runs_its_playbook_with_the_credentials_and_asks_its_survey(
    done: Setup, playbook: str
) -> None:
    api = done.api
    template = api.named("job_templates", f"NSO HA {playbook}")
    assert template["playbook"] == f"{playbook}.yml"
    assert template["project"] == api.named("projects", "NSO HA project")["id"]
    assert template["inventory"] == api.named("inventories", "NSO HA inventory")["id"]
    wanted = [api.named("credentials", name)["id"] for name in ("NSO HA token", "ssh")]
    assert sorted(api.related(template, "credentials")) == sorted(wanted)
    assert json.loads(template["extra_vars"]) == {"nso_ha_group": "nso"}
    assert api.survey(template) == survey(playbook)
    assert template["survey_enabled"] == bool(survey(playbook))
    launch = {name: value for name, value in template.items() if name.startswith("ask_")}
    assert launch
    assert not any(launch.values())
    assert not template["allow_simultaneous"]


def test_the_workflow_runs_what_it_should_in_that_order(done: Setup) -> None:
    api = done.api
    workflow = api.named("workflow_job_templates", "NSO HA planned switchover")
    assert api.survey(workflow) == asked_by_the_workflow()
    nodes = {one["identifier"]: one for one in api.all("workflow_job_template_nodes")}
    assert set(nodes) == {one["identifier"] for one in WORKFLOW["nodes"]}
    for wanted in WORKFLOW["nodes"]:
        node = nodes[wanted["identifier"]]
        assert node["workflow_job_template"] == workflow["id"]
        assert node["extra_data"] == wanted.get("extra_data", {})
        if "approval" in wanted:
            made = api.named("workflow_approval_templates", wanted["approval"])
            assert made["timeout"] == 86400
        else:
            made = api.named("job_templates", f"NSO HA {wanted['template']}")
        assert node["unified_job_template"] == made["id"]
        for key, relation in (("on_success", "success_nodes"), ("always", "always_nodes")):
            ids = [nodes[child]["id"] for child in wanted.get(key, [])]
            assert api.related(node, relation) == ids


def test_it_says_what_differs_puts_it_right_and_leaves_alone_what_is_as_wanted(
    done: Setup,
) -> None:
    api = done.api
    credential = api.named("credentials", "NSO HA token")
    template = api.named("job_templates", "NSO HA failover")
    workflow = api.named("workflow_job_templates", "NSO HA planned switchover")
    another = {"token": "another"}
    api.edit(template, ask_limit_on_launch=True, limit="n1")
    api.edit(credential, inputs=another)
    api.survey(workflow)["spec"] = []

    # A token that is there counts as the right one.
    checked = again(done, "--check")
    assert checked.changed == 2
    assert api.changes == []
    assert template["limit"] == "n1"

    assert again(done, nso_ha_awx_replace_token=True).changed == 3
    kinds = {"credentials", "job_templates", "workflow_job_templates"}
    assert set(changed_names(api.changes)) == kinds
    assert (template["ask_limit_on_launch"], template["limit"]) == (False, "")
    assert api.survey(workflow) == asked_by_the_workflow()
    assert credential["inputs"]["token"] == TOKEN

    # Neither with a token at hand nor without one is another taken away that somebody put there.
    api.edit(credential, inputs=another)
    assert again(done).changed == 0
    assert again(done, environment=NO_TOKEN).changed == 0
    assert api.changes == []
    assert credential["inputs"] == another


def test_check_mode_of_an_awx_with_nothing_in_it_changes_nothing(setup: Setup) -> None:
    run = setup.run("--check")
    assert run.status == 0, run.output
    assert run.changed > 0
    assert setup.api.changes == []
    assert "what refers to them was left out of this check" in run.output


def test_without_a_token_the_credential_is_made_for_somebody_to_fill_in(setup: Setup) -> None:
    # Two clusters have names of their own, and an inventory may be left to somebody else.
    own = {
        "nso_ha_awx_name": "Lab",
        "nso_ha_awx_group": "lab",
        "nso_ha_awx_inventory_path": "",
        "nso_ha_awx_image": "registry.example.org/nso-ha-ee:1",
        "nso_ha_awx_access_file": "/etc/ncs/ipc_access",
    }
    run = setup.run(environment=NO_TOKEN, **own)
    assert run.status == 0, run.output
    api = setup.api
    credential = api.named("credentials", "Lab token")
    assert credential["inputs"] == {"access_file": "/etc/ncs/ipc_access"}
    assert not api.all("inventory_sources")
    (environment,) = api.all("execution_environments")
    template = api.named("job_templates", "Lab status")
    assert template["execution_environment"] == environment["id"]
    assert json.loads(template["extra_vars"]) == {"nso_ha_group": "lab"}


def test_awx_that_does_not_know_its_visitor_is_told_as_that(setup: Setup) -> None:
    run = setup.run(environment={"CONTROLLER_OAUTH_TOKEN": "wrong"})
    assert run.status == 2
    assert "Invalid authentication credentials" in run.output
    assert setup.api.changes == []


def test_without_the_collection_it_says_which_one_is_needed(setup: Setup, tmp_path: Path) -> None:
    run = setup.run(collections=str(tmp_path))
    assert run.status == 2
    assert "awx.awx 22.2.0 or later is needed here, and it is not installed" in run.output

    old = tmp_path / "ansible_collections" / "awx" / "awx"
    old.mkdir(parents=True)
    (old / "MANIFEST.json").write_text(json.dumps({"collection_info": {"version": "19.4.0"}}))
    run = setup.run(collections=str(tmp_path))
    assert run.status == 2
    assert "22.2.0 or later is needed here, and there is 19.4.0" in run.output
    assert setup.api.changes == []
