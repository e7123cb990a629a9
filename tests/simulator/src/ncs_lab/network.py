# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge, the namespaces on it, and cuts between them.

All names are fixed, so that what a lab made is found again without any record of it.

A cut is an entry in the neighbour table: for the host that is to be out of reach it has a hardware
address that nobody on the bridge has. What is sent there is lost without a sign, and a client with
such an entry at both ends cannot tell it from a broken cable: connections stall, and none is
refused or reset. This takes nothing but iproute2, and works for any pair. A link that is set
down cuts a host off from all others only; a blackhole route is answered with an error at once.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ncs_lab.commands import attempt, find, run
from ncs_sim.errors import SimError

BRIDGE = "nsoha0"
MAX_HOSTS = 20
OPERATOR = "operator"
SUBNET = "10.213.77.0/24"

# A locally administered address that none of the lab's interfaces has.
_NOBODY = "02:00:00:00:00:00"
NAMESPACES = Path("/run/netns")
_NAMESPACE = re.compile(r"nsoha-\d+")
_PORT = re.compile(r"nsoha0p\d+")
# The alias of the bridge says whose it is; the kernel takes up to 255 characters.
_OWNER = "nso.ha lab in "


@dataclass(frozen=True)
class Place:
    """A network stack with an address on the bridge: a host's, or the operator's."""

    name: str
    address: str
    namespace: str | None  # None: the machine's own
    device: str

    @property
    def inside(self) -> tuple[str, ...]:
        """What to put in front of a command that is to run there."""
        return (find("ip"), "netns", "exec", self.namespace) if self.namespace else ()

    def ip(self, *words: str, text: str = "") -> str:
        """Run `ip` on this network stack."""
        return run(["ip", *(["-n", self.namespace] if self.namespace else []), *words], text)


class Network:
    """The operator and so many hosts."""

    def __init__(self, hosts: int, subnet: str = SUBNET) -> None:
        if not 1 <= hosts <= MAX_HOSTS:
            raise SimError(f"{hosts} hosts: 1 to {MAX_HOSTS} are possible")
        try:
            self.subnet = ipaddress.IPv4Network(subnet)
        except ValueError as error:
            raise SimError(f"subnet: {error}") from None
        if self.subnet.num_addresses < hosts + 3:
            raise SimError(f"{self.subnet} has not enough addresses for {hosts} hosts")
        self.operator = Place(OPERATOR, str(self.subnet[-2]), None, BRIDGE)
        self.hosts = [
            Place(f"n{number}", str(self.subnet[number]), f"nsoha-{number}", "eth0")
            for number in range(1, hosts + 1)
        ]

    @property
    def places(self) -> list[Place]:
        return [self.operator, *self.hosts]

    def place(self, name: str) -> Place:
        for place in self.places:
            if place.name == name:
                return place
        raise SimError(f"no host {name!r} here, only {', '.join(one.name for one in self.places)}")

    def claim(self, owner: Path) -> None:
        """Make the bridge; SimError if there is a lab, something left of one, or the subnet."""
        if (found := lab_directory()) is not None:
            raise SimError(f"there is a lab already, in {found}; take it down first")
        if left := leftovers():
            raise SimError(f"left over from a lab: {', '.join(left)}; run down first")
        self._refuse_used_subnet()
        # Who makes the bridge has won: it cannot be made twice.
        run(["ip", "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0"])
        run(["ip", "link", "set", BRIDGE, "alias", f"{_OWNER}{owner}"])

    def make_hosts(self) -> None:
        """Make the namespaces, and put them and the operator on the bridge."""
        self.operator.ip("-batch", "-", text=self._setting(self.operator))
        for number, host in enumerate(self.hosts, start=1):
            port = f"{BRIDGE}p{number}"
            assert host.namespace is not None
            lines = [
                f"netns add {host.namespace}",
                f"link add {port} type veth peer name {host.device} netns {host.namespace}",
                f"link set {port} master {BRIDGE} addrgenmode none",
                f"link set {port} up",
            ]
            run(["ip", "-batch", "-"], "\n".join(lines))
            host.ip("-batch", "-", text=f"link set lo up\n{self._setting(host)}")

    def _setting(self, place: Place) -> str:
        lines = [
            f"link set {place.device} addrgenmode none",
            f"addr add {place.address}/{self.subnet.prefixlen} dev {place.device}",
            f"link set {place.device} up",
        ]
        return "\n".join(lines)

    def _refuse_used_subnet(self) -> None:
        for route in _read(run(["ip", "-4", "-json", "route", "show", "table", "all"])):
            if route["dst"] == "default":
                continue
            there = ipaddress.IPv4Network(route["dst"], strict=False)
            if there.overlaps(self.subnet):
                device = route.get("dev", "another device")
                raise SimError(f"{self.subnet} overlaps {there} of {device}; give another --subnet")

    def detach(self, name: str) -> None:
        """Take a host off the bridge; its own interface stays up."""
        run(["ip", "link", "set", self._port(name), "nomaster"])

    def attach(self, name: str) -> None:
        """Put it back."""
        run(["ip", "link", "set", self._port(name), "master", BRIDGE])

    def _port(self, name: str) -> str:
        return f"{BRIDGE}p{self.hosts.index(self.place(name)) + 1}"

    # Cuts

    def cut(self, name: str, *others: str) -> None:
        """Let no packet pass between a host and these others; between it and all, with none."""
        one = self.place(name)
        rest = [self.place(other) for other in others] or [p for p in self.places if p != one]
        if one in rest:
            raise SimError(f"{name} cannot be cut off from itself")
        _bar(one, rest)
        for other in rest:
            _bar(other, [one])

    def heal(self, name: str | None = None, *others: str) -> None:
        """Undo the cuts between a host and these others; all of its cuts, or all there are."""
        one = self.place(name) if name is not None else None
        rest = [self.place(other) for other in others] or self.places
        for place in self.places:
            for barred in self.barred(place):
                ends = {place.name, barred.name}
                if one is None or any(ends == {one.name, other.name} for other in rest):
                    _unbar(place, barred)

    def barred(self, place: Place) -> list[Place]:
        """To whom a place sends in vain."""
        found = _read(place.ip("-json", "neigh", "show", "dev", place.device, "nud", "permanent"))
        addresses = {entry["dst"] for entry in found if entry.get("lladdr") == _NOBODY}
        return [other for other in self.places if other.address in addresses]


def _bar(place: Place, others: Iterable[Place]) -> None:
    lines = [
        f"neigh replace {one.address} lladdr {_NOBODY} dev {place.device} nud permanent"
        for one in others
    ]
    place.ip("-batch", "-", text="\n".join(lines))


def _unbar(place: Place, other: Place) -> None:
    place.ip("neigh", "del", other.address, "dev", place.device)


# What there is, also what others made


def lab_directory() -> Path | None:
    """The directory of the lab that is up on this machine."""
    shown = attempt(["ip", "-json", "link", "show", BRIDGE])
    if shown.returncode != 0:
        return None
    alias = str(_read(shown.stdout)[0].get("ifalias", ""))
    return Path(alias.removeprefix(_OWNER)) if alias.startswith(_OWNER) else None


def namespaces() -> list[str]:
    """The namespaces of a lab that are there, half-made ones too."""
    if not NAMESPACES.is_dir():
        return []
    return sorted(path.name for path in NAMESPACES.iterdir() if _NAMESPACE.fullmatch(path.name))


def namespace_inode(name: str) -> tuple[int, int]:
    """What tells a namespace from every other, as `stat` has it."""
    found = (NAMESPACES / name).stat()
    return found.st_dev, found.st_ino


def leftovers() -> list[str]:
    """The names of all network parts of a lab that are there."""
    names = [link["ifname"] for link in _read(run(["ip", "-json", "link", "show"]))]
    links = [name for name in names if name == BRIDGE or _PORT.fullmatch(name)]
    return [*namespaces(), *links]


def remove(names: Sequence[str]) -> None:
    """Remove these parts. Nothing may run in the namespaces any more."""
    # A namespace ends some time after its removal, but its link is gone at once with the other end.
    for name in names:
        if _PORT.fullmatch(name):
            _remove(name, ["ip", "link", "del", name])
    for name in names:
        if _NAMESPACE.fullmatch(name):
            _remove(name, ["ip", "netns", "del", name])
    if BRIDGE in names:
        _remove(BRIDGE, ["ip", "link", "del", BRIDGE])


def _remove(name: str, command: Sequence[str]) -> None:
    """Remove a part, if it does not go by itself: links end with a namespace that is ending."""
    done = attempt(command)
    if done.returncode != 0 and name in leftovers():
        raise SimError(f"{' '.join(command)}: {done.stderr.strip()}")


def _read(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text or "[]")
    return found
