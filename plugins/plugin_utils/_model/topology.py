# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The wanted cluster: the role of each node, and what can be wrong with that by itself.

Runs on the controller. Pure functions over plain data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ansible_collections.nso.ha.plugins.module_utils._node import addresses, validation
from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    FOLLOWERS,
    PRIMARY,
    RELAY,
    ROLES,
    SECONDARY,
)

#: The role of a node that takes whatever role the cluster needs.
MEMBER = "member"

#: The roles that the inventory can give a node.
INVENTORY_ROLES = (MEMBER, *ROLES)

#: The port at which nodes dial each other unless ncs.conf says otherwise.
DEFAULT_HA_PORT = "4570"

#: The priority of a node for which the inventory gives none.
DEFAULT_PRIORITY = 100


@dataclass(frozen=True)
class Member:
    """One node as the inventory, or an operation, wants it.

    role:     one of INVENTORY_ROLES in the inventory; what an operation wants is never MEMBER
    upstream: the inventory name of the member that it follows, or "" for the primary
    priority: the highest is preferred when a primary is chosen; 0 is never chosen
    hold:     whether it is kept in read-only mode for as long as it is not primary
    start_phases: whether an operation takes it from start phase 0, in which it waits, to phase 2
    address_from: the variable that has the address
    local:    whether Ansible runs its modules on the controller itself
    ha_port:  the port at which the other nodes dial it, or "" for the default
    """

    host: str
    node_id: str
    address: str
    role: str
    upstream: str = ""
    priority: int = DEFAULT_PRIORITY
    hold: bool = False
    start_phases: bool = False
    address_from: str = field(default="nso_ha_node_ip", compare=False)
    local: bool = field(default=False, compare=False)
    ha_port: str = field(default="", compare=False)

    @property
    def port_text(self) -> str:
        """Return the port at which the other nodes dial it, as text."""
        return self.ha_port or DEFAULT_HA_PORT


class Topology:
    """Members by inventory name, in the inventory's order, with their upstreams filled in.

    None of them has the role MEMBER: `seated` gives each the role that it is to have.
    """

    def __init__(self, members: Iterable[Member]) -> None:
        self.members: dict[str, Member] = {member.host: member for member in members}

    @cached_property
    def primary(self) -> Member:
        """Return the wanted primary; only for a topology that has one."""
        return self.members[wanted_primary(self.members.values())]

    def upstream(self, host: str) -> Member | None:
        """Return the member that `host` should follow, the primary unless it names another."""
        member = self.members[host]
        if member.role not in FOLLOWERS:
            return None
        return self.members.get(member.upstream or wanted_primary(self.members.values()))

    def depth(self, host: str) -> int:
        """Return how many upstreams are above `host`: 0 for the primary."""
        depth = 0
        upstream = self.upstream(host)
        while upstream is not None:
            depth += 1
            upstream = self.upstream(upstream.host)
        return depth

    def by_node_id(self, node_id: str) -> Member | None:
        """Return the member with this node id."""
        return self._by_node_id.get(node_id)

    def by_address(self, address: str) -> Member | None:
        """Return the member with this address, or with this very host name."""
        return self._by_address.get(addresses.canonical(address)) if address else None

    def followers_of(self, host: str) -> list[Member]:
        """Return the members that should follow `host` directly."""
        return self._followers.get(host, [])

    @cached_property
    def _by_node_id(self) -> dict[str, Member]:
        return {member.node_id: member for member in self.members.values()}

    @cached_property
    def _by_address(self) -> dict[str, Member]:
        return {addresses.canonical(member.address): member for member in self.members.values()}

    @cached_property
    def _followers(self) -> dict[str, list[Member]]:
        followers: dict[str, list[Member]] = defaultdict(list)
        for member in self.members.values():
            upstream = self.upstream(member.host)
            if upstream is not None:
                followers[upstream.host].append(member)
        return followers

    def from_the_top(self) -> list[Member]:
        """Return all members, each after its upstream."""
        return sorted(self.members.values(), key=lambda member: self.depth(member.host))


def seated(members: Iterable[Member], primary: str) -> list[Member]:
    """Return the nodes with the roles that they have once `primary` is primary.

    The other members become secondaries. Where the inventory pins the role to a node, that one is
    primary instead.
    """
    members = list(members)
    seat = wanted_primary(members) or primary
    changed = []
    for member in members:
        if member.host == seat:
            changed.append(replace(member, role=PRIMARY, upstream=""))
        else:
            role = SECONDARY if member.role == MEMBER else member.role
            changed.append(replace(member, role=role))
    return changed


def first_choice(members: Iterable[Member]) -> str:
    """Return the host that is primary first, in a cluster that never had one, or ""."""
    fit = [member for member in members if may_be_chosen(member)]
    return min(fit, key=lambda member: (-member.priority, member.host)).host if fit else ""


def may_be_chosen(member: Member) -> bool:
    """Return whether the inventory leaves it to the cluster whether this node is primary."""
    return member.role == MEMBER and member.priority > 0


def led_by(members: Iterable[Member], host: str) -> list[Member]:
    """Return the same nodes with `host` as primary: it changes places with the wanted primary.

    Members that follow either of the two by name follow the other one then. A new primary that
    should be none has no place to give: the former primary becomes its secondary.
    """
    members = list(members)
    former = next((member for member in members if member.role == PRIMARY), None)
    new = next(member for member in members if member.host == host)
    promoted = replace(new, role=PRIMARY, upstream="")
    if former is None or former is new:
        return [promoted if member is new else member for member in members]
    swapped = {former.host: new.host, new.host: former.host}
    place = new if new.role in FOLLOWERS else replace(former, role=SECONDARY)
    changed = []
    for member in members:
        if member is new:
            changed.append(promoted)
        elif member is former:
            upstream = swapped.get(place.upstream, place.upstream)
            upstream = "" if upstream == new.host else upstream
            changed.append(replace(member, role=place.role, upstream=upstream))
        else:
            upstream = swapped.get(member.upstream, member.upstream)
            changed.append(replace(member, upstream=upstream))
    return changed


def wanted_primary(members: Iterable[Member]) -> str:
    """Return the host that has the role primary, or "" if none has."""
    return next((member.host for member in members if member.role == PRIMARY), "")


def topology_problems(members: Iterable[Member]) -> list[str]:
    """Return everything that is wrong with a wanted topology, in words; nothing if it is right."""
    by_host = {member.host: member for member in members}
    if not by_host:
        return ["the group has no hosts"]
    problems = [text for member in by_host.values() for text in _member_problems(member)]
    problems += _doubles("node id", {host: member.node_id for host, member in by_host.items()})
    problems += _doubles(
        "address",
        {host: addresses.comparable(member.address) for host, member in by_host.items()},
    )
    problems += _loopback_problems(by_host.values())
    problems += _primary_problems(by_host.values())
    problems += [
        text for member in by_host.values() for text in _upstream_problems(member, by_host)
    ]
    return problems


def _primary_problems(members: Iterable[Member]) -> list[str]:
    members = list(members)
    primaries = [member.host for member in members if member.role == PRIMARY]
    if len(primaries) > 1:
        return [
            f"{len(primaries)} nodes ({', '.join(primaries)}) have nso_ha_role primary, and at "
            "most one may. Without one, the members choose"
        ]
    if not primaries and not any(map(may_be_chosen, members)):
        return [
            "no node may be primary. Give one of them nso_ha_role member, which is the default, "
            "and an nso_ha_priority above 0, or nso_ha_role primary"
        ]
    return []


def _member_problems(member: Member) -> list[str]:
    problems = []
    if member.role not in INVENTORY_ROLES:
        problems.append(
            f"{member.host}: nso_ha_role is {member.role!r}; it has to be one of "
            f"{', '.join(INVENTORY_ROLES)}"
        )
    try:
        validation.check_node_id("nso_ha_node_id", member.node_id)
    except validation.OptionError as problem:
        problems.append(f"{member.host}: {problem}")
    if member.priority < 0:
        problems.append(
            f"{member.host}: nso_ha_priority has to be a whole number, 0 (never) or more"
        )
    try:
        if addresses.is_literal(member.address):
            addresses.check_address(member.address)
        else:
            addresses.check_name(member.address)
    except addresses.AddressError as problem:
        problems.append(f"{member.host}: {member.address_from}: {problem}")
    return problems


def outside(members: Iterable[Member]) -> list[Member]:
    """Return the members that a loopback address does not lead to, so that nobody may dial one.

    Nodes on one host are told apart by loopback addresses. What a name leads to is not known here:
    it may be one of them, if Ansible need not leave the controller for that node.
    """
    return [
        member
        for member in members
        if not addresses.is_loopback(member.address)
        and (addresses.is_literal(member.address) or not member.local)
    ]


def _loopback_problems(members: Iterable[Member]) -> list[str]:
    members = list(members)
    elsewhere = [member.host for member in outside(members)]
    if not elsewhere:
        return []
    others = ", ".join(elsewhere[:3]) + (" and others" if len(elsewhere) > 3 else "")
    return [
        f"{member.host}: {member.address_from} is {member.address!r}, a loopback address, which "
        f"other nodes ({others}) cannot dial. Set nso_ha_node_ip of {member.host} to the address "
        "at which they reach it"
        for member in members
        if addresses.is_loopback(member.address)
    ]


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
    if member.role not in (*FOLLOWERS, MEMBER):
        return [f"{where}, but a node with role {member.role} follows nobody"]
    upstream = by_host.get(member.upstream)
    if upstream is None:
        return [f"{where}, which is no host of the group (inventory names are meant)"]
    if upstream.role == MEMBER:
        return [
            f"{where}, a member, which may be primary or secondary. Leave it out: a node follows "
            "the primary, whichever that is"
        ]
    if upstream.role not in (PRIMARY, RELAY):
        return [
            f"{where}, which should be {upstream.role}; only a primary or a relay can be followed"
        ]
    passed = [member.host]
    while upstream is not None and upstream.upstream:
        if upstream.host in passed:
            return [f"{where}, but {' follows '.join([*passed, upstream.host])}: that is a circle"]
        passed.append(upstream.host)
        upstream = by_host.get(upstream.upstream)
    return []
