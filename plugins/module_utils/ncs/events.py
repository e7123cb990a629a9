# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading HA events, with the names of the vendor's ``_ncs.events``.

Source: docs/protocol.md, "Notification socket". Reading events takes nothing from any HA
controller. HA_INFO_SYNC is left out on purpose: with it the daemon stops all HA work until each
subscriber has answered.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, NamedTuple

from . import error, frames, ipc, nodes, terms
from .ha_status import Node

NOTIF_HA_INFO = 64
NOTIF_HEARTBEAT = 8192

_MASKS = NOTIF_HA_INFO | NOTIF_HEARTBEAT

HA_INFO_NOPRIMARY = 1
HA_INFO_SECONDARY_DIED = 2
HA_INFO_SECONDARY_ARRIVED = 3
HA_INFO_SECONDARY_INITIALIZED = 4
HA_INFO_IS_PRIMARY = 5
HA_INFO_IS_NONE = 6
HA_INFO_BESECONDARY_RESULT = 7

#: Shortest interval between heartbeats, in milliseconds.
MIN_HEARTBEAT = 1000

# How much progress events tell, 0 to 3. This client reads no such events.
_VERBOSITY = 0


class NotificationsData(NamedTuple):
    """Options of a subscription: intervals in milliseconds, 0 for none."""

    heartbeat_interval: int = 0
    health_check_interval: int = 0


def notifications_connect(
    sock: socket.socket,
    mask: int,
    ip: str | None = None,
    port: int = 0,
    path: str | None = None,
) -> None:
    """Connect `sock` and subscribe to the events of `mask`, without heartbeats."""
    notifications_connect2(sock, mask, NotificationsData(), ip, port, path)


def notifications_connect2(
    sock: socket.socket,
    mask: int,
    data: NotificationsData,
    ip: str | None = None,
    port: int = 0,
    path: str | None = None,
) -> None:
    """Connect `sock` and subscribe to the events of `mask`, with the options of `data`.

    As the daemon does, an interval between heartbeats below MIN_HEARTBEAT is raised to it.
    """
    if mask & ~_MASKS or not mask:
        raise error.Error(
            error.ERR_PROTOUSAGE,
            f"events {mask} were asked for; this client reads NOTIF_HA_INFO and NOTIF_HEARTBEAT",
        )
    ipc.connect_as_vendor(sock, ipc.Client.EVENTS, ip, port, path)
    subscribe(sock, mask, data)


def subscribe(sock: socket.socket, mask: int, data: NotificationsData) -> None:
    """Send the subscription on a notification socket that is connected."""
    heartbeat = data.heartbeat_interval
    if mask & NOTIF_HEARTBEAT:
        heartbeat = max(heartbeat, MIN_HEARTBEAT)
    undefined = terms.Atom("undefined")
    subscription: terms.Term = (mask, heartbeat, data.health_check_interval, undefined, _VERBOSITY)
    with frames.deadline(sock) as limit:
        frames.send_frame(sock, terms.encode(subscription), limit)
        with frames.answering():
            answer = frames.receive_term(sock, limit)
            if answer != "ok":
                raise frames.unexpected(f"neither ok nor an event but {frames.brief(answer)}")


def read_notification(sock: socket.socket) -> dict[str, Any]:
    """Wait for the next event and return it.

    A heartbeat is {"type": NOTIF_HEARTBEAT}. An HA event is {"type": NOTIF_HA_INFO, "hnot": {...}}
    with "type", one of HA_INFO_*, and what belongs to it: "noprimary" (an error code),
    "secondary_died" or "secondary_arrived" (each with "nodeid", "af", and "ip4", "ip6" or "str"),
    "cdb_initialized_by_copy" (0 or 1), "besecondary_result" (0 or an error code).
    """
    with frames.deadline(sock) as limit:
        term = frames.receive_term(sock, limit)
    if isinstance(term, tuple) and term and term[0] == NOTIF_HEARTBEAT:
        return {"type": NOTIF_HEARTBEAT}
    if isinstance(term, tuple) and len(term) == 2 and term[0] == NOTIF_HA_INFO:
        details = term[1]
        if isinstance(details, tuple) and len(details) == 2 and isinstance(details[0], int):
            return {"type": NOTIF_HA_INFO, "hnot": _ha_event(details[0], details[1])}
    raise frames.unexpected(f"an event of the form {frames.brief(term)}")


_NUMBERS = {
    HA_INFO_NOPRIMARY: "noprimary",
    HA_INFO_SECONDARY_INITIALIZED: "cdb_initialized_by_copy",
    HA_INFO_BESECONDARY_RESULT: "besecondary_result",
}
_NODES = {
    HA_INFO_SECONDARY_DIED: "secondary_died",
    HA_INFO_SECONDARY_ARRIVED: "secondary_arrived",
}
_NOTHING = (HA_INFO_IS_PRIMARY, HA_INFO_IS_NONE)


def _ha_event(kind: int, value: terms.Term) -> dict[str, Any]:
    if kind in _NUMBERS and isinstance(value, int):
        return {"type": kind, _NUMBERS[kind]: value}
    if kind in _NODES:
        return {"type": kind, _NODES[kind]: _node(nodes.decode_node(value))}
    if kind in _NOTHING:
        return {"type": kind}
    raise frames.unexpected(f"HA event {kind} with {frames.brief(value)}")


def _node(node: Node) -> dict[str, Any]:
    try:
        version = ipaddress.ip_address(node["address"]).version
    except ValueError:
        return {"nodeid": node["nodeid"], "af": socket.AF_UNSPEC, "str": node["address"]}
    if version == 4:
        return {"nodeid": node["nodeid"], "af": socket.AF_INET, "ip4": node["address"]}
    return {"nodeid": node["nodeid"], "af": socket.AF_INET6, "ip6": node["address"]}
