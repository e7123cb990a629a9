# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading what Ansible's variables say: of the wanted cluster, of what was seen, of consents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._checks import guards
from .._checks.case import Consents, Nodes
from .._model.observation import Observation, from_result
from .._model.topology import DEFAULT_PRIORITY, Member

#: Host variables in which the role `cluster` keeps what its modules returned on a node.
OBSERVED = "__nso_ha_observed"
REHEARSED = "__nso_ha_rehearsed"
RECHECKED = "__nso_ha_rechecked"
RESULT = "__nso_ha_result"
RESULTS = "__nso_ha_results"
VERIFIED = "__nso_ha_verified"
BEGUN = "__nso_ha_begun"
ENDED = "__nso_ha_ended"
STRUCK = "__nso_ha_struck"

#: Host variable with the run and the reason why the fencing tasks failed, if they did.
FENCE_PROBLEM = "__nso_ha_fence_problem"

#: Variables that count for the whole group. They are read on one host.
OF_THE_GROUP = (
    "nso_ha_allow_data_loss",
    "nso_ha_allow_overwrite",
    "nso_ha_break_lock",
    "nso_ha_candidate",
    "nso_ha_fence_tasks",
    "nso_ha_group",
    "nso_ha_operation",
    "nso_ha_override",
    "nso_ha_planned_candidate",
)

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
        priority=_priority(variables.get("nso_ha_priority")),
    )


def _priority(value: object) -> int:
    """Return a priority; -1 for what is no whole number, which no topology may have."""
    if value is None or value == "":
        return DEFAULT_PRIORITY
    try:
        return int(str(value).strip())
    except ValueError:
        return -1


def members(hosts: Iterable[str], hostvars: HostVars) -> list[Member]:
    """Return what the inventory wants of each host."""
    return [member(host, hostvars[host]) for host in hosts]


def said(result: Mapping[str, Any] | None, run: str, step: str | None = None) -> bool:
    """Return whether a module has made this result itself, in this run and for this step.

    One that was cut off, that Ansible made in its place, or that an earlier run left does not
    count.
    """
    if not result or result.get("run") != run:
        return False
    return step is None or result.get("step") == step


def observations(hosts: Iterable[str], hostvars: HostVars, variable: str) -> dict[str, Observation]:
    """Return what was seen of each host, from the results that were registered there."""
    return {host: from_result(hostvars[host].get(variable)) for host in hosts}


def results(host: str, hostvars: HostVars) -> list[Mapping[str, Any]]:
    """Return what `ncs_ha_role` returned on a host, step by step."""
    return list(hostvars[host].get(RESULTS) or [])


def seconds(value: object, name: str, default: float) -> float:
    """Return a time in seconds that was given as a number or as text; blank text is not given.

    Raises ValueError for anything else.
    """
    if value is None or not str(value).strip():
        return default
    try:
        found = float(str(value))
    except ValueError:
        found = -1.0
    if isinstance(value, bool) or not 0 <= found < float("inf"):
        raise ValueError(f"{name} is {value!r}; it has to be a number of seconds")
    return found


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
    """Return a variable that holds names, as a list or as text with commas or line breaks.

    Raises ValueError for a name that is not known: a misspelt consent must not pass for none.
    """
    if isinstance(value, str):
        found = [name.strip() for line in value.splitlines() for name in line.split(",")]
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


def consents(
    overwrite: object, data_loss: object, override: object, hosts: Iterable[str]
) -> Consents:
    """Read nso_ha_allow_overwrite, nso_ha_allow_data_loss and nso_ha_override.

    Raises ValueError for names that are not known.
    """
    hosts = list(hosts)
    return Consents(
        overwrite=nodes(overwrite, "nso_ha_allow_overwrite", hosts),
        data_loss=nodes(data_loss, "nso_ha_allow_data_loss", hosts),
        overridden=names(override or [], "nso_ha_override", guards.OVERRIDABLE),
    )


def nodes(value: object, what: str, hosts: Sequence[str]) -> Nodes:
    """Read a consent: a truth value, for all nodes, or names of hosts.

    Raises ValueError for names that are not known.
    """
    text = str(value).strip() if isinstance(value, (bool, int, str)) else None
    # A host may be called "1" or "on". Its name is the narrower meaning.
    if text is not None and text in hosts:
        return Nodes(named=frozenset((text,)))
    if value is None or (text is not None and text.lower() in _NO):
        return Nodes()
    if text is not None and text.lower() in _YES:
        return Nodes(every=True)
    return Nodes(named=names(value, what, hosts))
