# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Typed data as plain data and back: what a task hands to the next one is made of plain data.

Works for dataclasses and named tuples, and for tuples, frozensets, mappings with text as keys and
unions of these. A tuple in a field whose metadata has BY becomes a mapping by that attribute.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId

T = TypeVar("T")

#: In the metadata of a field: the attribute by which its values are told apart.
BY = "by"


def to_dict(value: Any) -> dict[str, Any]:
    """Return a dataclass as a dictionary of dictionaries, lists and scalars."""
    plain: dict[str, Any] = _plain(value)
    return plain


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, TransactionId):
        return value.as_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(_by(field, getattr(value, field.name)))
            for field in dataclasses.fields(value)
        }
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: _plain(getattr(value, name)) for name in value._fields}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _by(field: dataclasses.Field[Any], value: Any) -> Any:
    name = field.metadata.get(BY)
    return value if name is None else {getattr(item, name): item for item in value}


def from_dict(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return the dataclass that `to_dict` has made a dictionary of.

    Raises ValueError for data of another form.
    """
    try:
        typed: T = _typed(kind, data)
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"this is not a {kind.__name__}: {problem!r}") from None
    return typed


def _typed(kind: Any, value: Any) -> Any:
    if value is None or kind in (Any, str, int, float, bool):
        return value
    if kind is TransactionId:
        return TransactionId.from_dict(value)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _typed(_kind_of(arguments, value), value)
    if origin is tuple:
        values = value.values() if isinstance(value, Mapping) else value
        return tuple(_typed(arguments[0], item) for item in values)
    if origin is frozenset:
        return frozenset(_typed(arguments[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return {str(name): _typed(arguments[1], item) for name, item in value.items()}
    if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        return kind(**{name: _typed(of, value[name]) for name, of in _fields(kind).items()})
    return value


def _kind_of(arguments: tuple[Any, ...], value: Any) -> Any:
    """Return the type in a union that has the fields of this value."""
    kinds = [kind for kind in arguments if kind is not types.NoneType]
    if len(kinds) == 1:
        return kinds[0]
    return next(kind for kind in kinds if set(_fields(kind)) == set(value))


@functools.cache
def _fields(kind: Any) -> dict[str, Any]:
    """Return the fields of a dataclass or a named tuple, in order, with their types."""
    hints = typing.get_type_hints(kind)
    names = (
        [field.name for field in dataclasses.fields(kind)]
        if dataclasses.is_dataclass(kind)
        else kind._fields
    )
    return {name: hints[name] for name in names}
