# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The plan of an operation: from settings and results to waves, verdicts and locks.

Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node import addresses
from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY, RELAY
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.module_utils._store.lock import FENCE

from .._checks import judge, moving
from .._checks.case import FAILED, PASSED, Case, Verdict
from .._checks.consents import Consents
from .._model import identity, itself, links, mistaken
from .._model.history import Promotion, PromotionHistory
from .._model.observation import Answer, Observation, Silence, txid_of
from .._model.topology import Member, Topology, topology_problems, wanted_primary
from .._model.versions import LinkVersions
from .._plan import operations, planner
from .._plan.hook_waves import Hooks, with_hooks
from .._plan.operations import Scene
from .._plan.plan import (
    CATCH_UP,
    HAND_OVER,
    HOOK,
    PROMOTE,
    READ_ONLY,
    SET_MODE,
    START,
    START_PHASE_1,
    START_PHASE_2,
    Plan,
    Wave,
)
from . import assumed_dead, leases, progress, request, settings, stored, upstream_addresses
from .leases import Crowd
from .request import Request
from .results import OBSERVATION, ROLLING_BACK, UNDER_LOCK, Results
from .run_state import Decision, Expectation, Locks, OperationPlan, Progress, RoleOptions, Run
from .settings import Settings
from .stored import Gone, Stored

#: Operations that are done when the nodes that answer match the plan.
_FOR_NODES_THAT_ANSWER = (operations.SWITCHOVER, operations.FAILOVER, operations.ROLL_BACK)

#: Operations that go on without nodes that alone have some data.
_WITHOUT_THE_DIVERGED = (operations.FAILOVER, operations.REJOIN, operations.ROLL_BACK)


@dataclass(frozen=True)
class Known:
    """All that a plan is made from.

    settings: of each node of the cluster, by host
    gone:     returns whether the process of a run is known to have ended
    """

    run: Run
    settings: Mapping[str, Settings]
    results: Results
    gone: Gone

    @property
    def members(self) -> list[Member]:
        """Return the nodes as the inventory wants them."""
        return [host_settings.member for host_settings in self.settings.values()]

    def request(self) -> Request:
        """Return what the operator asks for. Raises ValueError for what is wrong."""
        return request.read(self.run.operation, self._group, self.run.hosts)

    def stored(self, broken: str = "") -> Stored:
        """Return what the state directories say. A lock of the id `broken` does not count."""
        return stored.read(self.run.hosts, self.results, broken, self.gone)

    def broken(self) -> str:
        """Return the id of a lock that the operator breaks, or ""."""
        try:
            return request.lock_id(self._group.get("nso_ha_break_lock"))
        except ValueError:
            # It is among the problems of the run, which is refused for it.
            return ""

    @property
    def _group(self) -> Mapping[str, Any]:
        return group_of(self.settings.values())


def group_of(all_settings: Iterable[Settings]) -> Mapping[str, Any]:
    """Return the variables of the group, which are the same on all hosts that stated them."""
    stated_first = sorted(all_settings, key=lambda host_settings: not host_settings.stated)
    return stated_first[0].group if stated_first else {}


def problems(
    operation: str,
    all_settings: Mapping[str, Settings],
    crowd: Crowd,
    dry: bool,
    is_plan: bool = False,
) -> list[str]:
    """Return what is wrong with the settings of the hosts and with the request, in words.

    `dry` says that the operation gives no order, and `is_plan` that it is so because of the entry
    point, not because of the check mode of the play.
    """
    of_hosts = list(all_settings.values())
    reasons = settings.problems(of_hosts, orders=not dry) + topology_problems(
        host_settings.member for host_settings in of_hosts
    )
    reasons += settings.token_problems(of_hosts)
    reasons += leases.problems(of_hosts, crowd)
    try:
        request.read(operation, group_of(of_hosts), list(all_settings))
    except ValueError as problem:
        reasons.append(str(problem))
    return reasons if is_plan else reasons + assumptions(all_settings)


def assumptions(all_settings: Mapping[str, Settings]) -> list[str]:
    """Return why a run that is no plan is refused that takes nodes for dead, or nothing."""
    given = group_of(all_settings.values()).get(assumed_dead.ASSUME_DEAD)
    return [assumed_dead.ONLY_PLANNED] if given else []


def plan(known: Known, earlier: Decision | None = None) -> Decision:
    """Return the decision with the plan of the run.

    `earlier` is the decision from before the lock was taken.
    """
    members = known.members
    locked = earlier.progress.locked if earlier else ()
    unlocked = earlier.progress.unlocked if earlier else {}
    if known.run.problems:
        return _refused(known.run, members, "topology", known.run.problems, locked)
    requested = known.request()
    dead = requested.assumed_dead
    if dead and not known.run.dry:
        return _refused(known.run, members, "topology", [assumed_dead.ONLY_PLANNED], locked)
    seen = _observed(known, (*locked, *unlocked), UNDER_LOCK)
    known = replace(known, results=assumed_dead.without(known.results, dead))
    state_directories = known.stored(requested.broken)
    if state_directories.locked:
        return _refused(known.run, members, "lock", state_directories.locked, locked)
    if state_directories.unusable:
        reasons = state_directories.unusable
        return _refused(known.run, members, "state_directory", reasons, locked)
    # The locks that told of them may have been replaced by the lock of this run.
    unfinished = {**(earlier.plan.unfinished if earlier else {}), **state_directories.unfinished}
    observed = assumed_dead.suppose(Topology(members), seen, dead) if dead else seen
    scene = Scene(members, observed, state_directories.history, unfinished, unlocked)
    operation_plan = _judged(known, requested, scene, state_directories)
    if dead:
        about = assumed_dead.consequences(scene, seen, dead, operation_plan.candidate)
        operation_plan = replace(operation_plan, remarks=(*about, *operation_plan.remarks))
    if earlier:
        operation_plan = _without_a_look_right_after_this(operation_plan, state_directories, locked)
    started = earlier.progress.started if earlier else 0.0
    return _decision(
        operation_plan,
        Progress(
            locked or operation_plan.lock.hosts,
            unlocked,
            started=started,
            awaited=_awaited(operation_plan),
        ),
        state_directories.replace,
    )


def failover_outlook(known: Known) -> str:
    """Return a sentence on what a failover would do if the primary died now, "" without a primary.

    `known` is what a run for status knows.
    """
    if known.run.problems or topology_problems(known.members):
        return ""
    observed = _observed(known, (), "")
    primary = links.only_primary(observed)
    try:
        requested = replace(known, run=replace(known.run, operation=operations.FAILOVER)).request()
    except ValueError:
        return ""
    rest = replace(known, results=assumed_dead.without(known.results, {primary}))
    state_directories = rest.stored(requested.broken)
    if not primary or state_directories.locked or state_directories.unusable:
        return ""
    supposed = assumed_dead.suppose(Topology(known.members), observed, {primary})
    scene = Scene(known.members, supposed, state_directories.history, state_directories.unfinished)
    would = _judged(rest, requested, scene, state_directories)
    failed = [verdict.check for verdict in would.verdicts if judge.refused([verdict])]
    if failed:
        return (
            f"If {primary} died now, nso.ha.failover would be refused "
            f"({', '.join(dict.fromkeys(failed))})."
        )
    return f"If {primary} died now, nso.ha.failover would make {would.candidate} primary."


def _observed(known: Known, locked: Iterable[str], step: str) -> Mapping[str, Observation]:
    """Return what is to be planned for; of the nodes that are locked, as seen at this step."""
    observed = known.results.observations(known.run.hosts, locked, step)
    return itself.as_silent(links.with_listers(known.members, observed))


def _without_a_look_right_after_this(
    operation_plan: OperationPlan, state_directories: Stored, locked: Collection[str]
) -> OperationPlan:
    """Return the plan without the look before a promotion that nothing comes before.

    The look under the lock, by which this plan is made, would be followed by the same look, and has
    read on each node that the lock is held. What takes time in between, as hooks do, or what shows
    that the cluster has changed since the first plan, is followed by a look of its own.
    """
    first, *others = operation_plan.waves or (Wave("", ()),)
    lock = operation_plan.lock
    waits = operation_plan.rehearse or lock.renew or lock.fence.get(operation_plan.candidate)
    if first.name != PROMOTE or waits or not set(locked) <= set(state_directories.held):
        return operation_plan
    return replace(operation_plan, waves=(replace(first, look=()), *others))


def _awaited(operation_plan: OperationPlan) -> TransactionId | None:
    """Return the transaction that a candidate has to have before the primary hands over to it."""
    for wave in operation_plan.waves:
        if wave.name == HAND_OVER:
            return operation_plan.before.get(wave.steps[0].host)
    return None


def roll_back(known: Known, failed: Decision) -> Decision:
    """Return the decision to bring the former primary back, after the plan of `failed` has failed.

    Where a step of that plan may still be taken: `failed`, with verdicts on these steps, undecided.
    """
    doubts = progress.not_withdrawn(failed, known.results)
    if doubts:
        return failed.with_verdicts(doubts).with_progress(undecided=True, reversible=False)
    requested = Request(operations.ROLL_BACK, candidate=failed.plan.former)
    locked, unlocked = failed.progress.locked, failed.progress.unlocked
    observed = _observed(known, (*locked, *unlocked), ROLLING_BACK)
    state_directories = known.stored()
    scene = Scene(
        known.members,
        observed,
        state_directories.history,
        state_directories.unfinished,
        unlocked,
    )
    operation_plan = replace(
        _judged(known, requested, scene, state_directories),
        operation=failed.plan.operation,
        former=failed.plan.former,
        candidate=failed.plan.candidate,
        election=failed.plan.election,
        before=failed.plan.before,
        rehearse=(),
        incomplete={},
    )
    return _decision(
        operation_plan,
        Progress(
            locked=locked,
            unlocked=unlocked,
            started=failed.progress.started,
            steps=failed.progress.steps,
            failed=failed.not_passed,
            rolled_back=True,
        ),
    )


def undecided(known: Known) -> Decision:
    """Return the decision of a run that has not decided anything, or whose decision was lost.

    It permits nothing. The run may hold its lock on any host.
    """
    members = tuple(known.members)
    operation_plan = OperationPlan(known.run.operation, members, required=tuple(known.run.hosts))
    return Decision(operation_plan, Progress(locked=known.run.hosts, refused=True, undecided=True))


def _decision(
    operation_plan: OperationPlan, so_far: Progress, left: Sequence[str] = ()
) -> Decision:
    """Return the decision for a plan; `left` are the ids of locks that earlier runs have left."""
    refused = judge.refused(operation_plan.verdicts)
    return Decision(
        plan=operation_plan,
        progress=replace(so_far, refused=refused, promotions=operation_plan.promotions),
        needed=not refused and bool(operation_plan.waves or operation_plan.incomplete or left),
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
    operation_plan = OperationPlan(
        run.operation, tuple(members), verdicts=verdicts, required=required
    )
    return _decision(operation_plan, Progress(locked=locked))


def _judged(
    known: Known, requested: Request, scene: Scene, state_directories: Stored
) -> OperationPlan:
    observed = scene.observed
    goal = operations.goal(requested.operation, scene, requested.candidate)
    first = [Verdict("topology", PASSED, "")]
    if goal.problem:
        check = "candidate" if goal.election.problem else "possible"
        return OperationPlan(
            operation=requested.operation,
            members=tuple(goal.members),
            election=goal.election.reasons,
            verdicts=(
                *first,
                *judge.names(scene, requested.consents),
                Verdict(check, FAILED, goal.problem),
            ),
            remarks=_remarks(scene),
            required=tuple(member.host for member in goal.members),
        )
    wanted = links.reparented(Topology(goal.members), observed)
    left_out = _left_out(scene, wanted, requested)
    steps = planner.plan_for(wanted, observed, state_directories.history, left_out, scene.unlocked)
    case = Case(
        requested.operation, scene, goal, wanted, steps, requested.fences, requested.gap_limit
    )
    if requested.operation in _WITHOUT_THE_DIVERGED:
        case = _without_the_diverged(case, requested.consents, left_out)
        steps = case.plan
    history = _history(known.run, scene, wanted, steps)
    fence = moving.to_fence(case, requested.consents)
    candidate = wanted_primary(wanted.members.values())
    waves = with_hooks(
        steps.waves,
        Hooks(
            given=known.run.hooks,
            fence=fence,
            candidate=candidate if isinstance(observed.get(candidate), Answer) else "",
            announced=_is_announced(state_directories, history, candidate),
        ),
    )
    events = dict.fromkeys(wave.name for wave in waves if wave.kind == HOOK)
    problems_of = known.run.hook_problems
    first += [Verdict(name, FAILED, problems_of[name]) for name in events if name in problems_of]
    first += [
        Verdict("lock", FAILED, f"its lock is needed for {step.name}: {why}", step.host)
        for step in steps.steps
        if (why := scene.unlocked.get(step.host))
    ]
    reached = [host for host in _reached(known) if host not in scene.unlocked]
    return OperationPlan(
        operation=requested.operation,
        members=tuple(wanted.members.values()),
        former=goal.former,
        candidate=candidate,
        election=goal.election.reasons,
        waves=waves,
        targets={host: _target(wanted, host) for host in observed},
        blocked=steps.blocked,
        verdicts=(*first, *judge.verdicts(case, requested.consents)),
        undoes=goal.undoes,
        rehearse=_to_rehearse(wanted, observed, steps, known.run.dry),
        modes={
            step.host: READ_ONLY in step.orders
            for wave in steps.waves
            if wave.kind == SET_MODE
            for step in wave.steps
        },
        phases={
            step.host: 2 if START_PHASE_2 in step.orders else 1
            for wave in steps.waves
            if wave.kind == START
            for step in wave.steps
        },
        verify={
            host: _expectation(wanted, steps, host)
            for host, observation in observed.items()
            if isinstance(observation, Answer) and host not in steps.blocked
        },
        promotions=tuple(promotion.as_entry() for promotion in history.all),
        epoch=history.next_number,
        incomplete=_incomplete(scene, state_directories, history, reached),
        lock=_locks(
            reached,
            waves,
            {candidate: tuple(fence)},
            state_directories,
            requested,
        ),
        silent=tuple(
            host for host, observation in observed.items() if isinstance(observation, Silence)
        ),
        unfinished=scene.unfinished,
        required=tuple(
            host
            for host, observation in observed.items()
            if requested.operation not in _FOR_NODES_THAT_ANSWER or isinstance(observation, Answer)
        ),
        before={host: txid_of(observation) for host, observation in observed.items()},
        remarks=_remarks(scene, {step.upstream for step in steps.roles}),
    )


def _is_announced(state_directories: Stored, history: PromotionHistory, candidate: str) -> bool:
    """Return whether a primary has been announced since the newest promotion."""
    newest = history.newest.number if history.newest else 0
    return state_directories.announced.get(candidate) == newest


def _remarks(scene: Scene, followed: Collection[str] = ()) -> tuple[str, ...]:
    """Return sentences on what nodes tell that is not as it should be.

    `followed` are the nodes that others are to follow, whose addresses are checked.
    """
    strangers = identity.remarks(scene.topology, scene.observed)
    others = mistaken.other_addresses(scene.topology, scene.observed)
    elsewhere = [f"{why}." for host, why in others.items() if host not in followed]
    return (*strangers, *elsewhere, *itself.untold(scene.observed))


def _left_out(scene: Scene, wanted: Topology, requested: Request) -> dict[str, str]:
    """Return the nodes that are not to be attached, each with the reason."""
    left_out: dict[str, str] = {}
    if "versions" not in requested.consents.overridden:
        versions = LinkVersions(wanted, scene.observed)
        for host in wanted.members:
            upstream = wanted.upstream(host)
            why = versions.why_not(host, upstream.host) if upstream else ""
            if why:
                left_out[host] = f"{why}. Hint: if these work together, nso_ha_override=versions"
    for host, why in scene.unlocked.items():
        left_out[host] = f"it has no lock, so this run does nothing there: {why}"
    return left_out


def _without_the_diverged(case: Case, consents: Consents, others: Mapping[str, str]) -> Case:
    """Return the case without the nodes whose data would need a consent, if there is more to do.

    Such a node keeps its data, and the operation goes on with the remaining ones. `others` are left
    out anyway.
    """
    verdicts = [
        judge.overwriting(case, step, consents) for step in case.plan.roles if step.relation
    ]
    left_out = {verdict.host: verdict.reason for verdict in verdicts if judge.refused([verdict])}
    if not left_out:
        return case
    left_out |= others
    rest = planner.plan_for(
        case.topology, case.observed, case.scene.history, left_out, case.scene.unlocked
    )
    return replace(case, plan=rest) if rest.roles else case


def _history(run: Run, scene: Scene, wanted: Topology, steps: Plan) -> PromotionHistory:
    """Return the promotion history that all nodes should have.

    A primary that something else has made is recorded as found, before anything is done that relies
    on its data: then its transactions have a place. What they are based on is not known. A cluster
    without a history, and with nothing to do, stays without.
    """
    history, newest = scene.history, scene.history.newest
    host = scene.primary or wanted_primary(wanted.members.values())
    primary = scene.observed.get(host)
    if not (steps.steps or history) or not isinstance(primary, Answer) or primary.txid is None:
        return history
    node_id = scene.node_id(host)
    if newest is not None and newest.primary == node_id:
        return history
    # The time of its promotion is not known, but that of its last transaction is.
    if primary.state.role != PRIMARY or primary.txid.primary_id != node_id:
        return history
    adopted = Promotion(
        number=history.next_number,
        primary=node_id,
        base=None,
        start=primary.txid.timestamp,
        at=run.began,
        operation=operations.FOUND,
        run_id=run.run_id,
    )
    return PromotionHistory([*history.all, adopted])


def _incomplete(
    scene: Scene, state_directories: Stored, history: PromotionHistory, reached: Sequence[str]
) -> Mapping[str, str]:
    """Return the hosts whose promotion history is to be completed, each with the reason."""
    if not scene.history:
        return {}
    if len(history.all) == len(scene.history.all):
        return {
            host: why
            for host, why in state_directories.incomplete.items()
            if host not in scene.unlocked
        }
    new = history.all[-1].primary
    why = f"its promotion history does not know yet that {new} is primary"
    return dict.fromkeys(reached, why)


def _reached(known: Known) -> list[str]:
    """Return the hosts whose modules answer, in the order in which they are locked.

    Where two runs meet first, the lock matters. That is not where no daemon runs.
    """
    reached = [host for host in known.run.hosts if known.results.said(host, OBSERVATION)]

    def place(host: str) -> tuple[bool, str]:
        observation = known.results.observation(host)
        return (isinstance(observation, Silence) and observation.stopped, host)

    return sorted(reached, key=place)


def _locks(
    reached: Sequence[str],
    waves: Iterable[Wave],
    fence: Mapping[str, tuple[str, ...]],
    state_directories: Stored,
    requested: Request,
) -> Locks:
    """Return what the lock of each host says: its due steps, and the hosts to fence before."""
    steps: dict[str, tuple[str, ...]] = dict.fromkeys(reached, ())
    for wave in waves:
        for step in wave.steps:
            if step.host in steps and wave.name not in (CATCH_UP, FENCE):
                steps[step.host] = (*steps[step.host], step.name)
    locks = Locks(
        hosts=tuple(reached),
        replace=(*state_directories.replace, *([requested.broken] if requested.broken else [])),
        steps=steps,
        fence={host: fence.get(host, ()) for host in reached},
    )
    renew = [host for host in reached if _says_else(state_directories.held.get(host), locks, host)]
    return replace(locks, renew=tuple(renew))


def _says_else(held: Mapping[str, Any] | None, locks: Locks, host: str) -> bool:
    """Return whether the lock of this run on a host says something else than it should."""
    if held is None:
        return False
    return (tuple(held["steps"]), tuple(held["fence"])) != (locks.steps[host], locks.fence[host])


def _to_rehearse(
    wanted: Topology, observed: Mapping[str, Observation], steps: Plan, dry: bool
) -> tuple[str, ...]:
    """Return the hosts on which the orders are tried in check mode first.

    In a run these are the hosts on which something matters that no observation tells: whether a
    host name resolves there, and whether the release has relays. Also both ends of a hand-over: an
    obstacle is better known while clients can still write. And those that leave a link for one to a
    node that listens already: they would be left without any if they cannot dial it. In check mode
    it is every host that gets a role. A node that waits in start phase 0 would refuse every order.
    """
    changing = {step.host for step in steps.roles}
    waiting = {step.host for step in steps.steps if START_PHASE_1 in step.orders}
    hosts = {
        step.host
        for step in steps.roles
        if dry or step.role == RELAY or _leaves_a_link(wanted, observed, changing, step.host)
    }
    if steps.hands_over:
        hosts |= {steps.hands_over, wanted_primary(wanted.members.values())}
    for host, observation in observed.items():
        upstream = wanted.upstream(host)
        if (
            isinstance(observation, Answer)
            and upstream
            and not addresses.is_literal(upstream.address)
        ):
            hosts.add(host)
    return tuple(sorted(hosts - waiting))


def _leaves_a_link(
    wanted: Topology, observed: Mapping[str, Observation], changing: Collection[str], host: str
) -> bool:
    """Return whether a follower is to follow another node, whose HA port is open by now.

    `changing` are the hosts that get a role.
    """
    observation, upstream = observed[host], wanted.upstream(host)
    follows = isinstance(observation, Answer) and observation.state.primary is not None
    return (
        follows
        and upstream is not None
        and upstream_addresses.listens(observed, changing, upstream.host)
    )


def _target(wanted: Topology, host: str) -> RoleOptions:
    member, upstream = wanted.members[host], wanted.upstream(host)
    return RoleOptions(
        role=member.role,
        node_id=member.node_id,
        primary_id=upstream.node_id if upstream else "",
        primary_ip=upstream.address if upstream else "",
    )


def _expectation(wanted: Topology, steps: Plan, host: str) -> Expectation:
    """Return the role that a node has to have after the last step, and its peers."""
    member, upstream = wanted.members[host], wanted.upstream(host)
    return Expectation(
        role=member.role,
        primary_id=upstream.node_id if upstream else None,
        secondaries=tuple(
            follower.node_id
            for follower in wanted.followers_of(host)
            if follower.host not in steps.blocked
        ),
    )
