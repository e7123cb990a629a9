# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether results and the documentation of what is returned say the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

#: Keys that Ansible documents for all modules.
COMMON = {"changed", "failed", "msg", "diff", "invocation"}

_TYPES: dict[str, type] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": float,
    "dict": dict,
    "list": list,
}

Fields = Mapping[str, Mapping[str, Any]]


def disagreements(results: Sequence[Mapping[str, Any]], fields: Fields) -> list[str]:
    """Return in words where results and RETURN differ, in either direction."""
    found: list[str] = []
    seen: set[str] = set()
    for result in results:
        own = {key: value for key, value in result.items() if key not in COMMON}
        found += _compare(own, fields, "", seen)
    never = sorted(set(_paths(fields, "")) - seen)
    return _once([*found, *(f"{path} is documented and never returned" for path in never)])


def strangers_in_samples(fields: Fields, where: str = "") -> list[str]:
    """Return in words where a sample and the keys beside it differ."""
    found: list[str] = []
    for name, field in fields.items():
        inner = field.get("contains", {})
        if inner and field.get("sample") is not None:
            found += _compare({name: field["sample"]}, {name: field}, where, set())
        found += strangers_in_samples(inner, f"{where}{name}.")
    return _once(found)


def _compare(
    result: Mapping[str, Any], fields: Fields, where: str, seen: set[str]
) -> Iterator[str]:
    for name, value in result.items():
        if name not in fields:
            yield f"{where}{name} is returned and not documented"
            continue
        field = fields[name]
        seen.add(where + name)
        if value is None:
            if "null" not in str(field["description"]):
                yield f"{where}{name} is null, and no word of that"
        elif not _is(value, field["type"]):
            yield f"{where}{name} is documented as {field['type']} and was {value!r}"
        elif "contains" in field:
            for one in value if isinstance(value, list) else [value]:
                yield from _compare(one, field["contains"], f"{where}{name}.", seen)
        elif _has_keys(field):
            yield f"{where}{name} has keys that are not documented"
        elif isinstance(value, list) and not all(_is(one, field["elements"]) for one in value):
            yield f"{where}{name} is documented as a list of {field['elements']} and was {value!r}"
    yield from _missing(result, fields, where)


def _has_keys(field: Mapping[str, Any]) -> bool:
    """Whether there are keys to be documented; those that are not the collection's own are not."""
    words = str(field["description"]).lower()
    foreign = "by inventory name" in words or "as it was given" in words
    return field.get("elements") == "dict" or (field["type"] == "dict" and not foreign)


def _is(value: object, documented: str) -> bool:
    # A bool is an int to Python and not to a reader of the documentation.
    return isinstance(value, _TYPES[documented]) and (
        documented == "bool" or not isinstance(value, bool)
    )


def _missing(result: Collection[str], fields: Fields, where: str) -> Iterator[str]:
    """Yield the keys that should be there because they always are, or because others are."""
    for name, field in fields.items():
        if name in result:
            continue
        if field["returned"] == "always":
            yield f"{where}{name} is documented as always returned and was not there"
        company = [
            other
            for other, one in fields.items()
            if other in result and one["returned"] == field["returned"]
        ]
        if company:
            yield f"{where}{name} was not there, and {company[0]} was: {field['returned']}"


def _paths(fields: Fields, where: str) -> Iterator[str]:
    for name, field in fields.items():
        yield where + name
        yield from _paths(field.get("contains", {}), f"{where}{name}.")


def _once(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))
