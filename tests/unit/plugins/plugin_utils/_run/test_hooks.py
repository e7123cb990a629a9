# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of tasks of the user's own: said in the lock, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._checks.consents import Nodes
from ansible_collections.nso.ha.plugins.plugin_utils._plan.hook_waves import Hooks, with_hooks
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import HOOK, Step, Wave
from ansible_collections.nso.ha.plugins.plugin_utils._run import hooks, progress, report
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import (
    CONFIRMATION,
    HOOK_PROBLEM,
    LOCK,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    Locks,
    StepResult,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.stored import Stored
from helpers.cases import (
    N1,
    N2,
    N3,
    NO_HISTORY,
    RUN_ID,
    Result,
    decision,
    lock,
    results,
    run,
)

EARLIER = "earlier"
GIVEN = {event: f"/etc/{event}.yml" for event in hooks.VARIABLES}
RUN = replace(run([N1, N2, N3], "switchover"), hooks=GIVEN)


def wave(event: str, host: str = "n1", about: str = "") -> Wave:
    step = Step(host, "", about, (event,), "because", name=f"{event} {about or host}")
    return Wave(event, (step,), kind=HOOK)


def said(event: str, about: str = "n1", run_id: str = RUN_ID, **more: Any) -> Result:
    """Return what the lock says once the tasks have confirmed."""
    name = f"{event} {about}"
    lists = {"fenced": [about]} if event == "fence" else {"confirmed": [name]}
    return {"run_id": run_id, "step": f"confirmed {name}", "lock": lock(RUN_ID, **lists), **more}


def after(hook: Wave, by_name: dict[str, Any], going: Decision | None = None) -> Decision:
    going = going or decision()
    return hooks.after_hook(going, hook, RUN, results(by_name), 7.0)


@pytest.mark.parametrize("event", hooks.VARIABLES)
@pytest.mark.parametrize(
    ("change", "done"),
    [
        ({}, True),
        ({"run_id": EARLIER}, False),
        ({"step": "confirmed fence n9"}, False),
        ({"lock": lock(RUN_ID)}, False),
        ({"lock": lock("another", fenced=["n1"], confirmed=["withdraw n1"])}, False),
        ({"lock": None, "failed": True}, False),
        (None, False),
    ],
)
def test_a_hook_is_done_only_if_the_lock_of_this_run_says_so(
    event: str, change: Result | None, done: bool
) -> None:
    hook = wave(event, *(("n2", "n1") if event == "fence" else ()))
    host = hook.steps[0].host
    read = {} if change is None else {CONFIRMATION: {host: {**said(event), **change}}}
    judged = after(hook, read)
    (step,) = judged.progress.steps
    assert step.outcome == ("done" if done else "failed")
    assert step.given == ((event,) if done else ())
    # A failed announcement forbids nothing: the others have to follow all the same.
    assert judged.progress.refused == (not done and event != "announce")
    assert done or "have not confirmed, in the lock on" in step.message
    assert not judged.progress.acted
    # What was read before the tasks ran proves nothing.
    if done:
        stale = after(hook, {LOCK: {host: said(event)}}).progress.steps[0]
        assert stale.outcome == "failed"


def test_a_task_that_failed_and_a_file_that_was_edited_are_told() -> None:
    problem = {"run_id": RUN_ID, "step": "withdraw n1", "text": "the balancer is {stuck}"}
    judged = after(wave("withdraw"), {HOOK_PROBLEM: {"n1": problem}})
    (verdict,) = judged.not_passed
    assert (verdict.check, verdict.host) == ("withdraw", "n1")
    assert verdict.reason.startswith("the balancer is {stuck}. It was not told to stop")
    assert "-e nso_ha_withdraw_tasks=''" in verdict.reason
    edited = hooks.after_reading(decision(), "it has no tasks")
    assert not edited.progress.refused
    step = after(wave("backup"), {}, edited).progress.steps[0]
    assert step.message.startswith("it has no tasks. Its data was not overwritten")


def test_a_consent_holds_where_there_are_backup_tasks_only_for_what_they_backed_up() -> None:
    agreed = Nodes(frozenset(("n2", "n3")), frozenset((("n2", "a"), ("n3", "b"))))
    backed = decision().with_progress(
        steps=(
            StepResult("backup", "backup n2", "n2", ("backup",), ("backup",), "", "done"),
            StepResult("backup", "backup n3", "n3", ("backup",), (), "", "failed"),
        )
    )
    only = Nodes(frozenset(("n2",)), frozenset((("n2", "a"),)))
    assert hooks.backed_up(agreed, backed, RUN) == only
    assert hooks.backed_up(agreed, backed, replace(RUN, hooks={})) == agreed


def steps(name: str, *hosts: str, relation: str = "") -> Wave:
    return Wave(name, tuple(Step(host, "", "", (), "", relation=relation) for host in hosts))


def placed(*waves: Wave, given: Any = tuple(GIVEN), **more: Any) -> list[str]:
    """Return the waves of a plan with hooks; a hook with its hosts."""
    told = Hooks(given, **{"candidate": "n2", **more})
    return [
        f"{one.name} {' '.join(step.name.split()[1] for step in one.steps)}"
        if one.kind == HOOK
        else one.name
        for one in with_hooks(waves, told)
    ]


def test_each_hook_is_right_before_or_after_what_it_is_for() -> None:
    handing = [steps(name, "n1") for name in ("dead", "leave", "catch_up", "hand_over")]
    promote, follow = steps("promote", "n2"), steps("secondaries", "n1", "n3")
    lost = steps("secondaries", "n3", relation="diverged")
    assert placed(*handing, promote, follow) == [
        *("dead", "leave", "catch_up", "withdraw n1", "hand_over"),
        *("promote", "announce n2", "secondaries"),
    ]
    # Nothing has been done yet where a withdrawal without a hand-over fails.
    assert placed(steps("leave", "n3"), steps("step_down", "n1"), candidate="") == [
        *("withdraw n1", "leave", "step_down"),
    ]
    assert placed(promote, steps("open", "n2"), steps("relays", "n3"), lost) == [
        *("promote", "open", "announce n2", "relays", "backup n3", "secondaries"),
    ]
    assert placed(promote, fence=("n1", "n3"))[:3] == ["fence n1", "fence n3", "promote"]
    assert placed(promote, given=()) == ["promote"]


def test_a_primary_that_was_announced_is_not_announced_again() -> None:
    assert placed() == ["announce n2"]
    assert placed(announced=True) == []
    assert placed(steps("promote", "n2"), announced=True) == ["promote", "announce n2"]
    assert placed(candidate="") == []


def test_a_hook_alone_is_no_change_of_the_cluster() -> None:
    judged = after(wave("withdraw"), {})
    told = report.report(RUN, [N1, N2, N3], judged, results({}), Stored(NO_HISTORY), 0.0).data
    assert (told["outcome"], told["changed"]) == ("refused", False)


AGAIN = (
    "To announce it again, and do nothing else: ansible-playbook nso.ha.rejoin "
    "-e nso_ha_announce_tasks=/etc/announce.yml."
)


def taken(name: str, outcome: str = "done") -> StepResult:
    return StepResult(name, name, "n1", (name,), (), "", outcome)


@pytest.mark.parametrize(
    ("names", "outcome", "why"),
    [
        (["withdraw"], "done", "its withdraw tasks were run, and it is primary still"),
        (["withdraw"], "failed", "its withdraw tasks were run, and it is primary still"),
        (["promote"], "done", "it is primary, and has not been announced"),
        (["promote", "announce"], "failed", "it is primary, and its announcement is not confirmed"),
        (["withdraw", "announce"], "done", ""),
        (["catch_up", "promote", "announce"], "done", ""),
        (["catch_up"], "done", ""),
    ],
)
def test_a_primary_that_clients_may_not_find_is_named_with_the_command_that_announces_it(
    names: list[str], outcome: str, why: str
) -> None:
    first = [taken(name) for name in names[:-1]]
    going = decision(steps=(*first, taken(names[-1], outcome)))
    told = hooks.not_to_be_found(RUN, going, "n1")
    assert told == ([f"Clients may not find n1: {why}.", AGAIN] if why else [])
    assert hooks.not_to_be_found(RUN, going, "n2") == []
    without = hooks.not_to_be_found(replace(RUN, hooks={}), going, "n1")
    assert len(without) == (2 if why and names != ["promote"] else 0)
    assert AGAIN not in without


@pytest.mark.parametrize(("withdrawn", "reversible"), [("done", True), ("failed", False)])
def test_a_primary_that_was_withdrawn_and_cannot_hand_over_is_brought_back(
    withdrawn: str, reversible: bool
) -> None:
    given = (taken("withdraw", withdrawn),)
    locks = Locks(hosts=("n1", "n2"))
    going = decision(steps("hand_over", "n1"), steps=given, locked=("n1", "n2"), locks=locks)
    judged = progress.after_renewal(going, "now", results({}), 7.0)
    assert judged.progress.refused
    assert judged.progress.reversible == reversible
