# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator reads, in full, as the files in `printed` have it.

With UPDATE_PRINTED=1 in the environment they are written anew; then read them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import live, status_report, stored
from ansible_collections.nso.ha.plugins.plugin_utils._run.report import Report
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import OBSERVATION, Results
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Run
from helpers.cases import results
from helpers.cluster_model import Cluster, Flight, Node
from helpers.cluster_play import Interrupted, Play

PRINTED = Path(__file__).parent / "printed"
#: The names of the nodes in most files, and such as make a table wide.
SHORT, LONG = "nso-{}", "nso-primary-frankfurt-0{}"
#: In seconds since 1970.
NOW = 1_795_874_400.0


def members(names: str = SHORT, pinned: bool = False) -> list[Member]:
    """Return three members; the first one is preferred as primary, or pinned to that role."""
    roles = ("primary", "secondary", "secondary") if pinned else ("member",) * 3
    return [
        Member(names.format(i), names.format(i), f"192.0.2.{i}", role, priority=200 // i)
        for i, role in enumerate(roles, 1)
    ]


def cluster(names: str = SHORT) -> Cluster:
    """Return a cluster after its first converge, and a write that all of them have."""
    same = TransactionId(None, (0, 50, 0))
    nodes = [
        Node(member.host, member.node_id, member.address, txid=same, data=frozenset(("all",)))
        for member in members(names)
    ]
    made = Cluster(nodes)
    Play(members(names), made, run_id="first").run()
    made.write(names.format(1), "early")
    return made


def play(
    of: Cluster,
    operation: str,
    names: str = SHORT,
    before: Callable[[str], object] = lambda _change: None,
    **variables: Any,
) -> list[str]:
    """Return what a run of an operation prints, a line for each wave first."""
    run = Play(members(names), of, operation, "3f0c9a", before, **variables)
    run.run()
    waves = [line.text for line in live.lines(None, run.decision, "14:02:07")]
    return [*waves, "", *run.report["table"]] if waves else list(run.report["table"])


def status(
    of: Cluster, names: str = SHORT, left_out: tuple[str, ...] = (), pinned: bool = False
) -> Report:
    """Return the report of status."""
    chosen = members(names, pinned)
    asked = {host: look for host, look in of.results().items() if host not in left_out}
    seen: Results = results({OBSERVATION: asked})
    hosts = tuple(member.host for member in chosen)
    run = Run("run", "me@here", "", {}, "", hosts, inventory="-i inventory.yml", left_out=left_out)
    state_directories = stored.read(hosts, seen, "", lambda _process: False)
    return status_report.status_report(run, chosen, [], seen, state_directories, NOW)


def lines(report: Report) -> list[str]:
    return list(report.data["table"])


# Status


def status_healthy() -> list[str]:
    return lines(status(cluster()))


def status_healthy_long_names() -> list[str]:
    return lines(status(cluster(LONG), LONG))


def status_healthy_other_primary_pinned() -> list[str]:
    moved = cluster()
    play(moved, "switchover")
    return lines(status(moved, pinned=True))


def status_degraded() -> list[str]:
    lame = cluster()
    lame.stop("nso-3")
    lame.benone("nso-2")
    return lines(status(lame))


def status_no_primary() -> list[str]:
    lame = cluster()
    lame.stop("nso-1")
    lame.notice()
    return lines(status(lame))


def torn() -> Cluster:
    """Return a cluster with two primaries, of which the former one has a write of its own."""
    of_two = cluster()
    of_two.nodes["nso-1"].reachable = False
    of_two.notice()
    play(of_two, "failover", override="fenced,still_seen")
    of_two.nodes["nso-1"].reachable = True
    of_two.write("nso-1", "nobody else has it")
    return of_two


def status_two_primaries() -> list[str]:
    return lines(status(torn()))


def status_interrupted() -> list[str]:
    return lines(status(interrupted()))


def status_limited() -> list[str]:
    return lines(status(cluster(), left_out=("nso-1", "nso-3")))


def interrupted() -> Cluster:
    """Return a cluster in which a switchover was killed before the new primary was made."""
    left = cluster()

    def die(change: str) -> None:
        if change.startswith("benone"):
            raise Interrupted

    with pytest.raises(Interrupted):
        play(left, "switchover", before=die)
    for node in left.nodes.values():
        if node.lock:
            node.lock = {**node.lock, "expired": True}
    return left


# Operations


def switchover() -> list[str]:
    return play(cluster(), "switchover")


def switchover_long_names() -> list[str]:
    return play(cluster(LONG), "switchover", LONG)


def switchover_planned() -> list[str]:
    whole = cluster()
    run = Play(members(), whole, "plan", plans="switchover")
    run.run()
    return list(run.report["table"])


def switchover_rolled_back() -> list[str]:
    whole = cluster()

    def spoil(change: str) -> None:
        if change == "benone nso-1":
            whole.nodes["nso-1"].listed.pop("nso-2")
            assert whole.land(Flight("nso-1", whole.nodes["nso-1"].turn, "late"))

    return play(whole, "switchover", before=spoil)


def failover() -> list[str]:
    lame = cluster()
    lame.stop("nso-1")
    lame.notice()
    return play(lame, "failover")


def failover_refused() -> list[str]:
    lame = cluster()
    lame.nodes["nso-1"].reachable = False
    return play(lame, "failover")


def rejoin_incomplete() -> list[str]:
    return play(torn(), "rejoin")


def converge_incomplete() -> list[str]:
    lame = cluster()
    lame.nodes["nso-3"].reachable = False
    return play(lame, "converge")


ALL = (
    status_healthy,
    status_healthy_long_names,
    status_healthy_other_primary_pinned,
    status_degraded,
    status_no_primary,
    status_two_primaries,
    status_interrupted,
    status_limited,
    switchover,
    switchover_long_names,
    switchover_planned,
    switchover_rolled_back,
    failover,
    failover_refused,
    rejoin_incomplete,
    converge_incomplete,
)


@pytest.mark.parametrize("of", ALL, ids=lambda of: str(of.__name__))
def test_what_is_printed_is_what_the_file_has(of: Callable[[], list[str]]) -> None:
    path = PRINTED / f"{of.__name__}.txt"
    text = "\n".join(of()) + "\n"
    if os.environ.get("UPDATE_PRINTED"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_file_is_of_a_report() -> None:
    assert {path.stem for path in PRINTED.glob("*.txt")} == {of.__name__ for of in ALL}


def test_without_trouble_it_is_a_line_for_each_node_and_wave_and_eight() -> None:
    for of, waves in (
        (status_healthy, 0),
        (status_healthy_long_names, 0),
        (switchover, 5),
        (switchover_long_names, 5),
        # The waves of a plan are not printed, and the room is there for why a node was chosen.
        (switchover_planned, 5),
    ):
        # An empty line comes before the report, and is in what has waves.
        more = 0 if waves and of is not switchover_planned else 1
        assert len(of()) + more <= 3 + waves + 8, of.__name__


def test_what_is_well_is_green_and_what_is_not_is_not() -> None:
    assert status(cluster()).lines[0].colour == "green"
    lame = cluster()
    lame.stop("nso-1")
    lame.notice()
    told = status(lame)
    assert told.lines[0].colour == "red"
    assert [line.colour for line in told.lines if line.text.startswith("nso-1 ")] == ["yellow"]


def test_ids_are_printed_for_those_who_ask() -> None:
    whole = cluster()
    chosen = members()
    hosts = tuple(member.host for member in chosen)
    seen = results({OBSERVATION: whole.results()})
    run = replace(Run("run", "me@here", "", {}, "", hosts), inventory="-i inventory.yml")
    state_directories = stored.read(hosts, seen, "", lambda _process: False)
    told = status_report.status_report(run, chosen, [], seen, state_directories, NOW, verbose=True)
    assert "nso-2: last transaction nso-1/102.000000." in told.data["table"]
    assert not any("102.000000" in line for line in status(whole).data["table"])
