# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the rehearsals say of the addresses at which nodes would dial the node that they follow.

A name may stand for another address on each host. Each node has said which it would dial, and
whether the HA port accepted a connection there. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node import addresses
from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY, RELAY

from .._checks.case import FAILED, PASSED, Verdict
from .._model.observation import Answer, Observation
from .._model.topology import Member, outside
from . import link_errors
from .results import REHEARSAL, Results
from .run_state import OperationPlan

#: What a host answers on whose port nothing listens.
REFUSED = "ECONNREFUSED"


@dataclass(frozen=True)
class DialledUpstream:
    """How a host would dial its upstream, as its module says.

    addresses: what the address of the upstream stands for there
    accepted:  the address that accepted a connection, or ""
    failures:  the addresses that accepted none, each with the error; none where it was not tried
    """

    host: str
    upstream: Member
    addresses: tuple[str, ...]
    port: int
    accepted: str
    failures: Mapping[str, str]

    @property
    def failed(self) -> bool:
        """Return whether no address accepted a connection."""
        return bool(self.failures) and not self.accepted

    @property
    def attempts(self) -> str:
        """Return the addresses that accepted no connection, with the errors, in words."""
        return ", ".join(f"{address} ({error})" for address, error in self.failures.items())


def listens(observed: Mapping[str, Observation], moving: Collection[str], host: str) -> bool:
    """Return whether the HA port of a node has to be open: it has followers, or may have.

    `moving` are the hosts that are still to get their role. Of these nothing is known, as is of a
    node that is none or secondary (docs/protocol.md, "HA port").
    """
    observation = observed[host]
    return (
        host not in moving
        and isinstance(observation, Answer)
        and observation.state.role in (PRIMARY, RELAY)
    )


def upstream_verdicts(plan: OperationPlan, results: Results) -> list[Verdict]:
    """Return the verdicts on what was dialled in the rehearsals; one that passed only tells."""
    told = list(_told(plan, results))
    observed = {member.host: results.observation(member.host) for member in plan.members}
    moving = {step.host for wave in plan.waves for step in wave.steps if step.role}
    judged = []
    for dialled in told:
        judged += _loopback(dialled, plan)
        judged += _unreachable(dialled, listens(observed, moving, dialled.upstream.host))
    for upstream in plan.members:
        judged += _differing([dialled for dialled in told if dialled.upstream == upstream])
    return judged


def _told(plan: OperationPlan, results: Results) -> Iterator[DialledUpstream]:
    upstreams = {member.node_id: member for member in plan.members}
    for host in plan.rehearse:
        dialled: Mapping[str, Any] | None = results.of(host, REHEARSAL).get("dialled")
        upstream = upstreams.get(plan.targets[host].primary_id) if dialled else None
        if dialled and upstream:
            yield DialledUpstream(
                host,
                upstream,
                tuple(dialled["addresses"]),
                dialled["port"],
                dialled["accepted"] or "",
                {failure["address"]: failure["os_error"] for failure in dialled["failures"]},
            )


def _loopback(dialled: DialledUpstream, plan: OperationPlan) -> list[Verdict]:
    upstream = dialled.upstream
    loopback = [address for address in dialled.addresses if addresses.is_loopback(address)]
    if not loopback or addresses.is_literal(upstream.address) or not outside(plan.members):
        return []
    why = (
        f"would dial itself: {_given(upstream)} leads to {', '.join(loopback)} there, a loopback "
        f"address. Correct the hosts file or name service of {dialled.host}, or set nso_ha_node_ip "
        f"of {upstream.host} to an IP address that the other nodes reach"
    )
    return [Verdict("rehearsal", FAILED, why, dialled.host)]


def _unreachable(dialled: DialledUpstream, listening: bool) -> list[Verdict]:
    if not dialled.failed:
        return []
    upstream = dialled.upstream
    what = (
        f"cannot reach {upstream.host} at {link_errors.at(upstream, dialled.port)}: "
        f"{dialled.attempts}"
    )
    if listening:
        why = (
            f"{what}. That node is primary or relay already, so the port should be open. Set "
            f"nso_ha_node_ip of {upstream.host} to the address at which the other nodes reach it, "
            "nso_ha_ha_port if ncs.conf has another HA port, or open the port in firewalls"
        )
        return [Verdict("rehearsal", FAILED, why, dialled.host)]
    if set(dialled.failures.values()) == {REFUSED}:
        # Nothing listens there before the node is primary. The host at least has answered.
        return []
    # A firewall may drop what is sent to a closed port. That proves nothing, so it stops nothing.
    why = f"{what}. The port may be closed as long as that node is not primary"
    return [Verdict("rehearsal", PASSED, why, dialled.host)]


def _differing(same: list[DialledUpstream]) -> list[Verdict]:
    """Return the verdict on hosts that know different addresses of one upstream."""
    by_addresses: dict[frozenset[str], DialledUpstream] = {}
    for dialled in same:
        by_addresses.setdefault(frozenset(dialled.addresses), dialled)
    if len(by_addresses) < 2:
        return []
    apart = any(first.isdisjoint(second) for first, second in combinations(by_addresses, 2))
    upstream = same[0].upstream
    who = "; ".join(
        f"{', '.join(sorted(known))} on {dialled.host}" for known, dialled in by_addresses.items()
    )
    why = f"{_given(upstream)} leads to different addresses: {who}"
    if not apart:
        return [Verdict("rehearsal", PASSED, why)]
    why += (
        f". These may be different nodes. Set nso_ha_node_ip of {upstream.host} to an IP address "
        "that all nodes reach, or correct the hosts files or name services"
    )
    return [Verdict("rehearsal", FAILED, why)]


def _given(member: Member) -> str:
    """Return the address of a member as the user gave it, with the variable."""
    return f"{member.address_from} {member.address!r}"
