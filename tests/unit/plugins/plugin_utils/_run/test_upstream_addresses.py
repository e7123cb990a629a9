# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rehearsals say of the addresses that nodes would dial: refused, told, or right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan import plan as plans
from ansible_collections.nso.ha.plugins.plugin_utils._run import upstream_addresses
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import OBSERVATION, REHEARSAL
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    OperationPlan,
    RoleOptions,
)
from helpers.cases import N1, N2, N3, Result, answer, look, results, said, step

NAMED = replace(N1, address="one.example")


def dialled(*addresses: str, accepted: str | None = None, **failures: str) -> Result:
    """Return the result of a rehearsal; `failures` are errors by address, as in a10_0_0_1."""
    failed = [
        {"address": address.replace("_", ".").lstrip("a"), "os_error": error}
        for address, error in failures.items()
    ]
    told = {"addresses": addresses, "port": 4570, "accepted": accepted, "failures": failed}
    return said("rehearse", transitions=["besecondary"], dialled=told)


def judged(
    primary: Member, rehearsals: Mapping[str, Result], role: str = PRIMARY, promoted: bool = False
) -> list[Verdict]:
    """Return the verdicts where these hosts are to follow a node that has this role."""
    promotion = plans.wave(plans.PROMOTE, (step("n1", "beprimary", role=PRIMARY),))
    plan = OperationPlan(
        "converge",
        (primary, N2, N3),
        waves=(promotion,) if promoted else (),
        targets={
            host: RoleOptions("secondary", host, primary.node_id, primary.address)
            for host in rehearsals
        },
        rehearse=tuple(rehearsals),
    )
    looks = {"n1": look(answer(role))}
    return upstream_addresses.upstream_verdicts(
        plan, results({OBSERVATION: looks, REHEARSAL: rehearsals})
    )


def refusal(verdicts: list[Verdict]) -> Verdict:
    (verdict,) = verdicts
    assert (verdict.check, verdict.result) == ("rehearsal", "failed")
    return verdict


BOTH_FAIL = dialled("10.0.0.1", "10.0.9.1", a10_0_0_1="ECONNREFUSED", a10_0_9_1="EHOSTUNREACH")


@pytest.mark.parametrize("role", ["primary", "relay"])
def test_a_port_that_has_to_be_open_and_is_not_is_refused_with_each_address(role: str) -> None:
    verdict = refusal(judged(NAMED, {"n2": BOTH_FAIL}, role))
    assert verdict.host == "n2"
    assert verdict.reason.startswith(
        "cannot reach n1 at one.example:4570 (nso_ha_node_ip of n1): 10.0.0.1 "
        "(ECONNREFUSED), 10.0.9.1 (EHOSTUNREACH). That node is primary or relay already"
    )
    assert "Set nso_ha_node_ip of n1 to " in verdict.reason


def test_one_address_that_answers_is_enough() -> None:
    result = dialled("10.0.0.1", "10.0.9.1", accepted="10.0.9.1", a10_0_0_1="ETIMEDOUT")
    assert judged(NAMED, {"n2": result}) == []
    assert judged(NAMED, {"n2": dialled("10.0.0.1")}) == [], "nothing had to be dialled"


@pytest.mark.parametrize(("role", "promoted"), [("none", True), ("primary", True)])
def test_a_port_that_may_be_closed_stops_nothing_and_is_told(role: str, promoted: bool) -> None:
    (verdict,) = judged(NAMED, {"n2": BOTH_FAIL}, role, promoted)
    assert (verdict.result, verdict.host) == ("passed", "n2")
    assert verdict.reason.endswith("The port may be closed as long as that node is not primary")
    refused = dialled("10.0.0.1", a10_0_0_1="ECONNREFUSED")
    assert judged(NAMED, {"n2": refused}, role, promoted) == [], "nobody listens there yet"


def test_a_name_that_leads_a_node_to_itself_is_refused() -> None:
    verdict = refusal(judged(NAMED, {"n2": dialled("10.0.0.1", "127.0.1.1")}, "none"))
    assert verdict.host == "n2"
    assert verdict.reason.startswith(
        "would dial itself: nso_ha_node_ip 'one.example' leads to 127.0.1.1 there, a loopback "
        "address. Correct the hosts file or name service of n2, or set nso_ha_node_ip of n1"
    )


def test_nodes_on_one_host_are_told_apart_by_loopback_addresses() -> None:
    plan = OperationPlan(
        "converge",
        (NAMED, replace(N2, address="127.0.0.2")),
        targets={"n2": RoleOptions("secondary", "id2", "id1", "one.example")},
        rehearse=("n2",),
    )
    local = replace(plan, members=(replace(NAMED, local=True), plan.members[1]))
    told = results({REHEARSAL: {"n2": dialled("127.0.0.1")}})
    assert upstream_addresses.upstream_verdicts(local, told) == []
    refusal(upstream_addresses.upstream_verdicts(plan, told))


def test_a_name_that_leads_to_other_addresses_on_each_node_is_refused() -> None:
    verdict = refusal(judged(NAMED, {"n2": dialled("10.0.0.1"), "n3": dialled("10.0.9.9")}))
    assert verdict.host == ""
    assert verdict.reason.startswith(
        "nso_ha_node_ip 'one.example' leads to different addresses: 10.0.0.1 on n2; 10.0.9.9 on n3."
    )


def test_a_name_that_leads_to_a_common_address_is_told() -> None:
    more = dialled("10.0.0.1", "10.0.9.1", accepted="10.0.0.1")
    (verdict,) = judged(NAMED, {"n2": dialled("10.0.0.1"), "n3": more})
    assert verdict.result == "passed"
    assert verdict.reason == (
        "nso_ha_node_ip 'one.example' leads to different addresses: 10.0.0.1 on n2; 10.0.0.1, "
        "10.0.9.1 on n3"
    )
    assert judged(NAMED, {"n2": more, "n3": more}) == []


def test_a_rehearsal_that_did_not_come_to_dialling_says_nothing_of_it() -> None:
    assert judged(NAMED, {"n2": said("rehearse", failed=True, msg="no answer")}) == []
