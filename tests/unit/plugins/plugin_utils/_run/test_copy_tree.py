# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who copies whom, as a tree: only where there are relays."""

from __future__ import annotations

from ansible_collections.nso.ha.plugins.module_utils._node.state import Peer
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import Answer
from ansible_collections.nso.ha.plugins.plugin_utils._run import copy_tree, status_report, stored
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import OBSERVATION, Results
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import Run
from helpers.cases import RUN_ID, SILENT, Observed, answer, look, member

N1, N2, N3 = member(1, "primary"), member(2, "relay"), member(3, upstream="n2")
N4, N5, N6 = member(4, upstream="n2"), member(5), member(6)
MEMBERS = (N1, N2, N3, N4, N5, N6)

WHOLE: dict[str, Answer] = {
    "n1": answer("primary", None, N2, N5),
    "n2": answer("relay", N1, N3, N4),
    "n3": answer("secondary", N2),
    "n4": answer("secondary", N2),
    "n5": answer("secondary", N1),
    "n6": answer("none"),
}


def test_each_node_is_below_the_one_that_it_copies() -> None:
    assert copy_tree.lines(MEMBERS, WHOLE) == [
        "",
        "Who copies whom:",
        "n1  primary",
        "+- n2  relay",
        "|  +- n3  secondary",
        "|  +- n4  secondary",
        "+- n5  secondary",
        "n6  none",
    ]


def test_what_is_not_as_it_should_be_is_told() -> None:
    observed: Observed = {
        **WHOLE,
        "n1": answer("primary", None, N2, N5),
        "n2": answer("relay", N1, N3),
        "n3": SILENT,
        "n5": SILENT,
        "n6": answer("secondary", Peer("id9", "10.0.0.9")),
    }
    assert copy_tree.lines(MEMBERS, observed)[2:] == [
        "n1  primary",
        "+- n2  relay",
        "|  +- n3  no answer",
        "|  +- n4  secondary, not connected",
        "+- n5  no answer",
        "n6  secondary of id9",
    ]


def test_relays_that_follow_each_other_are_told_once_each() -> None:
    observed: Observed = {
        "n1": answer("relay", N2, N2),
        "n2": answer("relay", N1, N1),
        "n3": answer("secondary"),
    }
    assert copy_tree.lines((N1, N2, N3), observed)[2:] == [
        "n3  secondary of an unknown node",
        "n1  relay",
        "+- n2  relay",
    ]


def test_without_a_relay_there_is_no_tree() -> None:
    plain: Observed = {"n1": answer("primary", None, N3), "n3": answer("secondary", N1)}
    assert copy_tree.lines((N1, N3), plain) == []


def test_the_report_of_status_ends_with_the_tree() -> None:
    results = Results(RUN_ID, {host: {OBSERVATION: look(seen)} for host, seen in WHOLE.items()})
    hosts = tuple(WHOLE)
    run = Run(RUN_ID, "ops@bastion", "2026-11-28T20:00:00Z", {}, "", hosts)
    found = stored.read(hosts, results, "", lambda process: False)
    printed = status_report.status_report(run, MEMBERS, [], results, found, 0.0).data["table"]
    tree = copy_tree.lines(MEMBERS, WHOLE)
    assert printed[-len(tree) :] == tree
