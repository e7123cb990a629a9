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
from ansible_collections.nso.ha.plugins.module_utils.state import RELAY

from . import guards, planner, topology, variables
from .observed import Observation, Seen, from_result, state_from
from .variables import HostVars


def plan(
    hosts: Sequence[str],
    hostvars: HostVars,
    playing: Iterable[str],
    overwrite: object = False,
    override: object = (),
    check_mode: bool = False,
) -> dict[str, Any]:
    """Return the plan that makes a cluster as wanted, with the verdicts on it.

    waves:    list of {name, look, steps: {host: {role, upstream, orders, reason, force, data,
              overwrites}}}; `look` has the hosts to look at once more before the wave
    targets:  for each host what `ncs_ha_role` needs: role, node_id, primary_id, primary_ip
    blocked:  {host: reason} for hosts about which nothing can be done
    verdicts: list of {check, result, reason, host}
    refused:  whether any verdict forbids the plan
    rehearse: hosts on which the order is tried in check mode first
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
    return {
        **_as_result(made, verdicts),
        "waves": _waves(wished, seen, made),
        "targets": {host: _target(wished, host) for host in hosts},
        "rehearse": _to_rehearse(wished, seen, made, check_mode),
        "verify": {
            host: _expectation(wished, made, host)
            for host, one in seen.items()
            if isinstance(one, Seen) and host not in made.blocked
        },
    }


def rehearsed(made: Mapping[str, Any], hostvars: HostVars) -> dict[str, Any]:
    """Return the plan with a verdict on each host on which the order was tried in check mode."""
    verdicts = []
    for host in made["rehearse"]:
        result = hostvars[host].get(variables.REHEARSED) or {"msg": "it was not tried"}
        if "transitions" not in result or result.get("failed"):
            reason = str(result.get("msg", "no reason"))
        else:
            reason = _moved(from_result(hostvars[host].get(variables.OBSERVED)), result)
        outcome = guards.FAILED if reason else guards.PASSED
        verdicts.append(guards.Verdict("rehearsal", outcome, reason, host))
    return with_verdicts(made, verdicts)


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
    verdicts = []
    for host in made["targets"]:
        for result in variables.results(host, hostvars):
            if result.get("outcome") != DONE:
                reason = str(result.get("msg", "the step failed without a reason"))
                verdicts.append(guards.Verdict("step", guards.FAILED, reason, host))
    return with_verdicts(made, verdicts)


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
    wished: topology.Topology,
    seen: Mapping[str, Observation],
    made: planner.Plan,
    check_mode: bool,
) -> list[str]:
    """Return the hosts on which the order is tried in check mode first.

    In a real run those that know what the observations do not tell: whether a host name resolves
    there, and whether the release has relays. In check mode everybody, as that is all there is.
    """
    hosts = {step.host for step in made.steps if check_mode or step.role == RELAY}
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
        "waves": [],
        "blocked": dict(made.blocked),
        "verdicts": [dict(vars(verdict)) for verdict in verdicts],
        "refused": guards.refused(verdicts),
        "targets": {},
        "rehearse": [],
        "verify": {},
    }


def _waves(
    wished: topology.Topology, seen: Mapping[str, Observation], made: planner.Plan
) -> list[dict[str, Any]]:
    """Return the waves, each with the hosts to look at once more before it, see recheck.py.

    Before a primary is made, all that answered: none of them may have become one. Before nodes
    copy, these, and the first time the primary.
    """
    waves = []
    looked_at_primary = False
    for wave in made.waves:
        look: set[str] = set()
        if wave.name == planner.PROMOTE:
            look = {host for host, one in seen.items() if isinstance(one, Seen)}
        elif wave.name in (planner.RELAYS, planner.SECONDARIES):
            look = {step.host for step in wave.steps}
            if not looked_at_primary:
                look.add(wished.primary.host)
                looked_at_primary = True
        steps = {step.host: _step(step) for step in wave.steps}
        waves.append({"name": wave.name, "look": sorted(look), "steps": steps})
    return waves


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


def with_verdicts(made: Mapping[str, Any], verdicts: Iterable[guards.Verdict]) -> dict[str, Any]:
    """Return the plan with more verdicts; a failed one forbids whatever has not been done yet."""
    more = list(verdicts)
    return {
        **made,
        "verdicts": [*made["verdicts"], *(dict(vars(one)) for one in more)],
        "refused": made["refused"] or guards.refused(more),
    }
