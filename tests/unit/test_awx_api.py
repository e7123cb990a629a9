# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for AWX refuses what AWX would, hides secrets, and writes changes down."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from helpers.awx_api import ENCRYPTED, AwxApi, Item, Refused
from helpers.awx_objects import INJECTORS, INPUTS

QUESTION = {"type": "text", "question_name": "q", "variable": "v", "required": False}


@pytest.fixture
def api() -> Iterator[AwxApi]:
    with AwxApi({"a.yml"}, credentials=["ssh", "ssh too"]) as api:
        yield api


def post(api: AwxApi, path: str, **body: Any) -> Any:
    return api.answer("POST", f"/api/v2/{path}/", body)[1]


def get(api: AwxApi, path: str) -> Any:
    return api.answer("GET", f"/api/v2/{path}", {})[1]


def template(api: AwxApi) -> Item:
    organization = api.named("organizations", "Default")["id"]
    project = post(api, "projects", name="p", organization=organization)
    made: Item = post(api, "job_templates", name="t", project=project["id"], playbook="a.yml")
    return made


def test_a_list_has_what_its_filters_let_through(api: AwxApi) -> None:
    assert get(api, "credentials/?name=ssh")["count"] == 1
    assert get(api, "credentials/?name=ssh&organization=99")["count"] == 0
    known = api.named("credentials", "ssh too")["id"]
    found = get(api, f"credentials/?or__id={known}&or__name=ssh")["results"]
    assert {one["name"] for one in found} == {"ssh", "ssh too"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("projects", {"name": "p", "organization": 99}),
        ("projects", {"name": "p", "no_such_field": 1}),
        ("job_templates", {"name": "t", "playbook": "b.yml"}),
        ("credentials", {"name": "ssh", "organization": 1}),
        ("credential_types", {"name": "c", "kind": "ssh", "inputs": INPUTS, "injectors": {}}),
        (
            "credential_types",
            {"name": "c", "kind": "net", "inputs": INPUTS, "injectors": {"env": {"A": "{{ x }}"}}},
        ),
    ],
)
def test_what_makes_no_sense_is_refused(api: AwxApi, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        post(api, path, **body)
    assert caught.value.status == 400


def test_a_survey_has_to_be_by_the_rules_and_a_node_gives_what_it_asks(api: AwxApi) -> None:
    made = template(api)
    where = f"job_templates/{made['id']}/survey_spec"
    with pytest.raises(Refused):
        post(api, where, name="", description="", spec=[{**QUESTION, "required": "no"}])
    post(api, where, name="", description="", spec=[QUESTION])
    assert get(api, f"{where}/")["spec"] == [QUESTION]
    node = {"identifier": "n", "unified_job_template": made["id"]}
    with pytest.raises(Refused):
        post(api, "workflow_job_template_nodes", **node, extra_data={"w": "1"})
    assert post(api, "workflow_job_template_nodes", **node, extra_data={"v": "1"})["id"]


def test_a_template_takes_one_credential_of_each_type(api: AwxApi) -> None:
    where = f"job_templates/{template(api)['id']}/credentials"
    post(api, where, id=api.named("credentials", "ssh")["id"])
    with pytest.raises(Refused):
        post(api, where, id=api.named("credentials", "ssh too")["id"])
    with pytest.raises(Refused):
        post(api, where, id=99)
    assert [one["name"] for one in get(api, f"{where}/")["results"]] == ["ssh"]


def test_a_secret_is_kept_and_never_shown(api: AwxApi) -> None:
    kind = post(api, "credential_types", name="c", kind="net", inputs=INPUTS, injectors=INJECTORS)[
        "id"
    ]
    made = post(api, "credentials", name="own", credential_type=kind, inputs={"token": "secret"})
    assert made["inputs"] == {"token": ENCRYPTED}
    same = {"inputs": {"token": ENCRYPTED, "access_file": "/a"}}
    assert api.answer("PATCH", f"/api/v2/credentials/{made['id']}/", same)[0] == 200
    wanted = {"token": "secret", "access_file": "/a"}
    assert api.named("credentials", "own")["inputs"] == wanted


def test_it_listens_lets_nobody_in_without_its_token_and_writes_changes_down(api: AwxApi) -> None:
    def status(token: str, method: str) -> int:
        request = urllib.request.Request(
            f"{api.url}/api/v2/projects/",
            method=method,
            data=json.dumps({"name": "p"}).encode() if method == "POST" else None,
            headers={"Authorization": f"Bearer {token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code

    assert status("wrong", "POST") == 401
    assert status(api.token, "GET") == 200
    assert api.changes == []
    assert status(api.token, "POST") == 201
    (change,) = api.changes
    assert (change.method, change.path, change.body) == ("POST", "/api/v2/projects/", {"name": "p"})
