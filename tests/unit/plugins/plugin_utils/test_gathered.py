# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken out of hostvars, and above all what is not."""

from __future__ import annotations

from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils.gathered import gather

STALE: dict[str, Any] = {
    "nso_ha_role": "primary",
    "__nso_ha_observed": {"ha": "first look"},
    "__nso_ha_verified": {"ha": "of the play before"},
    "__nso_ha_result": {"outcome": "done"},
    "secret": "not needed",
}


def of(own: dict[str, Any], active: bool = True, made: Any = None) -> dict[str, Any]:
    return gather(["n1"], {"n1": own}, ["n1"] if active else [], made)["n1"]


def test_nothing_else_is_taken() -> None:
    assert "secret" not in of(STALE)
    assert of(STALE)["nso_ha_role"] == "primary"


def test_a_host_that_dropped_out_has_registered_nothing_that_counts() -> None:
    found = of(STALE, active=False)
    assert found["nso_ha_role"] == "primary"
    assert not [name for name in found if name.startswith("__") and found[name]]


def test_what_was_observed_is_taken() -> None:
    assert of(STALE)["__nso_ha_observed"] == {"ha": "first look"}


def test_only_what_was_verified_after_steps_of_this_run_counts() -> None:
    assert "__nso_ha_verified" not in of(STALE)
    assert "__nso_ha_verified" not in of(STALE, made={"results": {}})
    made = {"results": {"n1": [{"outcome": "done"}]}}
    assert of(STALE, made=made)["__nso_ha_verified"] == STALE["__nso_ha_verified"]
    assert of(STALE, made=made)["__nso_ha_results"] == [{"outcome": "done"}]
