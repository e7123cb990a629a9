# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in which something breaks gives its locks back, whatever it is, and is not called done."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._run import decisions
from helpers.cases import N1, N2, N3
from helpers.cluster_model import Cluster
from helpers.cluster_modules import Modules, Result
from helpers.cluster_play import Play
from helpers.plans import whole

MEMBERS = [N1, N2, N3]

#: Changes in a switchover at which it breaks.
CHANGES = ("lock n2", "read_only True n1", "benone n1", "beprimary n2", "besecondary n3")


class CutOff(BaseException):
    """As Ansible raises it where a task has run into a time limit."""


def breaking(change: str, problem: BaseException) -> tuple[Cluster, Play]:
    """Return a switchover that breaks once, right before this change."""
    cluster = whole()
    left = [problem]

    def before(name: str) -> None:
        if name == change and left:
            raise left.pop()

    return cluster, Play(MEMBERS, cluster, "switchover", before=before)


def assert_not_locked(cluster: Cluster) -> None:
    assert all(node.lock is None for node in cluster.nodes.values())


@pytest.mark.parametrize("change", CHANGES)
def test_a_mistake_in_the_collection_ends_the_run_as_unknown(change: str) -> None:
    cluster, play = breaking(change, KeyError("n9"))
    play.walk()
    assert_not_locked(cluster)
    assert play.report["outcome"] == "unknown"
    assert "KeyError: 'n9'. This is a fault of the collection" in play.report["message"]
    assert len(cluster.primaries()) <= 1
    Play(MEMBERS, cluster, "switchover", "again", candidate="n2").run()
    assert cluster.primaries() == {"n2"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_that_is_cut_off_goes_no_further(change: str) -> None:
    cluster, play = breaking(change, CutOff())
    with pytest.raises(CutOff):
        play.walk()
    assert_not_locked(cluster)
    assert len(cluster.primaries()) <= 1


def test_a_node_whose_module_has_not_answered_counts_as_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(_modules: Modules, *_call: object) -> Result:
        return {"unreachable": True, "msg": "no route"}

    monkeypatch.setattr(Modules, "_give_role", lost)
    cluster = whole()
    cluster.benone("n3")
    play = Play(MEMBERS, cluster, "rejoin")
    play.walk()
    assert play.report["outcome"] == "unknown"
    assert play.changed == {"n3"}


def test_a_log_that_cannot_be_made_keeps_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = whole()
    report_of = decisions.report_of

    def broken(*arguments: object, **options: object) -> object:
        if not options["ended"]:
            raise KeyError("n9")
        return report_of(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(decisions, "report_of", broken)
    play = Play(MEMBERS, cluster, "switchover")
    play.run()
    assert_not_locked(cluster)
    assert play.report["outcome"] == "done"
