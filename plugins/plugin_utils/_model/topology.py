# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The wanted cluster: who should be what, and what can be wrong with that by itself.

Runs on the controller. Pure functions over plain data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ansible_collections.nso.ha.plugins.module_utils._node import addresses, validation
from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    FOLLOWERS,
    PRIMARY,
    RELAY,
    ROLES,
    SECONDARY,
)

#: What a node has that the inventory says nothing of.
DEFAULT_PRIORITY = 100


@dataclass(frozen=True)
class Member:
    """One node as the inventory wants it.

    upstream: the inventory name of another, or "" for the primary
    priority: which node to prefer when a primary is chosen, the highest; 0 is never
    """

    host: str
    node_id: str
    address: str
    role: str
    upstream: str = ""
    priority: int = DEFAULT_PRIORITY


class Topology:
    """Members by inventory name, in the inventory's order, with their upstreams filled in."""

    def __init__(self, members: Iterable[Member]) -> None:
        self.members: dict[str, Member] = {member.host: member for member in members}

    @cached_property
    def primary(self) -> Member:
        """Return the wanted primary; only for a topology without problems."""
        return next(member for member in self.members.values() if member.role == PRIMARY)

    def upstream(self, host: str) -> Member | None:
        """Return the member that `host` should follow, the primary unless it names another."""
        member = self.members[host]
        if member.role not in FOLLOWERS:
            return None
        return self.members[member.upstream] if member.upstream else self.primary

    def depth(self, host: str) -> int:
        """Return how many members are between `host` and nothing: 0 for the primary."""
        depth = 0
        above = self.upstream(host)
        while above is not None:
            depth += 1
            above = self.upstream(above.host)
        return depth

    def by_node_id(self, node_id: str) -> Member | None:
        """Return the member with this node id."""
        return self._by_node_id.get(node_id)

    def followers_of(self, host: str) -> list[Member]:
        """Return the members that should follow `host` directly."""
        return self._followers.get(host, [])

    @cached_property
    def _by_node_id(self) -> dict[str, Member]:
        return {member.node_id: member for member in self.members.values()}

    @cached_property
    def _followers(self) -> dict[str, list[Member]]:
        followers: dict[str, list[Member]] = defaultdict(list)
        for member in self.members.values():
            above = self.upstream(member.host)
            if above is not None:
                followers[above.host].append(member)
        return followers

    def from_the_top(self) -> list[Member]:
        """Return all members, each after the one it follows."""
        return sorted(self.members.values(), key=lambda member: self.depth(member.host))


def led_by(members: Iterable[Member], host: str) -> list[Member]:
    """Return the same nodes with `host` as primary: it changes places with the wanted primary.

    Whoever is to follow the one by name follows the other then. A node that should be none leaves
    no place to take: the primary that was follows the new one.
    """
    members = list(members)
    old = next((one for one in members if one.role == PRIMARY), None)
    new = next(one for one in members if one.host == host)
    if old is None or old is new:
        return [replace(one, role=PRIMARY, upstream="") if one is new else one for one in members]
    other = {old.host: new.host, new.host: old.host}
    place = new if new.role in FOLLOWERS else replace(old, role=SECONDARY)
    changed = []
    for one in members:
        upstream = other.get(one.upstream, one.upstream)
        if one is new:
            one = replace(one, role=PRIMARY, upstream="")
        elif one is old:
            above = other.get(place.upstream, place.upstream)
            one = replace(one, role=place.role, upstream="" if above == new.host else above)
        else:
            one = replace(one, upstream=upstream)
        changed.append(one)
    return changed


def topology_problems(members: Iterable[Member]) -> list[str]:
    """Return everything that is wrong with a wanted topology, in words; nothing if it is right."""
    by_host = {member.host: member for member in members}
    if not by_host:
        return ["the group has no hosts"]
    found = [text for member in by_host.values() for text in _own_problems(member)]
    found += _doubles("node id", {host: member.node_id for host, member in by_host.items()})
    found += _doubles(
        "address",
        {host: addresses.canonical(member.address) for host, member in by_host.items()},
    )
    primaries = [host for host, member in by_host.items() if member.role == PRIMARY]
    if len(primaries) != 1:
        who = f"{len(primaries)} nodes ({', '.join(primaries)})" if primaries else "no node"
        found.append(f"{who} should be primary (nso_ha_role), and it has to be exactly one")
    found += [text for member in by_host.values() for text in _upstream_problems(member, by_host)]
    return found


def _own_problems(member: Member) -> list[str]:
    found = []
    if member.role not in ROLES:
        given = f"is {member.role!r}" if member.role else "is not set"
        found.append(f"{member.host}: nso_ha_role {given}; it has to be one of {', '.join(ROLES)}")
    try:
        validation.check_node_id("nso_ha_node_id", member.node_id)
    except validation.OptionError as problem:
        found.append(f"{member.host}: {problem}")
    if member.priority < 0:
        found.append(f"{member.host}: nso_ha_priority has to be a whole number, 0 (never) or more")
    if addresses.is_literal(member.address):
        try:
            addresses.check_address(member.address)
        except addresses.AddressError as problem:
            found.append(f"{member.host}: nso_ha_node_ip: {problem}")
    return found


def _doubles(what: str, values: Mapping[str, str]) -> list[str]:
    hosts_of: dict[str, list[str]] = defaultdict(list)
    for host, value in values.items():
        hosts_of[value].append(host)
    return [
        f"{', '.join(hosts)} have the same {what}, {value!r}"
        for value, hosts in hosts_of.items()
        if len(hosts) > 1
    ]


def _upstream_problems(member: Member, by_host: Mapping[str, Member]) -> list[str]:
    if not member.upstream:
        return []
    where = f"{member.host}: nso_ha_upstream is {member.upstream!r}"
    if member.role not in FOLLOWERS:
        return [f"{where}, but a node with role {member.role or 'not set'} follows nobody"]
    above = by_host.get(member.upstream)
    if above is None:
        return [f"{where}, which is no host of the group (inventory names are meant)"]
    if above.role not in (PRIMARY, RELAY):
        return [f"{where}, which should be {above.role}; only a primary or a relay can be followed"]
    passed = [member.host]
    while above is not None and above.upstream:
        if above.host in passed:
            return [f"{where}, but {' follows '.join([*passed, above.host])}: that is a circle"]
        passed.append(above.host)
        above = by_host.get(above.upstream)
    return []
