# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The plan of an operation: from settings and results to waves, verdicts and locks.

Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node import addresses
from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY, RELAY

from .._checks import judge, moving
from .._checks.case import FAILED, PASSED, Case, Consents, Verdict
from .._model import links
from .._model.history import Promotion, PromotionHistory
from .._model.observation import Answer, Observation, Silence, txid_of
from .._model.topology import Member, Topology, topology_problems
from .._plan import operations, planner
from .._plan.operations import Scene
from .._plan.plan import CATCH_UP, Plan, Wave
from . import progress, request, settings, stored
from .request import Request
from .results import OBSERVATION, ROLLING_BACK, UNDER_LOCK, Results
from .run_state import Decision, Expectation, Locks, OperationPlan, Progress, RoleOptions, Run
from .settings import Settings
from .stored import Gone, Stored

#: Operations that are done when it is right for the nodes that answer.
_FOR_THOSE_PRESENT = (operations.SWITCHOVER, operations.FAILOVER, operations.ROLL_BACK)

#: Operations that go on without nodes whose data nobody else has.
_WITHOUT_THE_DIVERGED = (operations.FAILOVER, operations.REJOIN, operations.ROLL_BACK)


@dataclass(frozen=True)
class Known:
    """All that a plan is made from.

    settings: of each node of the cluster, by host
    gone:     tells which runs have ended
    """

    run: Run
    settings: Mapping[str, Settings]
    results: Results
    gone: Gone

    @property
    def members(self) -> list[Member]:
        """Return the nodes as the inventory wants them."""
        return [one.member for one in self.settings.values()]

    def request(self) -> Request:
        """Return what the operator asks for. Raises ValueError for what is wrong."""
        return request.read(self.run.operation, self._group, self.run.hosts)

    def broken(self) -> str:
        """Return the id of a lock that the operator breaks, or ""."""
        return settings.as_text(self._group.get("nso_ha_break_lock"))

    @property
    def _group(self) -> Mapping[str, Any]:
        return group_of(self.settings.values())


def group_of(all_settings: Iterable[Settings]) -> Mapping[str, Any]:
    """Return the variables of the group: they are the same on all hosts that stated them."""
    hosts = sorted(all_settings, key=lambda one: not one.stated)
    return hosts[0].group if hosts else {}


def problems(operation: str, all_settings: Mapping[str, Settings]) -> list[str]:
    """Return what is wrong with what hosts are told, and with what is asked for, in words."""
    of_hosts = list(all_settings.values())
    found = settings.problems(of_hosts) + topology_problems(one.member for one in of_hosts)
    try:
        request.read(operation, group_of(of_hosts), list(all_settings))
    except ValueError as problem:
        found.append(str(problem))
    return found


def plan(known: Known, earlier: Decision | None = None) -> Decision:
    """Return the plan of the run; `earlier` is the one that was made before the lock was taken."""
    wanted = known.members
    locked = earlier.progress.locked if earlier else ()
    if known.run.problems:
        return _refused(known.run, wanted, "topology", known.run.problems, locked)
    asked = known.request()
    found = stored.read(known.run.hosts, known.results, asked.broken, known.gone)
    if found.locked:
        return _refused(known.run, wanted, "lock", found.locked, locked)
    # The locks that told it may have been replaced by that of this run.
    unfinished = {**(earlier.plan.unfinished if earlier else {}), **found.unfinished}
    observed = known.results.observations(known.run.hosts, locked, UNDER_LOCK)
    scene = Scene(wanted, observed, found.history, unfinished)
    made = _judged(known, asked, scene, found)
    started = earlier.progress.started if earlier else 0.0
    return _decision(made, Progress(locked or made.lock.hosts, started=started), found.replace)


def roll_back(known: Known, failed: Decision) -> Decision:
    """Return the plan that brings the former primary back, after the plan of `failed` has failed.

    Where a step may still be taken it is that plan, with verdicts on that, undecided.
    """
    doubts = progress.not_withdrawn(failed, known.results)
    if doubts:
        return failed.with_verdicts(doubts).with_progress(undecided=True, reversible=False)
    asked = Request(operations.ROLL_BACK, candidate=failed.plan.former)
    locked = failed.progress.locked
    observed = known.results.observations(known.run.hosts, locked, ROLLING_BACK)
    found = stored.read(known.run.hosts, known.results, "", known.gone)
    scene = Scene(known.members, observed, found.history, found.unfinished)
    made = replace(
        _judged(known, asked, scene, found),
        operation=failed.plan.operation,
        former=failed.plan.former,
        candidate=failed.plan.candidate,
        election=failed.plan.election,
        before=failed.plan.before,
        rehearse=(),
        incomplete={},
    )
    return _decision(
        made,
        Progress(
            locked=locked,
            started=failed.progress.started,
            steps=failed.progress.steps,
            failed=failed.not_passed,
            rolled_back=True,
        ),
    )


def undecided(known: Known) -> Decision:
    """Return the decision of a run that has not decided anything, or whose decision was lost.

    Nothing may be done by it, and the lock may be held anywhere.
    """
    members = tuple(known.members)
    plan_of = OperationPlan(known.run.operation, members, required=tuple(known.run.hosts))
    return Decision(plan_of, Progress(locked=known.run.hosts, refused=True, undecided=True))


def _decision(made: OperationPlan, known: Progress, left: Sequence[str] = ()) -> Decision:
    """Return the decision for a plan; `left` are the ids of locks that runs have left behind."""
    refused = judge.refused(made.verdicts)
    return Decision(
        plan=made,
        progress=replace(known, refused=refused, promotions=made.promotions),
        needed=not refused and bool(made.waves or made.incomplete or left),
    )


def _refused(
    run: Run,
    members: Sequence[Member],
    check: str,
    reasons: Iterable[str],
    locked: tuple[str, ...],
) -> Decision:
    verdicts = tuple(Verdict(check, FAILED, text) for text in reasons)
    required = tuple(member.host for member in members)
    made = OperationPlan(run.operation, tuple(members), verdicts=verdicts, required=required)
    return _decision(made, Progress(locked=locked))


def _judged(known: Known, asked: Request, scene: Scene, found: Stored) -> OperationPlan:
    observed = scene.observed
    goal = operations.goal(asked.operation, scene, asked.candidate)
    first = [Verdict("topology", PASSED, "")]
    if goal.problem:
        check = "candidate" if goal.election.problem else "possible"
        return OperationPlan(
            operation=asked.operation,
            members=tuple(goal.members),
            election=goal.election.reasons,
            verdicts=(*first, Verdict(check, FAILED, goal.problem)),
            required=tuple(member.host for member in goal.members),
        )
    wanted = links.reparented(Topology(goal.members), observed)
    steps = planner.plan_for(wanted, observed, found.history)
    case = Case(asked.operation, scene, goal, wanted, steps, asked.fences)
    if asked.operation in _WITHOUT_THE_DIVERGED:
        case = _without_the_diverged(case, asked.consents)
        steps = case.plan
    history = _history(known.run, scene, wanted, steps)
    fence = moving.to_fence(case, asked.consents)
    if fence and known.run.fence_problem:
        first.append(Verdict("fence", FAILED, known.run.fence_problem))
    reached = _reached(known)
    return OperationPlan(
        operation=asked.operation,
        members=tuple(wanted.members.values()),
        former=goal.former,
        candidate=_new_primary(wanted),
        election=goal.election.reasons,
        waves=steps.waves,
        targets={host: _target(wanted, host) for host in observed},
        blocked=steps.blocked,
        verdicts=(*first, *judge.verdicts(case, asked.consents)),
        undoes=goal.undoes,
        rehearse=_to_rehearse(wanted, observed, steps, known.run.dry),
        verify={
            host: _expectation(wanted, steps, host)
            for host, one in observed.items()
            if isinstance(one, Answer) and host not in steps.blocked
        },
        promotions=tuple(one.as_entry() for one in history.all),
        epoch=history.next_number,
        incomplete=_incomplete(scene, found, history, reached),
        lock=_locks(reached, steps.waves, {_new_primary(wanted): tuple(fence)}, found, asked),
        silent=tuple(host for host, one in observed.items() if isinstance(one, Silence)),
        unfinished=scene.unfinished,
        required=tuple(
            host
            for host, one in observed.items()
            if asked.operation not in _FOR_THOSE_PRESENT or isinstance(one, Answer)
        ),
        before={host: txid_of(one) for host, one in observed.items()},
    )


def _without_the_diverged(case: Case, consents: Consents) -> Case:
    """Return the case without the nodes whose data would need consent, if there is more to do.

    What only such a node has stays where it is, and does not keep the others from going on.
    """
    verdicts = [
        judge.overwriting(case, step, consents) for step in case.plan.roles if step.relation
    ]
    kept_out = {one.host: one.reason for one in verdicts if judge.refused([one])}
    if not kept_out:
        return case
    rest = planner.plan_for(case.topology, case.observed, case.scene.history, kept_out)
    return replace(case, plan=rest) if rest.roles else case


def _history(run: Run, scene: Scene, wanted: Topology, steps: Plan) -> PromotionHistory:
    """Return the promotions that all nodes should know of.

    A primary that was made by something else is recorded as found, before anything is done on the
    strength of its data: from now on its transactions have a place. What they are based on is not
    known. A cluster that was never recorded and needs nothing stays so.
    """
    history, newest = scene.history, scene.history.newest
    host = scene.primary or _new_primary(wanted)
    found = scene.observed.get(host)
    if not (steps.steps or history) or not isinstance(found, Answer) or found.txid is None:
        return history
    member = next(one for one in scene.members if one.host == host)
    if newest is not None and newest.primary == member.node_id:
        return history
    # Its clock is not known, but its last transaction is, if it is its own.
    if found.state.role != PRIMARY or found.txid.primary_id != member.node_id:
        return history
    adopted = Promotion(
        number=history.next_number,
        primary=member.node_id,
        base=None,
        start=found.txid.timestamp,
        at=run.began,
        operation=operations.FOUND,
        run_id=run.run_id,
    )
    return PromotionHistory([*history.all, adopted])


def _incomplete(
    scene: Scene, found: Stored, history: PromotionHistory, reached: Sequence[str]
) -> Mapping[str, str]:
    """Return the hosts whose promotion history is to be completed, each with the reason."""
    if not scene.history:
        return {}
    if len(history.all) == len(scene.history.all):
        return found.incomplete
    new = history.all[-1].primary
    why = f"its promotion history does not know yet that {new} is primary"
    return dict.fromkeys(reached, why)


def _reached(known: Known) -> list[str]:
    """Return the hosts whose modules answer, in the order in which they are locked."""
    return sorted(host for host in known.run.hosts if known.results.said(host, OBSERVATION))


def _locks(
    reached: Sequence[str],
    waves: Iterable[Wave],
    fence: Mapping[str, tuple[str, ...]],
    found: Stored,
    asked: Request,
) -> Locks:
    """Return what the lock of each host says: the steps to come, and who is to be fenced before."""
    steps: dict[str, tuple[str, ...]] = dict.fromkeys(reached, ())
    for wave in waves:
        for step in wave.steps:
            if step.host in steps and wave.name != CATCH_UP:
                steps[step.host] = (*steps[step.host], step.name)
    locks = Locks(
        hosts=tuple(reached),
        replace=(*found.replace, *([asked.broken] if asked.broken else [])),
        steps=steps,
        fence={host: fence.get(host, ()) for host in reached},
    )
    renew = [host for host in reached if _says_else(found.held.get(host), locks, host)]
    return replace(locks, renew=tuple(renew))


def _says_else(held: Mapping[str, Any] | None, locks: Locks, host: str) -> bool:
    """Return whether the lock of this run on a host says something else than it should."""
    if held is None:
        return False
    return (tuple(held["steps"]), tuple(held["fence"])) != (locks.steps[host], locks.fence[host])


def _new_primary(wanted: Topology) -> str:
    return next((one.host for one in wanted.members.values() if one.role == PRIMARY), "")


def _to_rehearse(
    wanted: Topology, observed: Mapping[str, Observation], steps: Plan, dry: bool
) -> tuple[str, ...]:
    """Return the hosts on which the order is tried in check mode first.

    In a real run those that know what the observations do not tell: whether a host name resolves
    there, and whether the release has relays. Also the two between whom a living primary changes:
    what stops them then is better known while everybody can still write. In check mode everybody,
    as that is all there is.
    """
    hosts = {step.host for step in steps.roles if dry or step.role == RELAY}
    if steps.hands_over:
        hosts |= {steps.hands_over, _new_primary(wanted)}
    for host, one in observed.items():
        upstream = wanted.upstream(host)
        if isinstance(one, Answer) and upstream and not addresses.is_literal(upstream.address):
            hosts.add(host)
    return tuple(sorted(hosts))


def _target(wanted: Topology, host: str) -> RoleOptions:
    member, upstream = wanted.members[host], wanted.upstream(host)
    return RoleOptions(
        role=member.role,
        node_id=member.node_id,
        primary_id=upstream.node_id if upstream else "",
        primary_ip=upstream.address if upstream else "",
    )


def _expectation(wanted: Topology, steps: Plan, host: str) -> Expectation:
    """Return what a node has to say of itself in the end, and who it has to list."""
    member, upstream = wanted.members[host], wanted.upstream(host)
    return Expectation(
        role=member.role,
        primary_id=upstream.node_id if upstream else None,
        secondaries=tuple(
            one.node_id for one in wanted.followers_of(host) if one.host not in steps.blocked
        ),
    )
