# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of a cluster: the line that a person reads first, and the next command."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.facts import Facts
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Answer, Silence
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member, Topology
from ansible_collections.nso.ha.plugins.plugin_utils._run import health
from ansible_collections.nso.ha.plugins.plugin_utils._run.health import Health
from ansible_collections.nso.ha.plugins.plugin_utils._run.stored import Mark, Stored, UnderWay
from helpers.cases import (
    BY_N1,
    N1,
    N2,
    N3,
    NEW,
    NO_HISTORY,
    SILENT,
    STOPPED,
    Observed,
    answer,
    member,
)
from helpers.cluster_model import Cluster
from helpers.cluster_strategies import situations
from helpers.properties import repeatable
from hypothesis import given

NOTHING = Stored(NO_HISTORY)
#: 2026-11-28 14:00:00 UTC.
NOW = 1_795_874_400.0

PRIMARY = answer("primary", None, N2, N3)
FOLLOWER = answer("secondary", N1)
NONE = answer("none")
WHOLE: Observed = {"n1": PRIMARY, "n2": FOLLOWER, "n3": FOLLOWER}


def assessed(
    observed: Observed, stored: Stored = NOTHING, members: tuple[Member, ...] = (N1, N2, N3)
) -> Health:
    chosen = [one for one in members if one.host in observed]
    return health.assess(Topology(chosen), observed, stored, NOW)


def test_a_cluster_in_which_every_node_has_the_last_transaction_is_in_sync() -> None:
    found = assessed(WHOLE)
    assert (found.state, str(found), found.then) == (
        "healthy",
        "healthy: n1 is primary, 2 of 2 secondaries in sync",
        "",
    )


def test_a_copy_of_a_busy_primary_is_connected_and_nothing_more_is_said() -> None:
    busy = replace(PRIMARY, txid=NEW)
    assert str(assessed({**WHOLE, "n1": busy})).endswith("2 of 2 secondaries connected")


def test_a_primary_that_the_inventory_has_as_secondary_is_as_good_as_another() -> None:
    moved: Observed = {
        "n1": answer("secondary", N2),
        "n2": answer("primary", None, N1),
    }
    assert str(assessed(moved)) == "healthy: n2 is primary, 1 of 1 secondary in sync"


def test_a_node_that_is_to_be_none_is_no_secondary() -> None:
    out = member(2, "none")
    found = assessed({"n1": answer("primary"), "n2": NONE}, members=(N1, out))
    assert str(found) == "healthy: n1 is primary, without secondaries"


@pytest.mark.parametrize(
    ("observed", "says", "then"),
    [
        (
            {**WHOLE, "n3": SILENT},
            "n1 is primary; n3 does not answer",
            "see that n3 can be reached, then run nso.ha.rejoin",
        ),
        (
            {**WHOLE, "n3": STOPPED},
            "n1 is primary; n3 does not answer",
            "start NSO on n3, then run nso.ha.rejoin",
        ),
        ({**WHOLE, "n3": NONE}, "n1 is primary; n3 does not follow n1", "run nso.ha.rejoin"),
        # Its primary does not list it.
        (
            {**WHOLE, "n1": answer("primary", None, N2)},
            "n1 is primary; n3 does not follow n1",
            "run nso.ha.rejoin",
        ),
        (
            {**WHOLE, "n3": replace(FOLLOWER, held=True)},
            "n1 is primary; n3 is held in read-only mode",
            "run nso.ha.rejoin",
        ),
        (
            {**WHOLE, "n3": replace(FOLLOWER, upstream_untold=True)},
            "n1 is primary; which node n3 follows is not known",
            "to ask by the HA socket, run nso.ha.status -e nso_ha_look=operational_state,ha_socket",
        ),
    ],
)
def test_a_cluster_that_lacks_a_node_is_degraded(observed: Observed, says: str, then: str) -> None:
    assert assessed(observed) == Health("degraded", says, then)


def test_two_primaries_come_before_everything_else() -> None:
    run = UnderWay("switchover", "ops@bastion", "r1", "2026-11-28T13:59:48.000000Z")
    stored = replace(NOTHING, under_way=(run,))
    found = assessed({**WHOLE, "n2": answer("primary"), "n3": SILENT}, stored)
    assert found.state == "two_primaries"
    assert str(found).startswith("TWO PRIMARIES: n1 and n2 are primary")
    assert found.then == "stop what writes to them, then run nso.ha.rejoin"


@pytest.mark.parametrize(
    ("taken", "since"),
    [
        ("2026-11-28T13:59:48.000000Z", "for 12 s"),
        ("2026-11-28T13:50:00.000000Z", "for 10 min"),
        ("2026-11-28T10:00:00.000000Z", "for 4 h"),
        # The clock of that node is ahead of ours.
        ("2026-11-28T14:00:05.000000Z", "since 2026-11-28T14:00:05.000000Z"),
    ],
)
def test_a_run_under_way_says_who_and_for_how_long(taken: str, since: str) -> None:
    stored = replace(NOTHING, under_way=(UnderWay("switchover", "ops@bastion", "r1", taken),))
    expected = f"under way: switchover by ops@bastion {since}; n1 is primary"
    assert str(assessed(WHOLE, stored)) == expected


def test_a_primary_that_a_run_has_left_held_says_which() -> None:
    stored = replace(NOTHING, marks={"n1": Mark("switchover", "3f0c")})
    found = assessed({**WHOLE, "n1": replace(PRIMARY, held=True)}, stored)
    assert str(found) == (
        "READ-ONLY: n1, the primary, is held by an interrupted switchover (run 3f0c)"
    )
    assert found.then == "run nso.ha.converge"


def test_a_primary_that_is_still_held_as_a_follower_takes_no_writes() -> None:
    held = replace(PRIMARY, held_as_follower=True, facts=Facts(admin_read_only=True))
    found = assessed({**WHOLE, "n1": held})
    assert str(found) == "READ-ONLY: n1, the primary, is still held as a follower"
    assert found.then == "run nso.ha.converge"
    # A restart has ended the mode, and left the mark.
    restarted = replace(held, facts=Facts(admin_read_only=False))
    assert assessed({**WHOLE, "n1": restarted}).state == "healthy"


def test_a_primary_in_the_mode_of_an_administrator_is_read_only() -> None:
    held = replace(PRIMARY, facts=Facts(admin_read_only=True))
    found = assessed({**WHOLE, "n1": held})
    assert found.state == "read_only"
    assert "administrator" in found.says


@pytest.mark.parametrize(
    ("observed", "stored", "line", "then"),
    [
        (
            {"n1": NONE, "n2": NONE},
            NOTHING,
            "NO PRIMARY: no node is primary yet",
            "run nso.ha.converge",
        ),
        (
            {"n1": NONE, "n2": SILENT},
            Stored(BY_N1),
            "NO PRIMARY: no node is primary; n2 does not answer",
            "run nso.ha.converge",
        ),
        (
            {"n1": SILENT, "n2": NONE},
            Stored(BY_N1),
            "NO PRIMARY: n1, the last primary, does not answer, and no other node is primary",
            "see that n1 can be reached; if it is dead, run nso.ha.failover",
        ),
        (
            {"n1": STOPPED, "n2": NONE},
            Stored(BY_N1),
            "NO PRIMARY: NSO does not run on n1, the last primary, and no other node is primary",
            "start NSO on n1, then run nso.ha.converge; if it cannot start, run nso.ha.failover",
        ),
        (
            {"n1": SILENT, "n2": FOLLOWER},
            Stored(BY_N1),
            "unknown: n1 does not answer, and n2 says that it follows it",
            "see that n1 can be reached; if it is dead, run nso.ha.failover",
        ),
        (
            {"n1": SILENT, "n2": SILENT},
            Stored(BY_N1),
            "unknown: no node answers",
            "see that the nodes can be reached",
        ),
    ],
)
def test_a_cluster_without_a_primary_says_what_is_known_of_the_last_one(
    observed: Observed, stored: Stored, line: str, then: str
) -> None:
    found = assessed(observed, stored)
    assert (str(found), found.then) == (line, then)


def test_many_names_are_shortened() -> None:
    many = tuple(member(number) for number in range(2, 9))
    observed: Observed = {"n1": answer("primary"), **{one.host: SILENT for one in many}}
    assert "n2, n3, n4 and 4 more do not answer" in str(assessed(observed, members=(N1, *many)))


@given(situations())
@repeatable
def test_only_one_primary_that_accepts_writes_with_all_others_attached_is_healthy(
    situation: tuple[list[Member], Cluster],
) -> None:
    members, cluster = situation
    observed = cluster.look()
    found = health.assess(Topology(members), observed, NOTHING, NOW)
    assert found.state in health.EXIT_STATUS
    # Of one that does not answer it is not known.
    living = [host for host in cluster.primaries() if isinstance(observed[host], Answer)]
    assert (found.state == "two_primaries") == (len(living) > 1)
    if found.state == "healthy":
        assert len(living) == 1
        assert not any(isinstance(one, Silence) for one in observed.values())
        assert not any(isinstance(one, Answer) and one.held for one in observed.values())
    if not living:
        assert found.state in ("no_primary", "unknown")
