# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The decisions of one run over a cluster, from Ansible's variables to plain results.

The filters of the collection are thin wrappers of the functions here and in report.py. What they
return is made of dictionaries, lists and scalars only, so that it can be kept, printed and handed
on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node import addresses
from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY, RELAY

from .._checks import guards, moving
from .._checks.case import FAILED, PASSED, Case, Consents, Verdict
from .._model import links, topology
from .._model.history import Promotion, PromotionHistory
from .._model.observation import Answer, Observation, Silence, txid_result
from .._model.topology import Member, Topology
from .._plan import operations, planner
from .._plan.operations import Scene
from . import kept, progress, variables
from .kept import Gone, Kept
from .variables import HostVars

#: What the looks of a run on locked nodes are for, as their results say.
UNDER_LOCK = "under lock"
ROLLING_BACK = "roll back"

#: Operations that are done when it is right for the nodes that answer.
_FOR_THOSE_PRESENT = (operations.SWITCHOVER, operations.FAILOVER, operations.ROLL_BACK)

#: Operations that go on without nodes whose data nobody else has.
_WITHOUT_THE_DIVERGED = (operations.FAILOVER, operations.REJOIN, operations.ROLL_BACK)

#: How the steps of a wave are done, where it is not by giving a role.
_KINDS = {
    planner.DEAD: "dead",
    planner.HOLD: "read_only",
    planner.CATCH_UP: "catch_up",
    planner.OPEN: "read_only",
    planner.RELEASE: "read_only",
}


@dataclass(frozen=True)
class Asked:
    """What the operator asked for, and who asks.

    fences:        whether there are fencing tasks
    fence_problem: why these cannot be relied on, or ""
    locked:        the hosts on which this run holds the lock
    run: what tells this run from every other: id, owner, began (a time), process
    """

    operation: str
    candidate: str
    consents: Consents
    broken: str
    fences: bool
    fence_problem: str
    locked: frozenset[str]
    check_mode: bool
    run: Mapping[str, Any]


def plan(
    hosts: Sequence[str],
    hostvars: HostVars,
    given: Mapping[str, Any],
    gone: Gone,
) -> dict[str, Any]:
    """Return the plan of an operation, with the verdicts on it.

    `given` has what the operator asked for: operation, candidate, allow_overwrite, allow_data_loss,
    override, break_lock, fence_tasks, check_mode, lock_timeout, wait_timeout, run, and what is
    known of the play and of the run so far: problems (why this play cannot run an operation),
    fence_problem (why the fencing tasks cannot be relied on), locked (the hosts on which the run
    holds the lock) and unfinished, which is that of the plan before the lock was taken. `gone`
    tells which runs have ended.

    operation: its name
    run:       the id of this run, which its modules return
    members:   the nodes with the roles they are to get, as dictionaries
    moves:     {from, to}: the primary before and after, as hosts; "" where that is not known
    election:  {host: reason} for those that were not chosen as primary
    waves:     list of {name, kind, look, steps: {host: {name, role, upstream, upstream_id, orders,
               reason, force, data, overwrites}}}; `look` has the hosts to look at once more before
    targets:   for each host what `ncs_ha_role` needs: role, node_id, primary_id, primary_ip
    blocked:   {host: reason} for hosts about which nothing can be done
    verdicts:  list of {check, result, reason, host}
    refused:   whether any verdict forbids the plan
    rehearse:  hosts on which the order is tried in check mode first
    verify:    for each host that answered, the wait_for of `ncs_ha_status` that verifies it
    timeline:  the record of promotions that every node should have
    epoch:     the number of the next promotion
    lacking:   {host: reason} for hosts whose record is to be completed
    silent:    hosts that did not answer, and are asked again before a promotion and at the end
    must:      hosts that have to be as wanted in the end, for the operation to be done
    before:    {host: transaction id before anything was done, or null}
    lock:      {hosts, replace, steps, fence, renew}: where to take the lock, the first one alone,
               and what it replaces; by host, the names of the steps that it lists, and the hosts to
               be fenced before a promotion there; and the hosts whose lock says something else yet
    unfinished: list of {operation, run}: what broke off, as marks and locks tell
    """
    wanted = variables.members(hosts, hostvars)
    if given["problems"]:
        verdicts = [Verdict("topology", FAILED, text) for text in given["problems"]]
        return _as_result(str(given["operation"]), given["run"]["id"], wanted, verdicts)
    problems = topology.problems(wanted)
    for name in variables.OF_THE_GROUP:
        problems += variables.uneven(name, hosts, hostvars)
    try:
        asked = _asked(given, hosts)
    except ValueError as problem:
        problems.append(str(problem))
    if problems:
        verdicts = [Verdict("topology", FAILED, text) for text in problems]
        return _as_result(str(given["operation"]), given["run"]["id"], wanted, verdicts)
    observed = _seen(hosts, hostvars, asked, UNDER_LOCK)
    found = kept.kept(hosts, hostvars, asked.run["id"], asked.broken, gone)
    if found.locked:
        verdicts = [Verdict("lock", FAILED, text) for text in found.locked]
        return _as_result(asked.operation, asked.run["id"], wanted, verdicts)
    # The locks that told it may have been replaced by that of this run.
    known = {one["operation"]: one["run"] for one in given["unfinished"]}
    scene = Scene(wanted, observed, found.record, {**known, **found.unfinished})
    return _judged(asked, scene, found, _reached(hosts, hostvars, asked))


def _seen(
    hosts: Iterable[str], hostvars: HostVars, asked: Asked, step: str
) -> dict[str, Observation]:
    """Return what was seen of the nodes, on those that are locked at the look of this step."""
    observed = variables.observations(hosts, hostvars, variables.OBSERVED)
    for host in asked.locked:
        result = hostvars[host].get(variables.OBSERVED)
        if isinstance(observed[host], Answer) and not variables.said(result, asked.run["id"], step):
            observed[host] = Silence("it dropped out of the play before it was asked again")
    return observed


def roll_back(
    made: Mapping[str, Any],
    hostvars: HostVars,
    given: Mapping[str, Any],
    gone: Gone,
) -> dict[str, Any]:
    """Return the plan that brings the former primary back, after the plan `made` has failed.

    It has everything that has been done so far, and the verdicts on that in `failed`. Where a step
    may still be carried out, it is the plan `made`, with verdicts on that, and `undecided`.
    """
    doubts = progress.not_withdrawn(made, hostvars)
    if doubts:
        return {**progress.with_verdicts(made, doubts), "undecided": True}
    hosts = [one["host"] for one in made["members"]]
    asked = Asked(
        operation=operations.ROLL_BACK,
        candidate=made["moves"]["from"],
        consents=Consents(),
        broken="",
        fences=False,
        fence_problem="",
        locked=frozenset(given["locked"]),
        check_mode=False,
        run=given["run"],
    )
    observed = _seen(hosts, hostvars, asked, ROLLING_BACK)
    found = kept.kept(hosts, hostvars, asked.run["id"], asked.broken, gone)
    scene = Scene(variables.members(hosts, hostvars), observed, found.record, found.unfinished)
    undone = _judged(asked, scene, found, _reached(hosts, hostvars, asked))
    return {
        **undone,
        "operation": made["operation"],
        "moves": made["moves"],
        "election": made["election"],
        "failed": [one for one in made["verdicts"] if one["result"] != PASSED],
        "outcomes": made.get("outcomes", {}),
        "results": made.get("results", {}),
        "history": made.get("history", []),
        "before": made["before"],
        "rehearse": [],
        "lacking": {},
    }


def _judged(asked: Asked, scene: Scene, found: Kept, reached: list[str]) -> dict[str, Any]:
    observed = scene.observed
    goal = operations.goal(asked.operation, scene, asked.candidate)
    first = [Verdict("topology", PASSED, "")]
    if goal.problem:
        check = "candidate" if goal.election.problem else "possible"
        first.append(Verdict(check, FAILED, goal.problem))
        return {
            **_as_result(asked.operation, asked.run["id"], goal.members, first),
            "election": dict(goal.election.reasons),
        }
    wanted = links.reparented(Topology(goal.members), observed)
    made = planner.plan(wanted, observed, found.record)
    case = Case(asked.operation, scene, goal, wanted, made, asked.fences)
    if asked.operation in _WITHOUT_THE_DIVERGED:
        case = _without_the_diverged(case, asked.consents)
        made = case.plan
    record = _record(asked, scene, wanted, made)
    fence = moving.to_fence(case, asked.consents)
    if fence and asked.fence_problem:
        first.append(Verdict("fence", FAILED, asked.fence_problem))
    verdicts = first + guards.verdicts(case, asked.consents)
    waves = _waves(wanted, observed, made)
    lock = _lock(reached, waves, {_new_primary(wanted): fence} if fence else {})
    undone = [Verdict("candidate", FAILED, goal.undoes)] if goal.undoes else []
    return {
        **_as_result(asked.operation, asked.run["id"], list(wanted.members.values()), verdicts),
        **({"failed": [dict(vars(one)) for one in undone]} if undone else {}),
        "blocked": dict(made.blocked),
        "moves": {"from": goal.former, "to": _new_primary(wanted)},
        "election": dict(goal.election.reasons),
        "waves": waves,
        "targets": {host: _target(wanted, host) for host in observed},
        "rehearse": _to_rehearse(wanted, observed, made, asked.check_mode),
        "verify": {
            host: _expectation(wanted, made, host)
            for host, one in observed.items()
            if isinstance(one, Answer) and host not in made.blocked
        },
        "timeline": [one.as_entry() for one in record.all],
        "epoch": record.next_number,
        "lacking": _lacking(scene, found, record, reached),
        "lock": {
            **lock,
            "replace": list(found.replace),
            "renew": [host for host in reached if _says_else(found.held.get(host), lock, host)],
        },
        "silent": [host for host, one in observed.items() if isinstance(one, Silence)],
        "unfinished": [{"operation": name, "run": run} for name, run in scene.unfinished.items()],
        "must": [
            host
            for host, one in observed.items()
            if asked.operation not in _FOR_THOSE_PRESENT or isinstance(one, Answer)
        ],
        "before": {host: txid_result(one) for host, one in observed.items()},
    }


def _without_the_diverged(case: Case, consents: Consents) -> Case:
    """Return the case without those whose data would need consent, if there is more to do.

    What nobody else has stays where it is, and does not keep the others from going on.
    """
    verdicts = [
        guards.overwriting(case, step, consents) for step in case.plan.roles if step.relation
    ]
    kept_out = {one.host: one.reason for one in verdicts if guards.refused([one])}
    if not kept_out:
        return case
    rest = planner.plan(case.topology, case.observed, case.scene.record, kept_out)
    return replace(case, plan=rest) if rest.roles else case


def _asked(given: Mapping[str, Any], hosts: Sequence[str]) -> Asked:
    """Return what the operator asked for. Raises ValueError for what makes no sense."""
    operation = str(given["operation"] or operations.CONVERGE)
    if operation not in operations.OPERATIONS:
        raise ValueError(
            f"nso_ha_operation is {operation!r}; there are {', '.join(operations.OPERATIONS)}"
        )
    candidate = str(given["candidate"] or "").strip()
    if candidate and candidate not in hosts:
        raise ValueError(
            f"nso_ha_candidate is {candidate!r}, which is no host of the group (inventory names "
            f"are meant); there are {', '.join(hosts)}"
        )
    # Some releases of ansible-core make text of numbers.
    lock, wait = float(given["lock_timeout"]), float(given["wait_timeout"])
    if lock <= wait:
        raise ValueError(
            f"nso_ha_lock_timeout is {lock:g} s and nso_ha_wait_timeout {wait:g} s; a lock has to "
            "last longer than a step"
        )
    return Asked(
        operation=operation,
        candidate=candidate,
        consents=variables.consents(
            given["allow_overwrite"], given["allow_data_loss"], given["override"], hosts
        ),
        broken=str(given["break_lock"] or "").strip(),
        fences=bool(given["fence_tasks"]),
        fence_problem=str(given["fence_problem"]),
        locked=frozenset(given["locked"]),
        check_mode=bool(given["check_mode"]),
        run=given["run"],
    )


def _record(asked: Asked, scene: Scene, wanted: Topology, made: planner.Plan) -> PromotionHistory:
    """Return the promotions that all nodes should know of.

    A primary that was made by something else is recorded as found, before anything is done on the
    strength of its data: from now on its transactions have a place. What they are based on is not
    known. A cluster that was never recorded and needs nothing stays so.
    """
    record, newest = scene.record, scene.record.newest
    host = scene.primary or _new_primary(wanted)
    found = scene.observed.get(host)
    if not (made.steps or record) or not isinstance(found, Answer) or found.txid is None:
        return record
    member = next(one for one in scene.members if one.host == host)
    if newest is not None and newest.primary == member.node_id:
        return record
    # Its clock is not known, but its last transaction is, if it is its own.
    if found.state.role != PRIMARY or found.txid.primary_id != member.node_id:
        return record
    adopted = Promotion(
        number=record.next_number,
        primary=member.node_id,
        base=None,
        start=found.txid.timestamp,
        at=str(asked.run["began"]),
        operation=operations.FOUND,
        run=str(asked.run["id"]),
    )
    return PromotionHistory([*record.all, adopted])


def _lacking(
    scene: Scene, found: Kept, record: PromotionHistory, reached: Sequence[str]
) -> dict[str, str]:
    """Return the hosts whose record is to be completed, each with the reason."""
    if not scene.record:
        return {}
    if len(record.all) == len(scene.record.all):
        return dict(found.lacking)
    new = record.all[-1].primary
    return dict.fromkeys(reached, f"its record does not know yet that {new} is primary")


def _reached(hosts: Sequence[str], hostvars: HostVars, asked: Asked) -> list[str]:
    """Return the hosts whose modules answer, in the order in which they are locked."""
    return sorted(
        host
        for host in hosts
        if variables.said(hostvars[host].get(variables.OBSERVED), asked.run["id"])
    )


def _lock(
    reached: Sequence[str],
    waves: Iterable[Mapping[str, Any]],
    fence: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return what the lock of each host says: the steps to come, and who is to be fenced before."""
    steps: dict[str, list[str]] = {host: [] for host in reached}
    for wave in waves:
        for host, step in wave["steps"].items():
            if host in steps and wave["name"] != planner.CATCH_UP:
                steps[host].append(step["name"])
    return {
        "hosts": list(reached),
        "steps": steps,
        "fence": {host: list(fence.get(host, ())) for host in reached},
    }


def _says_else(held: Mapping[str, Any] | None, lock: Mapping[str, Any], host: str) -> bool:
    """Return whether the lock of this run on a host says something else than it should."""
    if held is None:
        return False
    return (held["steps"], held["fence"]) != (lock["steps"][host], lock["fence"][host])


def _new_primary(wanted: Topology) -> str:
    return next((one.host for one in wanted.members.values() if one.role == PRIMARY), "")


def _to_rehearse(
    wanted: Topology, observed: Mapping[str, Observation], made: planner.Plan, check_mode: bool
) -> list[str]:
    """Return the hosts on which the order is tried in check mode first.

    In a real run those that know what the observations do not tell: whether a host name resolves
    there, and whether the release has relays. Also the two between whom a living primary changes:
    what stops them then is better known while everybody can still write. In check mode everybody,
    as that is all there is.
    """
    hosts = {step.host for step in made.roles if check_mode or step.role == RELAY}
    if made.hands_over:
        hosts |= {made.hands_over, _new_primary(wanted)}
    for host, one in observed.items():
        upstream = wanted.upstream(host)
        if isinstance(one, Answer) and upstream and not addresses.is_literal(upstream.address):
            hosts.add(host)
    return sorted(hosts)


def _target(wanted: Topology, host: str) -> dict[str, str]:
    member, upstream = wanted.members[host], wanted.upstream(host)
    return {
        "role": member.role,
        "node_id": member.node_id,
        "primary_id": upstream.node_id if upstream else "",
        "primary_ip": upstream.address if upstream else "",
    }


def _expectation(wanted: Topology, made: planner.Plan, host: str) -> dict[str, Any]:
    """Return what a node has to say of itself in the end, and who it has to list."""
    member, upstream = wanted.members[host], wanted.upstream(host)
    expected: dict[str, Any] = {
        "role": member.role,
        "secondaries": [
            one.node_id for one in wanted.followers_of(host) if one.host not in made.blocked
        ],
    }
    if upstream:
        expected["primary_id"] = upstream.node_id
    return expected


def _as_result(
    operation: str, run: str, members: Sequence[Member], verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    return {
        "operation": operation,
        "run": run,
        "members": [dict(vars(member)) for member in members],
        "moves": {"from": "", "to": ""},
        "election": {},
        "waves": [],
        "blocked": {},
        "verdicts": [dict(vars(verdict)) for verdict in verdicts],
        "refused": guards.refused(verdicts),
        "targets": {},
        "rehearse": [],
        "verify": {},
        "timeline": [],
        "epoch": 1,
        "lacking": {},
        "lock": {"hosts": [], "replace": [], "steps": {}, "fence": {}, "renew": []},
        "silent": [],
        "unfinished": [],
        "must": [member.host for member in members],
        "before": {},
    }


def _waves(
    wanted: Topology, observed: Mapping[str, Observation], made: planner.Plan
) -> list[dict[str, Any]]:
    """Return the waves, each with the hosts to look at once more before it, see recheck.py.

    Before a primary is made, all nodes: none may have become one, and those that were silent may
    have woken up. Where a living primary hands over, what counts is checked on the way, and every
    look would make the time without a primary longer. Before nodes copy, these, and the first time
    the primary.
    """
    waves = []
    looked_at_primary = False
    for wave in made.waves:
        look: set[str] = set()
        if wave.name == planner.PROMOTE and not made.hands_over:
            look = set(observed)
        elif wave.name in (planner.RELAYS, planner.SECONDARIES):
            look = {step.host for step in wave.steps}
            if not looked_at_primary:
                look.add(wanted.primary.host)
                looked_at_primary = True
        steps = {step.host: _step(wanted, wave.name, step) for step in wave.steps}
        kind = _KINDS.get(wave.name, "looked_at" if look else "role")
        waves.append({"name": wave.name, "kind": kind, "look": sorted(look), "steps": steps})
    return waves


def _step(wanted: Topology, wave: str, step: planner.Step) -> dict[str, Any]:
    return {
        # A node may have to declare several others dead; every other step it takes once.
        "name": f"{wave} {step.upstream}" if wave == planner.DEAD else wave,
        "role": step.role,
        "upstream": step.upstream,
        "upstream_id": wanted.members[step.upstream].node_id if step.upstream else "",
        "orders": list(step.orders),
        "reason": step.reason,
        "force": step.force,
        "data": step.relation,
        "overwrites": step.overwrites,
    }
