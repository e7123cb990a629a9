# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is reported as: each outcome, the write gap, and a table that fits a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import FAILED, Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import PromotionHistory
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import (
    planning,
    progress,
    report,
    status_report,
    write_gap,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import (
    ENDED,
    OBSERVATION,
    STEP,
    VERIFICATION,
    Results,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    Run,
    StepResult,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.stored import Stored
from helpers import cases
from helpers.cases import BY_N2, N1, N2, N3, Result, answer, known, member, results, said, status
from helpers.cluster_model import Cluster, Flight, Node
from helpers.cluster_play import Play
from helpers.cluster_strategies import situations
from helpers.plans import whole
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

HOSTS = ["n1", "n2"]
NOTHING = Stored(PromotionHistory())
#: The time of all reports, in seconds since 1970.
NOW = 1_764_000_000.0

PRIMARY, ALONE = {"ha": status(answer("primary"))}, {"ha": status(answer("none"))}
LINKED = {
    "n1": {"ha": status(answer("primary", None, N2))},
    "n2": {"ha": status(answer("secondary", N1))},
}
NEWER = {"ha": status(answer("none", txid=cases.NEW))}
UNTOUCHED = {"n1": PRIMARY, "n2": ALONE}
SKIPPED: Result = {"skipped": True, "changed": False}
ORDERED: Result = {
    "outcome": "done",
    "changed": True,
    "transitions": ["besecondary"],
    "after": status(answer("secondary", N1)),
}


def told_of(
    run: Run,
    members: Sequence[Member],
    decision: Decision,
    returned: Results,
    *,
    ended: bool = True,
) -> Result:
    """Return the report of a run on nodes whose state directories say nothing."""
    return report.report(run, members, decision, returned, NOTHING, NOW, ended=ended).data


def reported(
    observed: dict[str, Result],
    steps: Sequence[Result] = (),
    verified: dict[str, Result] | None = None,
    *,
    dry: bool = False,
    members: tuple[Member, ...] = (N1, N2),
    **more: Any,
) -> Result:
    """Return the report of a run in which n2 had these steps; `more` is of its progress."""
    about = known(members, observed, dry=dry)
    decision = planning.plan(about)
    for wave, result in zip(decision.plan.waves, steps, strict=True) if steps else ():
        step_result = said(wave.name, **result) if "outcome" in result else result
        decision = progress.after_wave(decision, wave, results({STEP: {"n2": step_result}}), 0.0)
    returned = results({OBSERVATION: observed, VERIFICATION: verified or {}})
    return told_of(about.run, members, decision.with_progress(**more), returned)


def done(told: Result) -> dict[str, str]:
    return {node["host"]: node["done"] for node in told["nodes"]}


def problem(told: Result, host: str) -> str:
    (text,) = [node["problem"] for node in told["nodes"] if node["host"] == host]
    return str(text)


def table(told: Result) -> str:
    """Return the lines of the table as one."""
    return " ".join(line.strip() for line in told["table"])


# What could not be recorded or given back


def test_what_could_not_be_given_back_is_in_the_report_and_changes_no_outcome() -> None:
    about = known((N1, N2), LINKED)
    decision = planning.plan(about).with_progress(locked=("n1", "n2"))
    failed = said(failed=True, msg="cannot log", lock=cases.lock())
    exposed = said(
        ha=status(answer("primary", None, N2)),
        state_directory=cases.directory(exposed=["group id 5 can write to /state"]),
    )
    returned = results(
        {
            OBSERVATION: {**LINKED, "n1": exposed},
            ENDED: {"n1": failed, "n2": said(changed=True)},
        }
    )
    told = told_of(about.run, (N1, N2), decision, returned)
    assert told["outcome"] == "done"
    given_back, other = told["warnings"]
    assert given_back.startswith("n1: cannot log. Its lock stays")
    assert other == "n1: group id 5 can write to /state"
    assert "Warning: n1: cannot log. Its lock stays" in table(told)
    assert table(told).endswith("Warning: n1: group id 5 can write to /state.")
    # While the locks are held, and where nothing was locked, there is nothing to give back yet.
    before = told_of(about.run, (N1, N2), decision, returned, ended=False)
    assert before["warnings"] == [other]
    dry = replace(about.run, dry=True)
    assert told_of(dry, (N1, N2), decision, returned)["warnings"] == [other]


# Outcomes


def test_done_where_nothing_was_needed() -> None:
    told = reported(LINKED)
    assert (told["outcome"], told["changed"]) == ("done", False)
    assert done(told) == {"n1": "nothing", "n2": "nothing"}
    assert told["table"][:2] == [
        "Converge done: the cluster matches the plan.",
        "healthy: n1 is primary, 1 of 1 secondary in sync",
    ]


def test_done_where_steps_were_done_and_verified_from_both_ends() -> None:
    told = reported(UNTOUCHED, [ORDERED], LINKED)
    assert (told["outcome"], told["changed"]) == ("done", True)
    assert done(told)["n2"] == "besecondary"


def test_planned_where_a_run_only_says_what_it_would_do() -> None:
    told = reported(UNTOUCHED, dry=True)
    assert (told["outcome"], told["changed"]) == ("planned", False)
    assert done(told) == {"n1": "nothing", "n2": "would besecondary"}


def test_what_a_rehearsal_only_tells_is_in_the_table_and_refuses_nothing() -> None:
    told = reported(UNTOUCHED, dry=True, verdicts=(Verdict("rehearsal", "passed", "sees", "n2"),))
    assert told["outcome"] == "planned"
    assert told["verdicts"] == []
    assert "n2 sees." in told["table"]


def test_done_where_such_a_run_would_do_nothing() -> None:
    assert reported(LINKED, dry=True)["outcome"] == "done"


def test_refused_before_anything_was_done() -> None:
    told = reported({"n1": PRIMARY, "n2": NEWER})
    assert (told["outcome"], told["changed"]) == ("refused", False)
    assert done(told)["n2"] == "refused"
    assert [verdict["check"] for verdict in told["verdicts"]] == ["overwrite"]
    assert "(overwrite failed) n2 has newer data than the primary" in table(told)
    assert "Converge refused; nothing was changed." in table(told)


def test_refused_where_the_inventory_is_wrong() -> None:
    assert reported(UNTOUCHED, members=(N2,))["outcome"] == "refused"


def test_incomplete_where_a_node_does_not_answer_and_the_rest_is_right() -> None:
    told = reported({**LINKED, "n2": {"unreachable": True, "msg": "no route\nmore"}})
    assert told["outcome"] == "incomplete"
    assert done(told)["n2"] == "blocked"
    assert problem(told, "n2") == "Ansible cannot reach it: no route"


@pytest.mark.parametrize("orders", [["besecondary"], []])
def test_incomplete_where_a_step_failed_though_nothing_changed(orders: list[str]) -> None:
    failed = {"outcome": "failed", "failed": True, "msg": "HA_CONNECT", "transitions": orders}
    told = reported(UNTOUCHED, [failed], {"n1": PRIMARY, "n2": ALONE})
    assert told["outcome"] == "incomplete"
    assert problem(told, "n2") == "HA_CONNECT"
    assert done(told)["n2"] == ("besecondary FAILED" if orders else "not done")


def test_two_primaries_are_an_outcome_of_their_own_whatever_was_done() -> None:
    both = {"n1": PRIMARY, "n2": PRIMARY}
    told = reported(UNTOUCHED, [ORDERED], both)
    assert told["outcome"] == "two_primaries"
    assert told["primary"]["after"] == ""
    assert "TWO PRIMARIES: n1 and n2 are primary at the same time" in table(told)
    assert "then run: ansible-playbook nso.ha.rejoin" in table(told)
    assert "matches the plan" not in table(told)
    # A run that refused, as there are two, and did nothing, is refused, and says it, too.
    refused = reported(both)
    assert refused["outcome"] == "refused"
    assert "TWO PRIMARIES: n1 and n2" in table(refused)


# The message


def test_the_message_has_the_reasons_and_the_next_step_and_no_word_of_a_table() -> None:
    assert reported(LINKED)["message"] == "Converge done: the cluster matches the plan."
    refused = reported({"n1": PRIMARY, "n2": NEWER})
    (verdict,) = refused["verdicts"]
    # The consent is in the command.
    reason, consent = verdict["reason"].split(". If that data may go: ")
    assert consent == "-e nso_ha_allow_overwrite=n2@id1/6.000000"
    assert refused["message"] == (
        f"converge refused: (overwrite failed) n2 {reason}. "
        "Nothing was changed. If the data of n2 may go, run: ansible-playbook nso.ha.converge "
        "-e nso_ha_allow_overwrite=n2@id1/6.000000"
    )
    silent = reported({**LINKED, "n2": {"unreachable": True, "msg": "no route"}})
    assert silent["message"] == (
        "converge incomplete: (n2) Ansible cannot reach it: no route. "
        "Resolve this and run it again: ansible-playbook nso.ha.converge"
    )


def test_the_message_of_two_primaries_names_them_whatever_the_outcome() -> None:
    both = {"n1": PRIMARY, "n2": PRIMARY}
    told = reported(UNTOUCHED, [ORDERED], both)
    assert told["message"].startswith("converge two_primaries: TWO PRIMARIES: n1 and n2 are")
    assert told["message"].endswith("then run: ansible-playbook nso.ha.rejoin")
    refused = reported(both)["message"]
    assert refused.startswith("converge refused: TWO PRIMARIES: n1 and n2 are")
    assert "(one_primary failed)" in refused


def test_a_message_that_would_be_long_says_how_many_reasons_it_leaves_out() -> None:
    verdicts = [Verdict("lock", FAILED, f"reason {i}.", f"n{i}") for i in range(10)]
    about = known((N1, N2), UNTOUCHED)
    decision = planning.plan(about).with_verdicts(verdicts)
    message = told_of(about.run, (N1, N2), decision, results({}))["message"]
    assert "(lock failed) n5 reason 5. There are 4 more reasons in nso_ha_result. " in message
    assert "reason 6" not in message


def test_unknown_where_a_step_could_not_be_withdrawn() -> None:
    told = reported(UNTOUCHED, [ORDERED], LINKED, undecided=True)
    assert (told["outcome"], told["changed"]) == ("unknown", True)


def test_incomplete_where_the_run_stopped_after_a_step_was_done() -> None:
    assert reported(UNTOUCHED, [ORDERED], LINKED, refused=True)["outcome"] == "incomplete"


def test_incomplete_where_only_one_end_says_that_there_is_a_link() -> None:
    verified: dict[str, Result] = {**LINKED, "n1": {**PRIMARY, "failed": True, "msg": "no id2"}}
    told = reported(UNTOUCHED, [ORDERED], verified)
    assert told["outcome"] == "incomplete"
    assert problem(told, "n1") == "no id2"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "lost",
    [{"unreachable": True, "msg": "no route"}, {"failed": True, "msg": "no answer", "ha": None}],
)
def test_incomplete_where_a_node_could_not_be_verified(host: str, lost: Result) -> None:
    told = reported(UNTOUCHED, [ORDERED], {**LINKED, host: lost})
    assert told["outcome"] == "incomplete"
    assert problem(told, host) == lost["msg"]


def test_incomplete_where_a_node_dropped_out_before_it_was_verified() -> None:
    told = reported(UNTOUCHED, [ORDERED], {"n1": LINKED["n1"]})
    assert told["outcome"] == "incomplete"
    assert problem(told, "n2") == "it dropped out of the play before it was verified"


@pytest.mark.parametrize(
    "result",
    [
        {"outcome": "unknown", "failed": True, "msg": "EOF", "transitions": ["besecondary"]},
        {"unreachable": True, "msg": "connection lost"},
        {"failed": True, "msg": "MODULE FAILURE", "module_stdout": "", "rc": 137},
    ],
)
def test_unknown_where_an_order_may_have_been_given_without_an_answer(result: Result) -> None:
    told = reported(UNTOUCHED, [result], {"n1": PRIMARY, "n2": SKIPPED})
    assert (told["outcome"], told["changed"]) == ("unknown", True)
    assert problem(told, "n2") == result["msg"]
    assert "whether an order was carried out is not known" in table(told)
    assert done(told)["n2"] == ("besecondary FAILED" if "outcome" in result else "not known")


def test_the_last_that_is_known_of_a_node_is_shown() -> None:
    def role(told: Result) -> str:
        return str(told["nodes"][1]["role"])

    relay = {"n2": {"ha": status(answer("relay", N1))}}
    assert role(reported(UNTOUCHED)) == "none"
    assert role(reported(UNTOUCHED, [ORDERED])) == "secondary"
    assert role(reported(UNTOUCHED, [ORDERED], relay)) == "relay"
    lost = {"unreachable": True, "msg": "connection lost"}
    assert role(reported(UNTOUCHED, [lost], {"n2": lost})) == "None"


# Whole operations


def run(cluster: Cluster, operation: str, before: Callable[[str], object] | None = None) -> Result:
    """Return the report of an operation on n1, n2 and n3."""
    play = Play([N1, N2, N3], cluster, operation, before=before or (lambda _change: None))
    play.run()
    return play.report


def test_a_switchover_tells_from_whom_to_whom_and_which_nodes_were_not_chosen() -> None:
    told = run(whole(), "switchover")
    assert (told["outcome"], told["changed"]) == ("done", True)
    assert told["primary"] == {"before": "n1", "after": "n2"}
    assert told["election"] == {
        "n1": "it is the one that hands over",
        "n3": "is equal to n2 in data and priority, and comes after it by name",
    }
    assert told["table"][0] == "Switchover done, from n1 to n2."
    assert told["remaining"] == []
    assert [step["wave"] for step in told["steps"]] == [
        "catch_up",
        "hand_over",
        "promote",
        "secondaries",
        "secondaries",
        "release",
    ]


def test_where_the_candidate_does_not_catch_up_the_run_is_refused_and_nothing_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = whole()

    def lags(_node: Node, wait_for: Result) -> list[str]:
        return ["txid"] if "txid" in wait_for else []

    monkeypatch.setattr(cluster, "unmet", lags)
    told = run(cluster, "switchover")
    assert (told["outcome"], told["changed"]) == ("refused", False)
    assert [step["wave"] for step in told["steps"]] == ["catch_up"]
    assert told["primary"] == {"before": "n1", "after": "n1"}
    assert told["write_gap"] == {"seconds": None, "means": "none"}
    assert cluster.primaries() == {"n1"}
    assert not cluster.nodes["n1"].read_only


def test_a_failover_is_done_although_the_former_primary_does_not_answer() -> None:
    cluster = whole()
    cluster.stop("n1")
    cluster.notice()
    told = run(cluster, "failover")
    assert told["outcome"] == "done"
    assert told["primary"] == {"before": "n1", "after": "n2"}
    assert told["table"][1] == "degraded: n2 is primary; n1 does not answer"


def test_a_converge_is_not_done_while_any_node_does_not_answer() -> None:
    cluster = whole()
    cluster.nodes["n3"].reachable = False
    told = run(cluster, "converge")
    assert told["outcome"] == "incomplete"
    assert told["remaining"] == ["n3: no answer from n3"]


def test_a_cluster_that_was_torn_down_is_told_so() -> None:
    told = run(whole(), "tear_down")
    assert told["outcome"] == "done"
    text = "The cluster has been torn down. Every node has role none and accepts writes."
    assert text in table(told)


def test_what_was_not_done_after_a_failure_is_still_to_be_done() -> None:
    cluster = whole()

    def before(change: str) -> None:
        if change == "besecondary n3":
            cluster.nodes["n2"].reachable = False

    told = run(cluster, "switchover", before)
    assert told["outcome"] == "incomplete"
    assert any(line.startswith("n3: besecondary") for line in told["remaining"])
    assert any(line.startswith("n1: writable") for line in told["remaining"])


def switched_while(spoil: Callable[[Cluster], object]) -> tuple[Cluster, Result]:
    """Return what a switchover comes to if this happens just before the old primary steps down."""
    cluster = whole()

    def before(change: str) -> None:
        if change == "benone n1":
            spoil(cluster)

    return cluster, run(cluster, "switchover", before)


def test_what_was_rolled_back_is_as_before_and_says_why_it_failed() -> None:
    def lack(cluster: Cluster) -> None:
        # One that was let in before read-only mode, and of which n2 does not hear.
        cluster.nodes["n1"].listed.pop("id2")
        assert cluster.land(Flight("n1", cluster.nodes["n1"].turn, "late"))

    cluster, told = switched_while(lack)
    assert told["outcome"] == "rolled_back"
    assert cluster.primaries() == {"n1"}
    assert told["primary"] == {"before": "n1", "after": "n1"}
    assert [verdict["check"] for verdict in told["verdicts"]] == ["step"]
    assert told["remaining"] == []


def test_data_that_only_the_candidate_has_does_not_keep_the_former_primary_from_coming_back() -> (
    None
):
    def write(cluster: Cluster) -> None:
        cluster.benone("n2")
        assert cluster.write("n2", "only here")

    cluster, told = switched_while(write)
    assert cluster.primaries() == {"n1"}
    assert not cluster.nodes["n1"].read_only
    assert "only here" in cluster.nodes["n2"].data
    assert told["outcome"] == "incomplete"
    assert {(verdict["check"], verdict["host"]) for verdict in told["verdicts"]} == {("step", "n2")}


# The read-only mode of an administrator


def moved(*closed: str, **more: Any) -> Result:
    """Return the report of a switchover of a cluster with these nodes in that mode."""
    cluster = whole()
    for host in closed:
        cluster.nodes[host].read_only = True
    play = Play([N1, N2, N3], cluster, "switchover", **more)
    play.run()
    assert {host for host, node in cluster.nodes.items() if node.read_only} == set(closed)
    return play.report


def test_it_is_told_and_gives_no_write_gap() -> None:
    told = moved("n1", "n2")
    assert told["outcome"] == "done"
    assert told["primary"] == {"before": "n1", "after": "n2"}
    assert "n1 and n2 are read-only (administrator)." in table(told)
    assert "the new primary" not in table(told)
    assert told["write_gap"] == {"seconds": None, "means": "not known"}
    assert done(told)["n1"] == "benone besecondary"


def test_a_new_primary_that_takes_writes_beside_a_read_only_one_is_told() -> None:
    refused = moved("n1")
    assert refused["outcome"] == "refused"
    assert "(read_only failed)" in table(refused)
    told = moved("n1", override="read_only")
    assert told["outcome"] == "done"
    assert "n1 is read-only (administrator). n2, the new primary, takes writes." in table(told)


def test_a_cluster_that_was_torn_down_does_not_take_writes_where_it_is_read_only() -> None:
    cluster = whole()
    for closed, end in ((True, "has role none."), (False, "has role none and accepts writes.")):
        cluster.nodes["n1"].read_only = closed
        play = Play([N1, N2, N3], cluster.copy(), "tear_down")
        play.run()
        assert f"The cluster has been torn down. Every node {end}" in table(play.report)


# The write gap


def taken(
    wave: str, start: float | None, end: float | None, finished: float, outcome: str = "done"
) -> StepResult:
    times = {"start": start, "end": end, "finished": finished}
    given = ("read_only", "benone") if wave == "hand_over" else ("x",)
    return StepResult(wave, wave, "n1", given, given, "because", outcome, **times)  # type: ignore[arg-type]


def gap(
    *steps: StepResult, started: float = 100.0, primary: str = "n1"
) -> tuple[float | None, str]:
    measured = write_gap.write_gap(cases.decision(steps=steps, started=started), primary)
    return measured["seconds"], measured["means"]


def test_it_is_measured_from_read_only_mode_to_the_answer_of_the_new_primary() -> None:
    assert gap(
        taken("catch_up", None, None, 100.5),
        taken("hand_over", 101.0, 101.2, 102.0),
        taken("promote", 104.1, 104.25, 105.0),
        taken("secondaries", 105.1, 109.0, 110.0),
    ) == (3.25, "measured")


@pytest.mark.parametrize("end", [50.0, 500.0, None])
def test_clocks_that_do_not_agree_leave_what_the_controller_saw(end: float | None) -> None:
    assert gap(
        taken("dead", 1.0, 1.1, 100.5),
        taken("hand_over", 101.0, 101.2, 102.0),
        taken("promote", 104.1, end, 105.0),
    ) == (4.5, "at most")


def test_without_a_step_before_it_counts_from_the_lock() -> None:
    assert gap(taken("hand_over", None, None, 102.0), taken("promote", None, None, 105.0)) == (
        5.0,
        "at most",
    )


def test_a_primary_that_steps_down_without_a_hand_over_begins_it() -> None:
    assert gap(taken("step_down", 101.0, 101.1, 102.0), taken("promote", 102.0, 103.0, 104.0)) == (
        2.0,
        "measured",
    )


def test_after_a_roll_back_it_ends_when_the_former_primary_is_writable_again() -> None:
    assert gap(
        taken("hand_over", 101.0, 101.2, 102.0),
        taken("promote", 102.5, 102.6, 103.0, "failed"),
        taken("promote", 103.1, 103.2, 104.0),
        taken("open", 104.5, 104.75, 105.0),
    ) == (3.75, "measured")


def test_it_is_not_known_when_it_began_after_a_failover() -> None:
    assert gap(taken("promote", 104.1, 104.2, 105.0)) == (None, "not known")


def test_it_is_not_known_when_it_began_where_the_primary_was_closed_before() -> None:
    closed = replace(taken("hand_over", 101.0, 101.2, 102.0), given=("benone",))
    assert gap(closed, taken("promote", 103.0, 103.5, 104.0)) == (None, "not known")
    failed = replace(closed, outcome="failed")
    assert gap(failed, taken("open", 103.0, 103.5, 104.0)) == (2.5, "measured")


def test_it_is_not_known_when_it_ends_where_no_node_became_primary() -> None:
    assert gap(taken("hand_over", 101.0, 101.2, 102.0)) == (None, "not known")
    assert gap(
        taken("hand_over", 101.0, 101.2, 102.0), taken("promote", 103.0, 103.5, 104.0, "unknown")
    ) == (None, "not known")


def test_there_is_none_where_the_primary_stays() -> None:
    assert gap() == (None, "none")
    assert gap(taken("secondaries", 101.0, 102.0, 103.0)) == (None, "none")


# Status


def compared(
    members: tuple[Member, ...],
    observed: dict[str, Result],
    state_directories: Stored = NOTHING,
    problems: Sequence[str] = (),
) -> Result:
    about = known(members, observed, "")
    run = replace(about.run, problems=())
    return status_report.status_report(
        run, members, problems, about.results, state_directories, NOW
    ).data


def test_status_of_nodes_that_were_not_asked_says_so() -> None:
    about = known((N1, N2), {}, "")
    run = replace(about.run, problems=("run_once.",))
    told = status_report.status_report(
        run, (N1, N2), run.problems, about.results, NOTHING, NOW
    ).data
    assert told["outcome"] == "incomplete"
    assert told["message"] == "status incomplete: No node was asked. (topology failed) run_once."


def test_status_of_a_cluster_that_is_right() -> None:
    told = compared((N1, N2), LINKED)
    assert (told["outcome"], told["changed"]) == ("done", False)
    assert done(told) == {"n1": "as wanted", "n2": "as wanted"}
    assert told["table"][-1] == "The cluster matches the inventory."


def test_status_tells_what_nodes_tell_of_themselves() -> None:
    first: Result = {**LINKED["n1"]["ha"], "nso_version": "6.7", "read_only": True}
    second: Result = {**LINKED["n2"]["ha"], "primary": {"node_id": "id1", "address": None}}
    own = {"rule_based_ha": True, "raft": True, "ha_enabled": False}
    told = compared((N1, N2), {"n1": {"ha": first}, "n2": {"ha": {**second, **own}}})
    # What is in the way of an operation does not make the cluster another one.
    assert told["outcome"] == "done"
    assert [(node["nso_version"], node["read_only"]) for node in told["nodes"]] == [
        ("6.7", True),
        (None, None),
    ]
    assert told["nodes"][1]["primary"] == {"node_id": "id1", "address": None}
    text = table(told)
    assert "n1 is read-only (administrator)." in text
    for reason in ("n2 has NSO's rule-based HA enabled", "n2 takes part in NSO's HA Raft"):
        assert reason in text
    assert "n2 has HA not enabled in ncs.conf" in text
    assert "does not tell" not in text

    held = said(ha=first, state_directory=cases.directory(read_only=cases.lock() | {"at": "noon"}))
    assert "(administrator)" not in table(compared((N1, N2), {**LINKED, "n1": held}))


def test_a_primary_that_does_not_tell_its_secondaries_is_named_in_status_and_plan() -> None:
    untold = {"ha": {**LINKED["n1"]["ha"], "secondaries": None}}
    text = "n1 does not tell which secondaries are connected to it"
    told = compared((N1, N2), {**LINKED, "n1": untold})
    assert (told["outcome"], text in table(told)) == ("done", True)
    assert text in table(reported({**LINKED, "n1": untold}, dry=True))


def test_a_follower_that_does_not_tell_its_primary_follows_the_one_that_lists_it() -> None:
    untold = {"ha": {**LINKED["n2"]["ha"], "primary": None, "look": "operational_state"}}
    told = compared((N1, N2), {**LINKED, "n2": untold})
    assert told["outcome"] == "done"
    assert told["nodes"][1]["primary"] == {"node_id": "id1", "address": None}
    assert "does not tell" not in table(told)
    assert not reported({**LINKED, "n2": untold}, dry=True)["verdicts"]


def test_whom_a_follower_follows_is_not_known_where_nobody_tells() -> None:
    first = {"ha": {**LINKED["n1"]["ha"], "secondaries": None}}
    second = {"ha": {**LINKED["n2"]["ha"], "primary": None, "look": "operational_state"}}
    told = compared((N1, N2), {"n1": first, "n2": second})
    assert told["outcome"] == "incomplete"
    assert done(told) == {"n1": "as wanted", "n2": "not known"}
    assert [node["role"] for node in told["nodes"]] == ["primary", "secondary"]
    text = table(told)
    assert "Whether the cluster matches the inventory is not known." in text
    assert "n2 does not tell which node it follows" in text
    planned = reported({"n1": first, "n2": second}, dry=True)
    assert planned["outcome"] == "incomplete"
    assert "(n2) it does not tell which node it follows" in table(planned)


def test_status_of_a_cluster_that_is_not() -> None:
    told = compared((N1, N2), {**LINKED, "n2": ALONE})
    assert told["outcome"] == "incomplete"
    assert done(told) == {"n1": "as wanted", "n2": "differs"}
    assert told["table"][-1] == "The cluster does not match the inventory."


def test_status_names_each_node_that_does_not_answer_and_why() -> None:
    told = compared((N1, N2), {"n1": LINKED["n1"], "n2": {"failed": True, "msg": "refused"}})
    assert told["outcome"] == "incomplete"
    assert done(told)["n2"] == "no answer"
    assert "(n2) refused." in told["table"]


@pytest.mark.parametrize("members", [(N1, N2), (member(1), N2)])
def test_status_shows_two_primaries_whatever_the_inventory_wants(
    members: tuple[Member, ...],
) -> None:
    told = compared(members, {"n1": PRIMARY, "n2": PRIMARY})
    assert told["outcome"] == "two_primaries"
    assert "TWO PRIMARIES: n1 and n2" in table(told)


@pytest.mark.parametrize(
    ("members", "problems", "text"),
    [
        ((N2,), [], "(topology failed) no node may be primary"),
        ((member(1),), ["n1: there is no token."], "(topology failed) n1: there is no token."),
    ],
)
def test_status_shows_what_was_observed_although_the_settings_are_wrong(
    members: tuple[Member, ...], problems: list[str], text: str
) -> None:
    told = compared(members, {"n1": PRIMARY, "n2": LINKED["n2"]}, problems=problems)
    assert told["nodes"][0]["role"] in ("primary", "secondary")
    assert done(told)[members[0].host] == "-"
    assert text in table(told)
    assert told["outcome"] == "incomplete"


def test_status_tells_what_must_not_be_relied_on_and_who_can_change_it() -> None:
    state_directories = replace(
        NOTHING, unusable=("n1: it has format 2",), exposed=("n2: group id 5",)
    )
    told = compared((N1, N2), LINKED, state_directories)
    assert "n1: it has format 2." in told["table"]
    assert "Warning: n2: group id 5." in told["table"]
    assert told["warnings"] == ["n2: group id 5"]


def test_status_tells_what_the_state_directories_say() -> None:
    state_directories = Stored(
        BY_N2,
        incomplete={"n1": "its promotion history lacks 1 of 2 promotions"},
        locked=("ada has it",),
        unfinished={"switchover": "r1"},
    )
    told = table(compared((N1, N2), LINKED, state_directories))
    for text in (
        "Last promotion: id2, by failover at one.",
        "ada has it.",
        "A switchover broke off (run r1).",
        "(n1) its promotion history lacks 1 of 2 promotions.",
    ):
        assert text in told


# The table


def test_a_table_in_full() -> None:
    told = reported(UNTOUCHED, dry=True)
    assert told["table"] == [
        "Converge planned; nothing was changed.",
        "degraded: n1 is primary; n2 does not follow n1",
        "Next: ansible-playbook nso.ha.converge",
        "",
        "NODE  ROLE     WANTED     DATA  PLAN",
        "n1    primary  primary    -     -",
        "n2    none     secondary  same  copies n1",
    ]


@given(situations(), st.sampled_from((1, 3, 14, 40, 255)), st.booleans())
@repeatable
def test_no_line_is_wider_than_a_terminal(
    situation: tuple[list[Member], Cluster], length: int, dry: bool
) -> None:
    members, cluster = situation
    for node in cluster.nodes.values():
        # What a node says need not be short, either.
        node.listed = {name.ljust(length, "x"): at for name, at in node.listed.items()}
        if node.upstream:
            node.upstream = (node.upstream[0].ljust(length, "x"), node.upstream[1])
    long = {member.host: member.host.ljust(length, "x") for member in members}
    renamed = [
        replace(member, host=long[member.host], upstream=long.get(member.upstream, ""))
        for member in members
    ]
    about = known(renamed, {long[host]: look for host, look in cluster.results().items()}, dry=dry)
    for told in (
        told_of(about.run, renamed, planning.plan(about), about.results),
        status_report.status_report(about.run, renamed, [], about.results, NOTHING, NOW).data,
    ):
        # What is to be copied is not broken, however long it is.
        wide = [line for line in told["table"] if len(line) > 79]
        words = [line.removesuffix(" \\").removeprefix("    -e ").split() for line in wide]
        assert all(len(of_line) == 1 for of_line in words), wide
        assert json.loads(json.dumps(told)) == told


def test_a_reason_that_ends_with_a_full_stop_does_not_get_two() -> None:
    failure = {"outcome": "failed", "failed": True, "msg": "It broke. It is now: none."}
    assert "(step failed) n2 It broke. It is now: none." in reported(UNTOUCHED, [failure])["table"]
