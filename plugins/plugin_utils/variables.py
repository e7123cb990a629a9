# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading what Ansible's variables say: of the wanted cluster, of what was seen, of consents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import guards
from .observed import Observation, from_result
from .topology import Member

#: Host variables in which the role `cluster` keeps what its modules returned on a node.
OBSERVED = "__nso_ha_observed"
REHEARSED = "__nso_ha_rehearsed"
RECHECKED = "__nso_ha_rechecked"
RESULTS = "__nso_ha_results"
VERIFIED = "__nso_ha_verified"

HostVars = Mapping[str, Mapping[str, Any]]

_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0", "")


def member(host: str, variables: Mapping[str, Any]) -> Member:
    """Return what the inventory wants of a host. An empty variable is one that is not set."""
    return Member(
        host=host,
        node_id=str(variables.get("nso_ha_node_id") or host),
        address=str(variables.get("nso_ha_node_ip") or variables.get("ansible_host") or host),
        role=str(variables.get("nso_ha_role") or ""),
        upstream=str(variables.get("nso_ha_upstream") or ""),
    )


def members(hosts: Iterable[str], hostvars: HostVars) -> list[Member]:
    """Return what the inventory wants of each host."""
    return [member(host, hostvars[host]) for host in hosts]


def observations(hosts: Iterable[str], hostvars: HostVars, variable: str) -> dict[str, Observation]:
    """Return what was seen of each host, from the results that were registered there."""
    return {host: from_result(hostvars[host].get(variable)) for host in hosts}


def results(host: str, hostvars: HostVars) -> list[Mapping[str, Any]]:
    """Return what `ncs_ha_role` returned on a host, step by step."""
    return list(hostvars[host].get(RESULTS) or [])


def uneven(name: str, hosts: Sequence[str], hostvars: HostVars) -> list[str]:
    """Return in words that hosts differ in a variable that is one for all of them, or nothing.

    It is read on one host, so what is set for that host alone would count for the others too.
    """
    values = {host: hostvars[host].get(name) or None for host in hosts}
    odd = [host for host in hosts if values[host] != values[hosts[0]]]
    if not odd:
        return []
    return [
        f"{name} is not the same on {', '.join(odd)} as on {hosts[0]}. It counts for the whole "
        "group and cannot be set for a host: give it with -e, and name the nodes in it"
    ]


def names(value: object, what: str, known: Iterable[str]) -> frozenset[str]:
    """Return a variable that holds names, as a list or as text with commas.

    Raises ValueError for a name that is not known: a misspelt consent must not pass for none.
    """
    if isinstance(value, str):
        found = [name.strip() for name in value.split(",")]
    elif isinstance(value, Sequence):
        found = [str(name).strip() for name in value]
    else:
        raise ValueError(f"{what} is {value!r}; it has to be a list of names")
    given = frozenset(name for name in found if name)
    known = list(known)
    unknown = sorted(given.difference(known))
    if unknown:
        raise ValueError(
            f"{what} has {', '.join(unknown)}, which is not known; there are {', '.join(known)}"
        )
    return given


def consents(overwrite: object, override: object, hosts: Iterable[str]) -> guards.Consents:
    """Read nso_ha_allow_overwrite (a truth value or host names) and nso_ha_override.

    Raises ValueError for names that are not known.
    """
    hosts = list(hosts)
    overridden = names(override or [], "nso_ha_override", guards.CHECKS)
    text = str(overwrite).strip().lower() if isinstance(overwrite, (bool, int, str)) else None
    # A host may be called "1" or "on". Its name is the narrower meaning.
    if text is not None and str(overwrite).strip() in hosts:
        return guards.Consents(
            overwrite=frozenset((str(overwrite).strip(),)), overridden=overridden
        )
    if overwrite is None or text in _NO:
        return guards.Consents(overridden=overridden)
    if text in _YES:
        return guards.Consents(overwrite_all=True, overridden=overridden)
    return guards.Consents(
        overwrite=names(overwrite, "nso_ha_allow_overwrite", hosts), overridden=overridden
    )
