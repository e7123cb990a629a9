# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options of ncs_ha_role: which go together, and the node to copy from."""

from __future__ import annotations

from .._node.addresses import AddressError, Upstream
from .._node.resolving import resolve
from .._node.state import FOLLOWERS, PRIMARY, RELAY
from .._node.validation import OptionError, check_node_id, text_problem


def check_role_options(
    role: str,
    node_id: object,
    primary_id: object,
    primary_ip: str | None,
    wait: bool,
) -> None:
    """Raise OptionError for options of ncs_ha_role that contradict each other."""
    for name, value in (("node_id", node_id), ("primary_id", primary_id)):
        problem = text_problem(value)
        if problem:
            raise OptionError(f"{name} {problem}")
    if role == PRIMARY or role in FOLLOWERS:
        if node_id is None:
            raise OptionError(f"role is {role}, so node_id is required")
        check_node_id("node_id", node_id)
    if role in FOLLOWERS:
        if primary_id is None:
            raise OptionError(f"role is {role}, so primary_id is required: whom to copy")
        check_node_id("primary_id", primary_id)
        if not primary_ip:
            raise OptionError(f"role is {role}, so primary_ip is required: where that node is")
        if primary_id == node_id:
            raise OptionError(
                f"primary_id and node_id are both {node_id!r}; a node cannot copy itself"
            )
    if role == RELAY and not wait:
        raise OptionError(
            "role is relay and wait is false; a node can only become a relay once its copy is in "
            "place, so leave wait at true"
        )


def upstream(node_id: str, address: str, timeout: float) -> Upstream:
    """Return the node to copy from, resolved on this host. Raises OptionError."""
    try:
        return resolve(node_id, address, timeout)
    except AddressError as problem:
        raise OptionError(f"primary_ip: {problem}") from None
