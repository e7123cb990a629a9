# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much XPath as reading the state of a node takes.

An absolute path or one below a context node, with [N] behind it or not, as it is or in string(),
count() or boolean(). A name that the data model does not have matches nothing [assumed].
"""

from __future__ import annotations

import re

from ncs_sim.operational_data import Data, Path, canonical, exists

_STEP = r"(?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*"
_EXPRESSION = re.compile(
    rf"(?:(string|count|boolean)\()?(/)?({_STEP}(?:/{_STEP})*)(?:\[(\d+)\])?(\))?"
)


class SyntaxProblem(ValueError):
    """An expression that is none, or that goes beyond the above."""


def evaluate(data: Data, expression: str, context: Path) -> str:
    """The value of an expression as text; SyntaxProblem, or UnknownPrefix while evaluating."""
    match = _EXPRESSION.fullmatch(expression)
    if match is None or bool(match[1]) != bool(match[5]):
        raise SyntaxProblem("syntax error")
    function, absolute, names, position = match.group(1, 2, 3, 4)
    steps = [*(() if absolute else context), *names.split("/")]
    texts = _texts(data, canonical(_split(step) for step in steps))
    if position is not None:
        texts = texts[int(position) - 1 : int(position)] if int(position) else []
    if function == "count":
        return str(len(texts))
    if function == "boolean":
        return "true" if texts else "false"
    return texts[0] if texts else ""


def _split(step: str) -> tuple[str | None, str]:
    prefix, _colon, name = step.rpartition(":")
    return prefix or None, name


def _texts(data: Data, path: Path) -> list[str]:
    """The text of every node that the path matches."""
    leaf = data.get(path)
    if leaf is not None:
        return [value.text for value in leaf.values]
    return [""] if exists(data, path) else []
