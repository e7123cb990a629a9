# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX does with surveys and credential types, as its API reference and its sources have it.

A survey is refused when it is stored, or its answers when a job is launched; the injectors of a
credential type become files and environment variables of a job.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

Question = Mapping[str, Any]

#: By type of question, what a default or an answer may be.
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "textarea": (str,),
    "password": (str,),
    "multiplechoice": (str,),
    "multiselect": (str,),
    "integer": (int,),
    "float": (float, int),
}
_NEEDED = {"type": str, "question_name": str, "variable": str, "required": bool}
_CHOOSING = ("multiplechoice", "multiselect")
_LIMITED = ("text", "textarea", "password")


def survey_problems(survey: Mapping[str, Any]) -> list[str]:
    """Return why AWX would refuse to store a survey, or nothing."""
    for field, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(survey.get(field), kind):
            return [f"{field} has to be there, and {kind.__name__}"]
    if not survey["spec"]:
        return ["spec has no items"]
    found: list[str] = []
    seen: set[str] = set()
    for question in survey["spec"]:
        problems = _question_problems(question)
        variable = str(question.get("variable"))
        if variable in seen:
            problems.append("another question has the same variable")
        seen.add(variable)
        found += [f"{variable}: {problem}" for problem in problems]
    return found


def _question_problems(question: Question) -> list[str]:
    for field, kind in _NEEDED.items():
        if not isinstance(question.get(field), kind):
            return [f"{field} has to be there, and {kind.__name__}"]
    kind = question["type"]
    if kind not in TYPES:
        return [f"there is no type {kind}"]
    found = []
    default = question.get("default", "")
    if default != "" and (isinstance(default, bool) or not isinstance(default, TYPES[kind])):
        found.append(f"the default {default!r} is not of type {kind}")
    for limit in ("min", "max"):
        if not isinstance(question.get(limit), (int, type(None))):
            found.append(f"{limit} is no whole number")
    if kind in _CHOOSING:
        choices = question.get("choices")
        defaults = str(default).splitlines()
        if not choices:
            found.append("there are no choices")
        elif not set(defaults) <= set(_choices(question)):
            found.append(f"the default {default!r} is none of the choices")
        if kind == "multiplechoice" and len(defaults) > 1:
            found.append("there is more than one default")
    return found


def _choices(question: Question) -> list[str]:
    choices = question["choices"]
    return choices.splitlines() if isinstance(choices, str) else list(choices)


def answer_problems(survey: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """Return why AWX would refuse to launch a job with these answers, or nothing."""
    asked = {question["variable"]: question for question in survey.get("spec", [])}
    found = [f"{name} is not asked for" for name in sorted(set(answers) - set(asked))]
    for name, question in asked.items():
        if name in answers:
            found += [f"{name}: {one}" for one in _answer_problems(question, answers[name])]
        elif question["required"]:
            found.append(f"{name} is missing")
    return found


def _answer_problems(question: Question, answer: object) -> list[str]:
    kind = question["type"]
    if kind == "multiselect":
        good = isinstance(answer, list) and set(answer) <= set(_choices(question))
        return [] if good else [f"{answer!r} is no list of the choices"]
    if kind == "multiplechoice":
        return [] if answer in _choices(question) else [f"{answer!r} is none of the choices"]
    if isinstance(answer, bool) or not isinstance(answer, TYPES[kind]):
        return [f"{answer!r} is not of type {kind}"]
    size = len(str(answer)) if kind in _LIMITED else float(str(answer))
    least, most = question.get("min"), question.get("max")
    found = [f"{answer!r} is less than {least}"] if least is not None and size < least else []
    return found + ([f"{answer!r} is more than {most}"] if most is not None and size > most else [])


def form(survey: Mapping[str, Any], **filled: Any) -> dict[str, Any]:
    """Return the answers of somebody who fills in these fields and leaves the others alone."""
    unfilled = {
        question["variable"]: _untouched(question)
        for question in survey.get("spec", [])
        if not (question["type"] == "integer" and question.get("default", "") == "")
    }
    answers = {**unfilled, **filled}
    problems = answer_problems(survey, answers)
    assert not problems, problems
    return answers


def _untouched(question: Question) -> Any:
    if question["type"] == "multiselect":
        return str(question.get("default", "")).splitlines()
    return question.get("default", "")


class _Named:
    """What `tower` is in the templates of injectors: the names of the files."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.filename = names


def injector_problems(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> list[str]:
    """Return why AWX would refuse to store a credential type, or nothing."""
    fields = {field["id"]: "value" for field in inputs.get("fields", [])}
    found = [f"{name} is required and no field" for name in set(inputs["required"]) - set(fields)]
    files = dict.fromkeys(_file_names(injectors), "path")
    for kind, templates in injectors.items():
        for name, template in templates.items():
            names = {"tower": _Named(files)} if kind != "file" else {}
            try:
                _render(template, {**fields, **names}, strict=True)
            except Exception as problem:
                found.append(f"{kind} {name}: {problem}")
    return found


def inject(
    injectors: Mapping[str, Any], values: Mapping[str, str], directory: Path
) -> dict[str, str]:
    """Write the files of a credential into a directory; return the environment of its job.

    A field that is empty is not known to the templates.
    """
    known = {name: value for name, value in values.items() if value}
    files = {}
    for name in _file_names(injectors):
        path = directory / f"injected-{name}"
        path.write_text(_render(injectors["file"][f"template.{name}"], known))
        path.chmod(0o600)
        files[name] = str(path)
    known_and_files = {**known, "tower": _Named(files)}
    assert set(injectors) <= {"file", "env"}, "nothing else is played here"
    return {name: _render(text, known_and_files) for name, text in injectors["env"].items()}


def _file_names(injectors: Mapping[str, Any]) -> Sequence[str]:
    return [name.partition(".")[2] for name in injectors.get("file", {})]


def _render(template: str, names: Mapping[str, Any], strict: bool = False) -> str:
    if strict:
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    else:
        environment = ImmutableSandboxedEnvironment()
    return environment.from_string(template).render(names)


def is_plain(value: object) -> bool:
    """Return whether a value is the same after JSON, as the artifacts of a job have to be."""
    return bool(json.loads(json.dumps(value)) == value)
