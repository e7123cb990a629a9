# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the operator asks for, read from the variables that count for the whole group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._checks.case import Consents, Nodes
from .._checks.judge import OVERRIDABLE
from .._plan import operations
from .settings import as_text

_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0", "")


@dataclass(frozen=True)
class Request:
    """What the operator asks for.

    operation: the name of the operation
    candidate: the host that is to become primary, or "" where it is to be chosen
    consents:  what the operator agreed to
    broken:    the id of a lock that the operator breaks, or ""
    fences:    whether there are fencing tasks
    """

    operation: str
    candidate: str = ""
    consents: Consents = field(default_factory=Consents)
    broken: str = ""
    fences: bool = False


def read(operation: str, group: Mapping[str, Any], hosts: Sequence[str]) -> Request:
    """Return the request in the variables of the group. Raises ValueError for what is wrong."""
    if operation not in operations.OPERATIONS:
        raise ValueError(
            f"nso_ha_operation is {operation!r}; there are {', '.join(operations.OPERATIONS)}"
        )
    candidate = as_text(group.get("nso_ha_candidate"))
    candidate = candidate or as_text(group.get("nso_ha_planned_candidate"))
    if candidate and candidate not in hosts:
        raise ValueError(
            f"nso_ha_candidate is {candidate!r}, which is not a host of the group (inventory names "
            f"are meant); there are {', '.join(hosts)}"
        )
    consents = Consents(
        overwrite=nodes(group.get("nso_ha_allow_overwrite"), "nso_ha_allow_overwrite", hosts),
        data_loss=nodes(group.get("nso_ha_allow_data_loss"), "nso_ha_allow_data_loss", hosts),
        overridden=known_names(group.get("nso_ha_override") or [], "nso_ha_override", OVERRIDABLE),
    )
    return Request(
        operation=operation,
        candidate=candidate,
        consents=consents,
        broken=lock_id(group.get("nso_ha_break_lock")),
        fences=bool(as_text(group.get("nso_ha_fence_tasks"))),
    )


def lock_id(value: object) -> str:
    """Return the id of a lock as it was pasted: without blanks, quotes or a full stop around it.

    Raises ValueError for a number: YAML makes one of an id such as 1234567890123456 or 12e3456, and
    may change it.
    """
    if value is not None and not isinstance(value, str):
        raise ValueError(f"nso_ha_break_lock is the number {value!r}; quote it, as it is text")
    return as_text(value).strip(" \t\r\n.,;:'\"")


def known_names(value: object, what: str, known: Iterable[str]) -> frozenset[str]:
    """Return a variable that holds names, as a list or as text with commas or line breaks.

    Raises ValueError for a name that is not known: a misspelt consent must not pass for none.
    """
    if isinstance(value, str):
        given = [name.strip() for line in value.splitlines() for name in line.split(",")]
    elif isinstance(value, Sequence):
        given = [str(name).strip() for name in value]
    else:
        raise ValueError(f"{what} is {value!r}; it has to be a list of names")
    names = frozenset(name for name in given if name)
    known = list(known)
    unknown = sorted(names.difference(known))
    if unknown:
        raise ValueError(
            f"{what} has {', '.join(unknown)}, which is not known; there are {', '.join(known)}"
        )
    return names


def nodes(value: object, what: str, hosts: Sequence[str]) -> Nodes:
    """Return a consent: a truth value, for all nodes, or names of hosts.

    Raises ValueError for names that are not known.
    """
    word = str(value).strip() if isinstance(value, (bool, int, str)) else None
    # A host may be called "1" or "on". Its name is the narrower meaning.
    if word is not None and word in hosts:
        return Nodes(named=frozenset((word,)))
    if value is None or (word is not None and word.lower() in _NO):
        return Nodes()
    if word is not None and word.lower() in _YES:
        return Nodes(every=True)
    return Nodes(named=known_names(value, what, hosts))
