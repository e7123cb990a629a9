# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the role's files, evaluated by Jinja when they are used, as Ansible does.

Only what the role uses is here. Anything else is an error: Jinja knows no other filter.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.nativetypes import NativeEnvironment
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Undefined
from jinja2.utils import missing


class Unsupported(Exception):
    """Something that the role is not known to use, so that it is not modelled."""


class NotDefined(Exception):
    """A variable that is used and not defined."""


class Omit:
    """The value of an option that is left out."""


OMIT = Omit()


class _Undefined(StrictUndefined):
    """As Ansible's: what it has is undefined, too, and only its use is an error."""

    def __getattr__(self, name: str) -> _Undefined:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _key: object) -> _Undefined:  # type: ignore[override]
        return self


class _Environment(NativeEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute, or else a key. Nearly always it is the key of a dictionary."""
        if isinstance(obj, dict) and attribute in obj and attribute not in _METHODS:
            return obj[attribute]
        return super().getattr(obj, attribute)


_METHODS = frozenset(dir(dict))


def _lookup(kind: str, name: str) -> str:
    if kind != "ansible.builtin.env":
        raise Unsupported(f"lookup {kind}")
    # The environment of the controller is empty.
    return ""


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unsupported(f"bool of {value!r}")
    return value


def _combine(*values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for value in values for name, item in value.items()}


def _difference(values: Iterable[Any], others: Sequence[Any]) -> list[Any]:
    return [value for value in values if value not in others]


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _mandatory(value: Any, message: str) -> Any:
    if isinstance(value, Undefined):
        raise NotDefined(message)
    return value


def _extract(name: str, container: Mapping[str, Any]) -> Any:
    return container[name]


_ENVIRONMENT = _Environment(undefined=_Undefined)
_ENVIRONMENT.globals.update(lookup=_lookup, omit=OMIT)
_ENVIRONMENT.filters.update(
    bool=_bool,
    combine=_combine,
    difference=_difference,
    extract=_extract,
    mandatory=_mandatory,
    realpath=os.path.realpath,
    unique=_unique,
    zip=zip,
)
_EVAL = EvalContext(_ENVIRONMENT)


class Scope:
    """The variables that the templates of a task see on a host. What was evaluated stays so.

    layers: from the strongest to the weakest
    """

    def __init__(self, *layers: Mapping[str, Any]) -> None:
        self._layers = layers
        self._values: dict[str, Any] = {}
        self.context = _Context(self)

    def resolve(self, name: str) -> Any:
        """Return the value of a variable, or `missing`."""
        if name in self._values:
            return self._values[name]
        for layer in self._layers:
            if name in layer:
                value = self._values[name] = evaluate(layer[name], self)
                return value
        return _ENVIRONMENT.globals.get(name, missing)

    def value(self, name: str) -> object:
        """Return the value of a variable; None where it is not defined."""
        value = self.resolve(name)
        return None if value is missing else value

    def below(self, layer: Mapping[str, Any]) -> Scope:
        """Return the scope with a layer that is stronger than all others."""
        return Scope(layer, *self._layers)


class _Context(Context):
    """What compiled templates of Jinja ask for variables."""

    def __init__(self, scope: Scope) -> None:
        self.environment = _ENVIRONMENT
        self.eval_ctx = _EVAL
        self.resolve_or_missing = scope.resolve  # type: ignore[method-assign, assignment]


class Template:
    """A text with templates. One that is a template as a whole has a value of any type."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = _ENVIRONMENT.parse(text).body
        output = found[0] if len(found) == 1 else None
        self._is_whole = isinstance(output, nodes.Output) and len(output.nodes) == 1
        self._root: Callable[[Context], Iterable[Any]] = _ENVIRONMENT.from_string(
            text
        ).root_render_func

    def __call__(self, scope: Scope) -> Any:
        """Return the value. Raises NotDefined."""
        pieces = list(self._root(scope.context))
        if any(isinstance(piece, Undefined) for piece in pieces):
            raise NotDefined(self.text)
        return pieces[0] if self._is_whole else "".join(map(str, pieces))


class _Nested:
    """A list or a dictionary with templates in it."""

    def __init__(self, values: list[Any] | dict[str, Any]) -> None:
        self._values = values

    def __call__(self, scope: Scope) -> Any:
        if isinstance(self._values, list):
            return [evaluate(value, scope) for value in self._values]
        return {name: evaluate(value, scope) for name, value in self._values.items()}


def compiled(value: Any) -> Any:
    """Return a value of a YAML file: as it is, or what `evaluate` evaluates."""
    if isinstance(value, str):
        return _template(value) if "{{" in value or "{%" in value else value
    if isinstance(value, list):
        items = [compiled(item) for item in value]
        return _Nested(items) if any(map(_is_compiled, items)) else value
    if isinstance(value, dict):
        pairs = {name: compiled(item) for name, item in value.items()}
        return _Nested(pairs) if any(map(_is_compiled, pairs.values())) else value
    return value


def _is_compiled(value: object) -> bool:
    return isinstance(value, (Template, _Nested))


@cache
def _template(text: str) -> Template:
    return Template(text)


def evaluate(value: Any, scope: Scope) -> Any:
    """Return the value of what `compiled` returned. Raises NotDefined."""
    return value(scope) if isinstance(value, (Template, _Nested)) else value


def condition(value: Any) -> Template | bool:
    """Return a condition of a task, which is an expression without braces."""
    return value if isinstance(value, bool) else _template("{{ (" + value + ") }}")


def holds(value: Template | bool, scope: Scope) -> bool:
    """Return whether a condition holds. As in newer releases, it has to be a truth value."""
    found = evaluate(value, scope)
    if not isinstance(found, bool):
        raise Unsupported(f"a condition that is {found!r}: {value}")
    return found
