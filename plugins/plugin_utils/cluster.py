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
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils import addresses
from ansible_collections.nso.ha.plugins.module_utils.orders import DONE
from ansible_collections.nso.ha.plugins.module_utils.state import FOLLOWERS, PRIMARY

from . import data, guards, planner, topology, variables
from .observed import Observation, Seen, from_result, state_from
from .variables import HostVars


def plan(
    hosts: Sequence[str],
    hostvars: HostVars,
    playing: Iterable[str],
    overwrite: object = False,
    override: object = (),
) -> dict[str, Any]:
    """Return the plan that makes a cluster as wanted, with the verdicts on it.

    waves:    list of {name, steps: {host: {role, upstream, orders, reason, force, data,
              overwrites}}}
    targets:  for each host what `ncs_ha_role` needs: role, node_id, primary_id, primary_ip
    blocked:  {host: reason} for hosts about which nothing can be done
    verdicts: list of {check, result, reason, host}
    refused:  whether any verdict forbids the plan
    rehearse: hosts on which the order is tried in check mode first
    recheck:  hosts to look at once more before any data is copied
    verify:   for each host that answered, the wait_for of `ncs_ha_status` that verifies it
    """
    wanted = variables.members(hosts, hostvars)
    problems = topology.problems(wanted) + _left_out(hosts, playing)
    for name in ("nso_ha_allow_overwrite", "nso_ha_override"):
        problems += variables.uneven(name, hosts, hostvars)
    agreed = guards.Consents()
    try:
        agreed = variables.consents(overwrite, override, hosts)
    except ValueError as problem:
        problems.append(str(problem))
    if problems:
        verdicts = [guards.Verdict("topology", guards.FAILED, text) for text in problems]
        return _as_result(planner.Plan(), verdicts)
    wished = topology.Topology(wanted)
    seen = variables.observations(hosts, hostvars, variables.OBSERVED)
    made = planner.plan(wished, seen)
    verdicts = guards.verdicts(guards.Case(wished, seen, made), agreed)
    verdicts.insert(0, guards.Verdict("topology", guards.PASSED, ""))
    copying = {step.host for step in made.steps if step.relation}
    return {
        **_as_result(made, verdicts),
        "targets": {host: _target(wished, host) for host in hosts},
        "rehearse": _to_rehearse(wished, seen, made),
        "recheck": sorted(copying | {wished.primary.host}) if copying else [],
        "verify": {
            host: _expectation(wished, made, host)
            for host, one in seen.items()
            if isinstance(one, Seen) and host not in made.blocked
        },
    }


def rehearsed(made: Mapping[str, Any], hostvars: HostVars) -> dict[str, Any]:
    """Return the plan with a verdict on each host on which the order was tried in check mode."""
    verdicts = list(made["verdicts"])
    for host in made["rehearse"]:
        result = hostvars[host].get(variables.REHEARSED) or {"msg": "it was not tried"}
        if "transitions" not in result or result.get("failed"):
            reason = str(result.get("msg", "no reason"))
        else:
            reason = _moved(from_result(hostvars[host].get(variables.OBSERVED)), result)
        outcome = guards.FAILED if reason else guards.PASSED
        verdicts.append(_verdict("rehearsal", outcome, reason, host))
    return {**made, "verdicts": verdicts, "refused": _refused(verdicts)}


def _moved(earlier: Observation, result: Mapping[str, Any]) -> str:
    """Return in words that a node is not any more what the plan was made for, or nothing."""
    if not isinstance(earlier, Seen) or not result.get("before"):
        return ""
    now = state_from(result["before"])
    if (now.role, now.primary) == (earlier.state.role, earlier.state.primary):
        return ""
    return f"was {earlier.state} when the plan was made and is {now} now; run it again"


def after_wave(made: Mapping[str, Any], hostvars: HostVars) -> dict[str, Any]:
    """Return the plan with a verdict on each step that was not done: it ends the run."""
    verdicts = list(made["verdicts"])
    for host in made["targets"]:
        for result in variables.results(host, hostvars):
            if result.get("outcome") != DONE:
                reason = f"{result.get('msg', 'the step failed without a reason')}"
                verdicts.append(_verdict("step", guards.FAILED, reason, host))
    return {**made, "verdicts": verdicts, "refused": _refused(verdicts)}


def rechecked(
    made: Mapping[str, Any], hosts: Sequence[str], hostvars: HostVars, overwrite: object = False
) -> dict[str, Any]:
    """Return the plan with verdicts on what changed since it was made, just before copying.

    A node that left its cluster is writable, and a plan takes time. A node whose transaction id is
    the one it had when the plan was made is as the plan says, and so is a copy that still follows
    the same node, as it takes no writes of its own. Any other is judged again.
    """
    agreed = variables.consents(overwrite, (), hosts)
    wished = topology.Topology(variables.members(hosts, hostvars))
    before = variables.observations(hosts, hostvars, variables.OBSERVED)
    now = variables.observations(hosts, hostvars, variables.RECHECKED)
    primary = now[wished.primary.host]
    verdicts = list(made["verdicts"])
    if not isinstance(primary, Seen) or primary.state.role != PRIMARY:
        is_now = str(primary.state) if isinstance(primary, Seen) else primary.reason
        verdicts.append(
            _verdict(
                "recheck",
                guards.FAILED,
                f"is no primary to copy from: {is_now}",
                wished.primary.host,
            )
        )
    for host, relation in _copying(made).items():
        one, earlier = now[host], before[host]
        if not isinstance(one, Seen):
            verdicts.append(_verdict("recheck", guards.FAILED, one.reason, host))
            continue
        if agreed.may_overwrite(host) or _is_as_planned(relation, earlier, one):
            continue
        theirs = primary.txid if isinstance(primary, Seen) else None
        again = data.compare(one.txid, theirs)
        if again not in data.SAFE:
            reason = (
                f"{data.explain(again, one.txid, theirs)}, and it had not when the plan was made"
            )
            verdicts.append(_verdict("recheck", guards.FAILED, reason, host))
    return {**made, "verdicts": verdicts, "refused": _refused(verdicts)}


def _is_as_planned(relation: str, earlier: Observation, now: Seen) -> bool:
    """Return whether what the plan says of a node's data holds still."""
    if not isinstance(earlier, Seen):
        return False
    if now.txid is not None and now.txid == earlier.txid:
        return True
    follows_still = now.state.role in FOLLOWERS and now.state.primary == earlier.state.primary
    return relation == data.COPY and follows_still


def _copying(made: Mapping[str, Any]) -> dict[str, str]:
    """Return the hosts that are to follow, each with how its data stood to the primary's."""
    return {
        host: step["data"]
        for wave in made["waves"]
        for host, step in wave["steps"].items()
        if step["data"]
    }


def _left_out(hosts: Iterable[str], playing: Iterable[str]) -> list[str]:
    """A decision about a cluster needs all of it."""
    present = set(playing)
    missing = [host for host in hosts if host not in present]
    if not missing:
        return []
    return [
        f"{', '.join(missing)} of the group take no part in this play together with the others. A "
        "decision about a cluster needs all of its nodes: run without --limit and without serial"
    ]


def _to_rehearse(
    wished: topology.Topology, seen: Mapping[str, Observation], made: planner.Plan
) -> list[str]:
    """Return the hosts that get an order, and those that should follow a host name.

    Only the host itself can resolve the name.
    """
    hosts = {step.host for step in made.steps}
    for host, one in seen.items():
        upstream = wished.upstream(host)
        if isinstance(one, Seen) and upstream and not addresses.is_literal(upstream.address):
            hosts.add(host)
    return sorted(hosts)


def _target(wished: topology.Topology, host: str) -> dict[str, str]:
    member, upstream = wished.members[host], wished.upstream(host)
    return {
        "role": member.role,
        "node_id": member.node_id,
        "primary_id": upstream.node_id if upstream else "",
        "primary_ip": upstream.address if upstream else "",
    }


def _expectation(wished: topology.Topology, made: planner.Plan, host: str) -> dict[str, Any]:
    """Return what a node has to say of itself in the end, and who it has to list."""
    member, upstream = wished.members[host], wished.upstream(host)
    expected: dict[str, Any] = {
        "role": member.role,
        "secondaries": [
            one.node_id for one in wished.followers_of(host) if one.host not in made.blocked
        ],
    }
    if upstream:
        expected["primary_id"] = upstream.node_id
    return expected


def _as_result(made: planner.Plan, verdicts: Sequence[guards.Verdict]) -> dict[str, Any]:
    return {
        "waves": [
            {"name": wave.name, "steps": {step.host: _step(step) for step in wave.steps}}
            for wave in made.waves
        ],
        "blocked": dict(made.blocked),
        "verdicts": [dict(vars(verdict)) for verdict in verdicts],
        "refused": guards.refused(verdicts),
        "targets": {},
        "rehearse": [],
        "recheck": [],
        "verify": {},
    }


def _step(step: planner.Step) -> dict[str, Any]:
    return {
        "role": step.role,
        "upstream": step.upstream,
        "orders": list(step.orders),
        "reason": step.reason,
        "force": step.force,
        "data": step.relation,
        "overwrites": step.overwrites,
    }


def _verdict(check: str, result: str, reason: str, host: str) -> dict[str, str]:
    return dict(vars(guards.Verdict(check, result, reason, host)))


def _refused(verdicts: Iterable[Mapping[str, str]]) -> bool:
    return any(verdict["result"] == guards.FAILED for verdict in verdicts)
