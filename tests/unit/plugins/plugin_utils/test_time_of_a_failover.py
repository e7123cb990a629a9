# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover waits for before it makes another node primary, counted and not measured."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._agents.call import Call
from helpers.cases import N1, N2, N3
from helpers.cluster_model import Cluster
from helpers.cluster_modules import Module, Modules, Result
from helpers.cluster_play import Play
from helpers.plans import whole

MEMBERS = [N1, N2, N3]
PROMOTION = ("ncs_ha_role", "primary")


class Called(NamedTuple):
    """A call of a module: on which host, its short name, and what it was to do."""

    host: str
    module: str
    options: dict[str, Any]

    @property
    def about(self) -> tuple[str, str]:
        words = (self.options.get(name) for name in ("role", "state", "step"))
        return self.module, str(next(word for word in words if word))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Called]:
    """Every call of a module, in order."""
    seen: list[Called] = []
    plain = Modules._module

    def recorded(modules: Modules, name: str, act: Any) -> Module:
        module = plain(modules, name, act)

        def noted(call: Call) -> Result:
            seen.append(Called(call.host, name.rpartition(".")[2], dict(call.arguments)))
            return module(call)

        return noted

    monkeypatch.setattr(Modules, "_module", recorded)
    return seen


def fail_over(cluster: Cluster, **given: object) -> None:
    play = Play(MEMBERS, cluster, "failover", "two", **given)  # type: ignore[arg-type]
    play.run()
    assert play.report["primary"]["after"] == "n2", play.report["table"]


def test_a_primary_that_hangs_costs_its_time_limit_once(calls: list[Called]) -> None:
    cluster = whole()
    cluster.nodes["n1"].reachable = False
    for host in ("n2", "n3"):
        cluster.benone(host)
    calls.clear()
    fail_over(cluster, override="fenced", timeout=30)
    waited = [
        call.options["timeout"] for call in calls if call.host == "n1" and "look" in call.options
    ]
    assert waited[0] == 30
    assert len(waited) > 2, "whether it wakes up is seen all the same"
    assert max(waited[1:]) <= 2


def test_one_that_answers_has_its_time_limit_at_each_look(calls: list[Called]) -> None:
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    calls.clear()
    fail_over(cluster, timeout=30)
    looks = [call for call in calls if call.host != "n1" and "look" in call.options]
    waited = {call.options["timeout"] for call in looks}
    assert waited == {30}


def test_right_after_the_look_under_the_lock_the_promotion_needs_no_other_one(
    calls: list[Called],
) -> None:
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    calls.clear()
    fail_over(cluster)
    before = [call.about for call in calls][: [call.about for call in calls].index(PROMOTION)]
    assert before == [
        *[("ncs_ha_status", "observe")] * 3,
        *[("ncs_ha_operation", "begun")] * 3,
        *[("ncs_ha_status", "under lock")] * 3,
    ]


def test_a_lock_that_is_not_there_any_more_is_found_by_the_renewal_before_the_promotion(
    calls: list[Called],
) -> None:
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    look = Modules._read_status

    def lose(modules: Modules, node: Any, options: Any, check: bool) -> Result:
        if options["step"] == "under lock" and node.host == "n3":
            node.lock = None
        return look(modules, node, options, check)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Modules, "_read_status", lose)
        play = Play(MEMBERS, cluster, "failover", "two")
        play.run()
    assert play.report["outcome"] == "refused"
    assert "(lock failed) n3" in " ".join(play.report["table"])
    assert PROMOTION not in [call.about for call in calls if call.options.get("operation")]
