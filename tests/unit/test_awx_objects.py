# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is set up in AWX is what AWX takes, and asks what the operations understand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.nso.ha.plugins.plugin_utils._checks import judge
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from helpers import awx_rules, documentation
from helpers.awx_objects import (
    INJECTORS,
    INPUTS,
    PROJECT,
    QUESTIONS,
    TEMPLATES,
    WORKFLOW,
    survey,
    workflow_survey,
)
from helpers.modules import ROOT

KNOWN = documentation.role_options()
ASKING = [name for name in TEMPLATES if survey(name)]
CHANGING = [name for name in TEMPLATES if name not in ("status", "history", "plan")]


def good(**more: object) -> dict[str, Any]:
    question = {"type": "text", "question_name": "q", "variable": "v", "required": False, **more}
    return {"name": "", "description": "", "spec": [question]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"required": "false"},
        {"type": "yes_no"},
        {"question_name": None},
        {"type": "integer", "default": "7"},
        {"type": "integer", "default": True},
        {"default": 7},
        {"min": "1"},
        {"type": "multiplechoice"},
        {"type": "multiplechoice", "choices": ["a"], "default": "b"},
        {"type": "multiplechoice", "choices": ["a", "b"], "default": "a\nb"},
        {"type": "multiselect", "choices": []},
    ],
)
def test_the_rules_refuse_a_question_that_breaks_them(wrong: dict[str, Any]) -> None:
    assert not awx_rules.survey_problems(good())
    assert awx_rules.survey_problems(good(**wrong))


def test_the_rules_refuse_a_survey_that_is_not_whole() -> None:
    for wrong in ({}, {**good(), "spec": []}, {"name": "", "spec": good()["spec"]}):
        assert awx_rules.survey_problems(wrong)
    assert awx_rules.survey_problems({**good(), "spec": good()["spec"] * 2})


def test_the_rules_refuse_answers_that_were_not_asked_for_or_are_not_of_the_type() -> None:
    limited = good(type="integer", min=1, max=9)
    assert not awx_rules.answer_problems(limited, {"v": 9})
    for wrong in ({"v": "9"}, {"v": 0}, {"v": 10}, {"v": True}, {"w": 1}):
        assert awx_rules.answer_problems(limited, wrong)
    assert awx_rules.answer_problems(good(required=True), {})


@pytest.mark.parametrize("name", ASKING)
def test_awx_takes_the_survey_of_a_template(name: str) -> None:
    assert not awx_rules.survey_problems(survey(name))


def test_awx_takes_the_survey_of_the_workflow() -> None:
    assert not awx_rules.survey_problems(workflow_survey())


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=list(QUESTIONS))
def test_a_question_has_all_that_the_form_of_awx_shows(question: dict[str, Any]) -> None:
    shown = {"question_description", "default", "min", "max", "new_question"}
    assert shown <= set(question)
    assert question["question_name"].endswith("?")
    assert question["new_question"] is True


@pytest.mark.parametrize("name", ASKING)
def test_a_form_that_is_left_as_it_is_can_be_sent(name: str) -> None:
    assert awx_rules.form(survey(name))


@pytest.mark.parametrize("name", ASKING)
def test_a_survey_asks_for_variables_that_the_operations_have(name: str) -> None:
    for question in survey(name)["spec"]:
        option = KNOWN[question["variable"]]
        assert not option["description"][0].startswith("Host variable")
        if question["type"] == "integer":
            assert question["default"] == option["default"]


@pytest.mark.parametrize("name", CHANGING)
def test_a_survey_offers_the_checks_that_the_operation_has(name: str) -> None:
    overridable = [one for one in judge.CHECKS_OF[name] if one in judge.OVERRIDABLE]
    assert TEMPLATES[name]["override"] == overridable


def test_the_survey_of_the_plan_offers_all_operations_and_all_checks() -> None:
    assert QUESTIONS["operation"]["choices"] == list(operations.OPERATIONS)
    assert TEMPLATES["plan"]["override"] == list(judge.OVERRIDABLE)


def test_no_survey_asks_for_a_secret() -> None:
    questions = [*QUESTIONS.values(), *(one for name in ASKING for one in survey(name)["spec"])]
    assert not [one for one in questions if one["type"] == "password"]
    assert not [one for one in questions if "token" in one["variable"]]


def test_there_is_a_template_for_every_playbook_that_runs_an_operation() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    operations = set(documentation.entry_points()) - {"main"}
    assert set(TEMPLATES) == playbooks - {"awx_setup", "group"} == operations


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_project_has_the_playbook_of_a_template(name: str) -> None:
    (play,) = yaml.safe_load((PROJECT / f"{name}.yml").read_text())
    assert play["ansible.builtin.import_playbook"] == f"nso.ha.{name}"


def test_no_playbook_asks_anybody_anything_or_waits_for_somebody() -> None:
    files = [*(ROOT / "playbooks").glob("*.yml"), *PROJECT.glob("*.yml")]
    files += (ROOT / "roles").glob("*/tasks/*.yml")
    assert files
    for path in files:
        text = path.read_text()
        assert "vars_prompt" not in text, path
        assert "pause:" not in text, path


# The credential


def test_awx_takes_the_credential_type() -> None:
    assert not awx_rules.injector_problems(INPUTS, INJECTORS)
    wrong = {"env": {"A": "{{ nothing }}", "B": "{{ tower.filename.nothing }}"}}
    assert len(awx_rules.injector_problems(INPUTS, wrong)) == 2


def test_the_token_is_the_only_secret_and_goes_into_a_file_alone() -> None:
    assert [field["id"] for field in INPUTS["fields"] if field.get("secret")] == ["token"]
    assert set(INJECTORS) == {"file", "env"}
    assert [name for name, text in INJECTORS["file"].items() if "token" in text] == [
        "template.token"
    ]


def test_a_credential_without_an_access_file_says_nothing_about_it(tmp_path: Path) -> None:
    environment = awx_rules.inject(INJECTORS, {"token": "secret", "access_file": ""}, tmp_path)
    assert environment["NSO_HA_ACCESS_FILE"] == ""
    assert Path(environment["NSO_HA_TOKEN_FILE"]).read_text() == "secret"


# The workflow


def test_the_workflow_changes_nothing_before_it_was_approved() -> None:
    nodes = {node["identifier"]: node for node in WORKFLOW["nodes"]}
    led_to = {
        child for node in nodes.values() for key in ("on_success", "always")
        for child in node.get(key, [])
    }  # fmt: skip
    assert led_to <= set(nodes)
    reached, ahead = set(), sorted(set(nodes) - led_to)
    assert ahead == ["look"]
    while ahead:
        node = nodes[ahead.pop()]
        reached.add(node["identifier"])
        if "approval" not in node:
            assert node["template"] in ("status", "plan")
            ahead += [*node.get("on_success", []), *node.get("always", [])]
    assert "approve" in reached
    assert nodes["approve"]["on_success"] == ["switchover"]
    assert nodes["switchover"]["always"] == ["look_again"]


def test_what_the_workflow_gives_a_template_is_in_its_survey() -> None:
    for node in WORKFLOW["nodes"]:
        given = node.get("extra_data", {})
        if given:
            answers = awx_rules.form(survey(node["template"]), **given)
            assert answers.items() >= given.items()
