# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which link an order failed for: between which nodes, at which address, from which variable.

A daemon only says that it could not follow. The inventory has the names, and where the address and
the port come from. Pure functions over plain data.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.nso.ha.plugins.module_utils._node import addresses

from .._model.topology import Member
from .results import REHEARSAL, Result, Results

#: What is wrong with a link, by the name of the error: what became of the node that dialled. The
#: node that it was to follow is {upstream}, which it dialled {at} an address.
_SAYS: Mapping[str, str] = {
    "HA_CONNECT": "cannot reach {upstream} {at}",
    "HA_CLOSED": "lost its link to {upstream} {at}, which closed it or did not complete the "
    "copy in time",
    "HA_BADFXS": "has other packages loaded than {upstream} {at}, or other versions of them",
    "HA_BADTOKEN": "holds another token than {upstream} {at}",
    "HA_BADNAME": "reached a node {at} that goes by another node id than {upstream_id!r} "
    "(nso_ha_node_id of {upstream})",
    "HA_NOTICK": "hears no more ticks from {upstream} {at}",
    "HA_BADVSN": "speaks another version of the HA protocol than {upstream} {at}",
    "HA_BADCONFIG": "has other event streams configured than {upstream} {at}",
}

#: The error of a node that cannot open its own HA port.
_BIND = "HA_BIND"


def link_failure(member: Member, upstream: Member | None, result: Result, results: Results) -> str:
    """Return a sentence about a node, without its name, on the link for which an order failed.

    "" where it failed for none. `result` is that of the order, to `member`, which was to follow
    `upstream`. `results` have what a host name stands for on that node.
    """
    name = str((result.get("error") or {}).get("name") or "")
    if name == _BIND:
        return f"cannot open its HA port {member.port_text} (nso_ha_ha_port)."
    if upstream is None or name not in _SAYS:
        return ""
    where = at(upstream, upstream.port_text, _resolved(member.host, upstream, results))
    sentence = _SAYS[name].format(
        upstream=upstream.host, upstream_id=upstream.node_id, at=f"at {where}"
    )
    return f"{sentence}."


def at(upstream: Member, port: object, resolved: str = "") -> str:
    """Return where a node is dialled, and the variable that says so.

    `resolved` is what its host name stands for on the node that dials, or "".
    """
    address = f"[{upstream.address}]" if ":" in upstream.address else upstream.address
    stands_for = f", which is {resolved} there" if resolved else ""
    return f"{address}:{port} ({upstream.address_from} of {upstream.host}{stands_for})"


def _resolved(host: str, upstream: Member, results: Results) -> str:
    """Return what the host name of a node stands for on this host, as a rehearsal said, or ""."""
    if addresses.is_literal(upstream.address):
        return ""
    dialled = results.of(host, REHEARSAL).get("dialled") or {}
    return ", ".join(dialled.get("addresses", ()))
