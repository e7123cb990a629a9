# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node shows of itself as data: docs/protocol.md, "Reading state without the HA socket".

A path is a tuple of names. A name has a prefix ("tfnm2:ha") where its module is not the one of the
first name. In which role which leaf has a value is [assumed], as are the numbers of enumerations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from ncs_sim.errors import Code, Refusal
from ncs_sim.node import Node, Role
from ncs_sim.terms import Atom, Improper, Term

Path: TypeAlias = tuple[str, ...]

#: The prefixes of the modules, and their namespaces; the name of tfnm2's is [assumed].
NAMESPACES = {
    "ncs": "http://tail-f.com/ns/ncs",
    "tfnm": "http://tail-f.com/yang/ncs-monitoring",
    "tfnm2": "http://tail-f.com/yang/ncs-monitoring2",
}
_PREFIXES = {namespace: prefix for prefix, namespace in NAMESPACES.items()}
# The module of each name at the root. "raft" stands for one whose prefix no client uses.
_ROOTS = {"ncs-state": "tfnm", "high-availability": "ncs", "ha-raft": "raft"}

_MODES = {
    Role.NONE: "none",
    Role.SECONDARY: "secondary",
    Role.PRIMARY: "primary",
    Role.RELAY: "relay-secondary",
}
_STATUSES = ("phase0", "phase1", "started")
ENUMERATION = 28


class Value(NamedTuple):
    """One value, as text for XPath and as a term."""

    text: str
    term: Term


class Leaf(NamedTuple):
    """A leaf or leaf-list of the data model, and what it holds now."""

    values: tuple[Value, ...] = ()
    is_list: bool = False


Data: TypeAlias = Mapping[Path, Leaf]


class UnknownPrefix(ValueError):
    """A prefix or namespace of no module."""


def data_of(node: Node) -> Data:
    """Every leaf that this node has in its data model."""
    config = node.config
    follows = node.role in (Role.SECONDARY, Role.RELAY)
    state: dict[str, Leaf] = {
        "version": _texts(config.release),
        "daemon-status": _enumeration(_STATUSES, _STATUSES[node.phase]),
        "read-only-mode": _boolean(node.readonly or follows),
    }
    if config.release == "6.7":
        state["admin-configured-read-only-mode"] = _boolean(node.readonly)
    data: dict[Path, Leaf] = {("ncs-state", name): leaf for name, leaf in state.items()}
    prefix = "tfnm2:" if config.has_old_ha_path else ""
    for name, leaf in _ha(node).items():
        data["ncs-state", f"{prefix}ha", f"{prefix}{name}"] = leaf
    rule_based = (Value("", []),) if config.own_ha == "rule-based" else ()
    data["high-availability", "enabled"] = Leaf(rule_based)
    if config.release != "5.7":
        raft = _enumeration(("leader", "follower"), "leader")
        data["ha-raft", "status", "role"] = raft if config.own_ha == "raft" else Leaf()
    lacking = {_bare(path) for path in data} & {_bare(leaf.split("/")) for leaf in config.lacks}
    return {path: leaf for path, leaf in data.items() if _bare(path) not in lacking}


def _ha(node: Node) -> dict[str, Leaf]:
    listed = Leaf(is_list=True)
    if not node.config.ha_enabled:
        return {"mode": Leaf(), "node-id": Leaf(), "primary-node-id": Leaf()} | {
            "connected-secondary": listed
        }
    is_none = node.role is Role.NONE
    own_id = None if is_none else node.node_id
    primary = node.primary
    return {
        "mode": _enumeration(tuple(_MODES.values()), _MODES[node.role]),
        "node-id": _texts(own_id),
        "primary-node-id": _texts(primary.node_id if primary else own_id),
        "connected-secondary": listed._replace(
            values=_texts(*(peer.node_id for peer in node.secondaries)).values
        ),
    }


def _bare(path: Iterable[str]) -> Path:
    """A path without prefixes, and without the container that all leaves of the daemon are in."""
    names = tuple(name.rpartition(":")[2] for name in path)
    return names[1:] if names[0] == "ncs-state" else names


def _texts(*texts: str | None) -> Leaf:
    return Leaf(tuple(Value(text, text.encode()) for text in texts if text is not None))


def _boolean(value: bool) -> Leaf:
    word = "true" if value else "false"
    return Leaf((Value(word, Atom(word)),))


def _enumeration(words: tuple[str, ...], word: str) -> Leaf:
    return Leaf((Value(word, (ENUMERATION, words.index(word))),))


# Paths


def canonical(steps: Iterable[tuple[str | None, str]]) -> Path:
    """A path from names with their prefixes; a name without one is of the module before it."""
    path: list[str] = []
    home = current = ""
    for prefix, name in steps:
        if prefix is not None and prefix not in NAMESPACES:
            raise UnknownPrefix(f"unknown prefix {prefix}")
        if not path:
            home = _ROOTS.get(name, "")
            current = home
        current = prefix or current
        path.append(name if current == home else f"{current}:{name}")
    return tuple(path)


def path_of(term: Term | None) -> Path:
    """A path as a request has it, root first; Refusal for what is none."""
    if not isinstance(term, list):
        raise Refusal(Code.PROTOUSAGE, "path expected")
    try:
        return canonical(_step(item) for item in term)
    except UnknownPrefix as problem:
        raise Refusal(Code.BADPATH, str(problem)) from None


def _step(item: Term) -> tuple[str | None, str]:
    match item:
        case Atom(name):
            return None, name
        case Improper((Atom(module),), Atom(name)):
            # One vendor's client writes the namespace, the other one the prefix.
            return _PREFIXES.get(module, module), name
        case tuple():
            raise Refusal(Code.BADPATH, "there are no lists here")
    raise Refusal(Code.PROTOUSAGE, "malformed path")


def is_known(data: Data, path: Path) -> bool:
    """Whether the data model has this path: a leaf, or a container of leaves."""
    return any(known[: len(path)] == path for known in data)


def exists(data: Data, path: Path) -> bool:
    """Whether something is there. A container is where one of its leaves is [assumed]."""
    return any(leaf.values for known, leaf in data.items() if known[: len(path)] == path)
