# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken out of hostvars, and above all what is not."""

from __future__ import annotations

from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run.gathered import gather

OWN: dict[str, Any] = {
    "nso_ha_role": "primary",
    "__nso_ha_observed": {"run": "this", "ha": "a look"},
    "__nso_ha_verified": {"run": "earlier", "ha": "of the play before"},
    "__nso_ha_result": {"outcome": "done"},
    "__nso_ha_rechecked": {"unreachable": True, "msg": "no ssh", "ha": "forged"},
    "__nso_ha_begun": {"failed": True, "msg": "given up", "lock": "forged"},
    "__nso_ha_ended": "text",
    "secret": "not needed",
}


def of(own: dict[str, Any], made: Any = None) -> dict[str, Any]:
    return gather(["n1"], {"n1": own}, "this", made)["n1"]


def test_nothing_else_is_taken() -> None:
    assert "secret" not in of(OWN)
    assert of(OWN)["nso_ha_role"] == "primary"


def test_a_result_counts_only_if_its_module_made_it_in_this_run() -> None:
    found = of(OWN)
    assert found["__nso_ha_observed"] == OWN["__nso_ha_observed"]
    for name in ("__nso_ha_verified", "__nso_ha_result", "__nso_ha_ended", "__nso_ha_struck"):
        assert found[name] is None


def test_of_a_result_that_ansible_made_only_the_failure_is_taken() -> None:
    found = of(OWN)
    assert found["__nso_ha_rechecked"] == {"unreachable": True, "msg": "no ssh"}
    assert found["__nso_ha_begun"] == {"failed": True, "msg": "given up"}


def test_the_steps_so_far_are_those_of_the_plan() -> None:
    assert of({**OWN, "__nso_ha_results": ["forged"]})["__nso_ha_results"] == []
    made = {"results": {"n1": [{"outcome": "done"}]}}
    assert of(OWN, made)["__nso_ha_results"] == [{"outcome": "done"}]
