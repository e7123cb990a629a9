# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the operator asks for, read from the variables that count for the whole group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node import transaction_id
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId

from .._checks.consents import ALLOW_DATA_LOSS, ALLOW_ORPHANS, ALLOW_OVERWRITE, Consents, Nodes
from .._checks.judge import OVERRIDABLE
from .._plan import operations
from .assumed_dead import ASSUME_DEAD, ONLY_PLANNED
from .settings import as_text, seconds

_YES = ("true", "yes", "on")
_NO = ("false", "no", "off", "0", "")

#: What to give instead of a consent for everything.
_NODES = (
    "Give the nodes, each as host@transaction-id, as a run that is refused prints it, or by its "
    "inventory name"
)
_ORPHANS = "Give the node ids that a run that is refused prints"

#: The variable with the longest time for which no node may accept writes, and its default.
GAP_LIMIT = "nso_ha_gap_limit"
DEFAULT_GAP_LIMIT = 10.0

#: What may be around a transaction id that was pasted.
_AROUND = ".,;:'\" \t"


@dataclass(frozen=True)
class Request:
    """What the operator asks for.

    operation: the name of the operation
    candidate: the host that is to become primary, or "" where it is to be chosen
    consents:  what the operator agreed to
    broken:    the id of a lock that the operator breaks, or ""
    fences:    whether there are fencing tasks
    assumed_dead: hosts that are taken for dead, to find out whether a failover would work
    gap_limit: for how long no node may accept writes during a hand-over, in seconds; 0 for no limit
    """

    operation: str
    candidate: str = ""
    consents: Consents = field(default_factory=Consents)
    broken: str = ""
    fences: bool = False
    gap_limit: float = DEFAULT_GAP_LIMIT
    assumed_dead: frozenset[str] = field(default_factory=frozenset)


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
    dead = known_names(group.get(ASSUME_DEAD) or [], ASSUME_DEAD, hosts)
    if dead and operation != operations.FAILOVER:
        raise ValueError(ONLY_PLANNED)
    consents = Consents(
        overwrite=nodes(group.get(ALLOW_OVERWRITE), ALLOW_OVERWRITE, hosts),
        data_loss=nodes(group.get(ALLOW_DATA_LOSS), ALLOW_DATA_LOSS, hosts),
        orphans=frozenset(_agreed(group.get(ALLOW_ORPHANS), ALLOW_ORPHANS, (), _ORPHANS)),
        overridden=known_names(group.get("nso_ha_override") or [], "nso_ha_override", OVERRIDABLE),
    )
    return Request(
        operation=operation,
        candidate=candidate,
        consents=consents,
        broken=lock_id(group.get("nso_ha_break_lock")),
        fences=bool(as_text(group.get("nso_ha_fence_tasks"))),
        assumed_dead=dead,
        gap_limit=seconds(group.get(GAP_LIMIT), GAP_LIMIT, DEFAULT_GAP_LIMIT),
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
    names = frozenset(_entries(value, what))
    known = list(known)
    unknown = sorted(names.difference(known))
    if unknown:
        raise ValueError(
            f"{what} has {', '.join(unknown)}, which is not known; there are {', '.join(known)}"
        )
    return names


def nodes(value: object, what: str, hosts: Sequence[str]) -> Nodes:
    """Return a consent: inventory names, each by itself or as host@transaction-id.

    Raises ValueError for a name that is not known, an id that is none, and a truth value.
    """
    named, exact, unknown = set(), set(), []
    for text in _agreed(value, what, hosts, _NODES):
        # A message ends with a full stop, which is pasted as well.
        host, at, pasted = text.rstrip(_AROUND).lstrip("'\"").rpartition("@")
        if text in hosts:
            named.add(text)
        elif at and host in hosts:
            exact.add((host, _transaction(pasted, host, what)))
        else:
            unknown.append(text)
    if unknown:
        raise ValueError(
            f"{what} has {', '.join(sorted(unknown))}, which is not known; there are "
            f"{', '.join(hosts)}"
        )
    return Nodes(frozenset(named), frozenset(exact))


def _transaction(text: str, host: str, what: str) -> str:
    """Return the text of a transaction id if it is one, or stands for one that is not known."""
    if text != transaction_id.UNKNOWN:
        try:
            TransactionId.from_text(text)
        except ValueError:
            raise ValueError(
                f"{what} has {host}@{text}, and {text!r} is not a transaction id. A run that is "
                f"refused prints what to give, as {host}@{host}/1795565851.922577; {host} by "
                "itself holds for whatever data it has"
            ) from None
    return text


def _agreed(value: object, what: str, hosts: Sequence[str], instead: str) -> list[str]:
    """Return the entries of a consent. Raises ValueError for one that would be for everything."""
    word = str(value).strip() if isinstance(value, (bool, int, str)) else None
    # A host may be called "1" or "on".
    if word is not None and word in hosts:
        return [word]
    if value is None or (word is not None and word.lower() in _NO):
        return []
    entries = [word] if word and word.lower() in _YES else _entries(value, what)
    every = [text for text in entries if text.lower() in _YES and text not in hosts]
    if every:
        raise ValueError(f"{what} is {every[0]}, which does not say what it is for. {instead}")
    return entries


def _entries(value: object, what: str) -> list[str]:
    """Return the entries of a list, or of text with commas or line breaks. Raises ValueError."""
    if isinstance(value, str):
        given = [name.strip() for line in value.splitlines() for name in line.split(",")]
    elif isinstance(value, Sequence):
        given = [str(name).strip() for name in value]
    else:
        raise ValueError(f"{what} is {value!r}; it has to be a list of names")
    return [name for name in given if name]
