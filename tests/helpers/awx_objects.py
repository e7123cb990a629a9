# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role `awx_setup` sets up, read from its files: templates, surveys, credential type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from helpers.modules import ROOT

ROLE = ROOT / "roles" / "awx_setup"
#: The example of a project, whose playbooks the job templates run.
PROJECT = ROOT / "docs" / "awx" / "project"


class _Loader(yaml.SafeLoader):
    """Reads text that is tagged as unsafe, which Ansible does not template, as it stands."""


def _as_it_stands(_loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(node.value)


_Loader.add_constructor("!unsafe", _as_it_stands)


def load(path: Path) -> Any:
    """Return what a file of the role holds."""
    # The base is safe: it makes plain values only.
    return yaml.load(path.read_text(), Loader=_Loader)


def variables() -> dict[str, Any]:
    """Return all variables of the role itself, as they are written."""
    found: dict[str, Any] = {}
    for path in sorted((ROLE / "vars" / "main").glob("*.yml")):
        found.update(load(path))
    return found


_VARIABLES = variables()
INPUTS: dict[str, Any] = _VARIABLES["__nso_ha_awx_inputs"]
INJECTORS: dict[str, Any] = _VARIABLES["__nso_ha_awx_injectors"]
TEMPLATES: dict[str, dict[str, Any]] = {
    one["playbook"]: one for one in _VARIABLES["__nso_ha_awx_templates"]
}
QUESTIONS: dict[str, dict[str, Any]] = _VARIABLES["__nso_ha_awx_questions"]
WORKFLOW: dict[str, Any] = _VARIABLES["__nso_ha_awx_workflow"]


def survey(playbook: str) -> dict[str, Any]:
    """Return the survey of a job template; empty where it asks nothing."""
    template = TEMPLATES[playbook]
    asked = [QUESTIONS[name] for name in template["questions"]]
    if template["override"]:
        asked.append({**_VARIABLES["__nso_ha_awx_override"], "choices": template["override"]})
    return {"name": "", "description": "", "spec": asked} if asked else {}


def workflow_survey() -> dict[str, Any]:
    """Return the survey of the workflow."""
    asked = [QUESTIONS[name] for name in WORKFLOW["questions"]]
    return {"name": "", "description": "", "spec": asked}
