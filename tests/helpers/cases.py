# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases for the tests of what decides: members, observations, histories, runs and decisions.

A test says what matters to it; everything else has a plain value here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState, Peer
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import FAILED, PASSED, Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import (
    Promotion,
    PromotionHistory,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import (
    Answer,
    Observation,
    Silence,
)
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan import plan
from ansible_collections.nso.ha.plugins.plugin_utils._plan.plan import Step, Wave
from ansible_collections.nso.ha.plugins.plugin_utils._run import planning
from ansible_collections.nso.ha.plugins.plugin_utils._run.hooks import VARIABLES
from ansible_collections.nso.ha.plugins.plugin_utils._run.leases import Crowd
from ansible_collections.nso.ha.plugins.plugin_utils._run.planning import Known
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import OBSERVATION, Results
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    Locks,
    OperationPlan,
    Progress,
    Run,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import Limits, Settings

Result = dict[str, Any]
#: Results of one module, by host.
ByHost = Mapping[str, Mapping[str, Any]]

#: The run that the results of cluster_model.py are of.
RUN_ID = "run"


# Members


def member(number: int, role: str = "secondary", upstream: str = "", priority: int = 100) -> Member:
    """Return the member with this number: its host is n1, its node id is id1, and so on."""
    return Member(f"n{number}", f"id{number}", f"10.0.0.{number}", role, upstream, priority)


N1 = member(1, "primary")
N2, N3, N4 = member(2), member(3), member(4)


# Transaction ids and histories


def transaction(seconds: int, primary: str | None = "id1") -> TransactionId:
    """Return the id of a transaction at this time of its primary, id1 unless another is named."""
    return TransactionId(primary, (0, seconds, 0))


OLD, NEW = transaction(5), transaction(6)
#: Of a primary that no inventory knows, and of a node that was in no cluster.
ELSEWHERE, ALONE = transaction(5, "id9"), transaction(9, None)


def promotion(
    number: int,
    primary: str,
    base: TransactionId | None,
    start: int,
    operation: str = "converge",
    at: str = "noon",
    run_id: str = "r1",
) -> Promotion:
    """Return a promotion at this time of its primary's clock."""
    return Promotion(number, primary, base, (0, start, 0), at, operation, run_id)


NO_HISTORY = PromotionHistory()


def history(*promotions: Promotion) -> PromotionHistory:
    """Return the history of these promotions."""
    return PromotionHistory(promotions)


#: n1 was made primary last, or n2 was.
BY_N1 = history(promotion(1, "id1", None, 4))
BY_N2 = history(*BY_N1.all, promotion(2, "id2", OLD, 5, "failover", "one", "r2"))


# Observations

Observed = dict[str, Observation]


def answer(
    role: str,
    upstream: Member | Peer | None = None,
    *listed: Member,
    txid: TransactionId | None = OLD,
    phase: int = 2,
    held: bool = False,
) -> Answer:
    """Return a node that says that it has this role, follows this node, and lists these."""
    primary = Peer(upstream.node_id, upstream.address) if upstream else None
    peers = tuple(Peer(follower.node_id, follower.address) for follower in listed)
    return Answer(HaState(role, primary, peers), phase, txid, held=held)


#: A node that does not answer, and one whose host has shown that the daemon does not run.
SILENT, STOPPED = Silence("gone"), Silence("refused", reachable=True, stopped=True)


# What modules return


def said(step: str = "", run_id: str = RUN_ID, **result: object) -> Result:
    """Return a result that a module has made in this run, for this step."""
    return {"run_id": run_id, "step": step, **result}


def status(observed: Answer) -> Result:
    """Return the dictionary `ha` of what ncs_ha_status returns."""
    return {
        **observed.state.as_result(),
        **observed.facts._asdict(),
        "phase": observed.phase,
        "txid": observed.txid.as_dict() if observed.txid else None,
    }


def look(observed: Answer, step: str = "observe") -> Result:
    """Return what ncs_ha_status returns."""
    return said(step, ha=status(observed))


def lock(run_id: str = RUN_ID, steps: Iterable[str] = (), **more: object) -> Result:
    """Return a lock as modules return it."""
    return {
        "run_id": run_id,
        "operation": "switchover",
        "owner": "ada@here",
        "process": {"pid": 7},
        "taken": "noon",
        "expires": "one",
        "expired": False,
        "lease": 900.0,
        "steps": list(steps),
        "fence": [],
        "fenced": [],
        "confirmed": [],
        **more,
    }


def directory(**content: object) -> Result:
    """Return what ncs_ha_status returns of a state directory, empty but for this."""
    return {
        "lock": None,
        "promotions": [],
        "read_only": None,
        "damaged": [],
        "lock_problem": "",
        **content,
    }


def results(by_name: Mapping[str, ByHost], run_id: str = RUN_ID) -> Results:
    """Return results: by the name of the registered variable, and by host."""
    hosts = {host for of_name in by_name.values() for host in of_name}
    by_host = {
        host: {name: of_name[host] for name, of_name in by_name.items() if host in of_name}
        for host in hosts
    }
    return Results(run_id, by_host)


# Runs


def run(members: Iterable[Member] = (N1, N2), operation: str = "converge", **more: Any) -> Run:
    """Return a run of an operation over these nodes."""
    return Run(
        run_id=RUN_ID,
        owner="me@here",
        began="2026-01-02T03:04:05Z",
        process={"pid": 1},
        operation=operation,
        hosts=tuple(wanted.host for wanted in members),
        **more,
    )


def settings(wanted: Member, group: Mapping[str, object] | None = None, **more: Any) -> Settings:
    """Return the settings of a node, with these variables of the group."""
    plain: dict[str, Any] = {
        "limits": Limits(),
        "path": "",
        "ip": "",
        "port": "",
        "access_file": "",
        "state_dir": "/state",
        "ha_port": "",
        "process": "",
    }
    return Settings(member=wanted, group=group or {}, **{**plain, **more})


def every_run_is_gone(_process: Mapping[str, Any]) -> bool:
    """No run but this one lives."""
    return True


def known(
    members: Iterable[Member],
    looks: ByHost,
    operation: str = "converge",
    *,
    others: Mapping[str, ByHost] | None = None,
    dry: bool = False,
    problems: Iterable[str] = (),
    hook_problems: Mapping[str, str] | None = None,
    gone: Any = every_run_is_gone,
    **group: object,
) -> Known:
    """Return all that a plan is made from.

    `looks` are the results of the first look, `others` those of other tasks by name; `group` are
    variables of the group without the prefix nso_ha_. What is wrong with them is in the run, as the
    step `begin` puts it there.
    """
    members = list(members)
    variables = {f"nso_ha_{name}": value for name, value in group.items()}
    stated = {wanted.host: settings(wanted, variables) for wanted in members}
    crowd = Crowd(len(members), forks=5)
    return Known(
        run=run(
            members,
            operation,
            dry=dry,
            problems=(*problems, *planning.problems(operation, stated, crowd, dry, is_plan=dry)),
            hooks={
                event: str(variables[name])
                for event, name in VARIABLES.items()
                if variables.get(name)
            },
            hook_problems=hook_problems or {},
        ),
        settings=stated,
        results=results({OBSERVATION: looks, **(others or {})}),
        gone=gone,
    )


# Decisions


def step(host: str, *orders: str, role: str = "", upstream: str = "", name: str = "") -> Step:
    """Return a step on a host; without a role it gives none."""
    return Step(host, role, upstream, orders, "because", name=name)


def wave(name: str, *hosts: str, orders: Iterable[str] = ()) -> Wave:
    """Return the wave of this name, with a step of the same name on each of these hosts."""
    given = tuple(orders) or (name,)
    return plan.wave(name, tuple(step(host, *given, name=name) for host in hosts))


HAND_OVER = (
    wave(plan.CATCH_UP, "n2", orders=[plan.WAIT]),
    wave(plan.HAND_OVER, "n1", orders=[plan.READ_ONLY, "benone"]),
    wave(plan.PROMOTE, "n2"),
)


def decision(*waves: Wave, locks: Locks | None = None, **progress: Any) -> Decision:
    """Return a decision for these waves: n1 is the former primary, n2 is the candidate."""
    operation_plan = OperationPlan(
        operation="switchover",
        members=(member(1), member(2, "primary"), N3),
        former="n1",
        candidate="n2",
        waves=waves,
        lock=locks or Locks(),
    )
    return Decision(operation_plan, Progress(**progress), needed=True)


# Verdicts


def failed(judged: Decision, check: str) -> list[str]:
    """Return the hosts for which a check failed."""
    return [
        verdict.host
        for verdict in judged.verdicts
        if (verdict.check, verdict.result) == (check, FAILED)
    ]


def reason(judged: Decision, check: str) -> str:
    """Return the reason why a check failed for one host, or for all."""
    reasons = [
        verdict.reason
        for verdict in judged.verdicts
        if (verdict.check, verdict.result) == (check, FAILED)
    ]
    assert len(reasons) == 1, judged.verdicts
    return reasons[0]


def objections(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], str]:
    """Return what did not pass: the results by check and host."""
    return {
        (verdict.check, verdict.host): verdict.result
        for verdict in verdicts
        if verdict.result != PASSED
    }
