# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The next command of an operator, as it is to be pasted into a shell. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from .._checks import judge, moving
from .._checks.case import Verdict
from .._checks.consents import ALLOW_DATA_LOSS, ALLOW_OVERWRITE, entry, option
from .run_state import Decision, Run

#: The variables that agree to what a check refuses.
_CONSENTS = {judge.OVERWRITE: ALLOW_OVERWRITE, moving.DATA_LOSS: ALLOW_DATA_LOSS}

#: How a sentence names a playbook that is to be run, perhaps with options.
_RUN = re.compile(r"\brun (nso\.ha\.\w+)((?: -[ei] \S+)*)")


def command(run: Run, operation: str, options: Sequence[str] = ()) -> str:
    """Return the command that runs a playbook of the collection on the same inventory."""
    inventory = [run.inventory] if run.inventory else []
    return " ".join(["ansible-playbook", f"nso.ha.{operation}", *inventory, *options])


def again(run: Run, consents: Mapping[str, str]) -> str:
    """Return the command that runs the operation again, with all that it was given before.

    consents: options to be given as well, by the name of the variable, which it replaces
    """
    given = [text for name, text in run.given.items() if name not in consents]
    return command(run, run.operation, [*given, *consents.values()])


def consents(decision: Decision) -> dict[str, str]:
    """Return the options that agree to all that was refused, by variable.

    Of an option that is given twice the last one counts, so what was agreed to is there as well.
    """
    options = {}
    for check, variable in _CONSENTS.items():
        asked = [verdict for verdict in decision.not_passed if verdict.check == check]
        hosts = dict.fromkeys(verdict.host for verdict in asked if verdict.host)
        if hosts and judge.refused(asked):
            options[variable] = _option(variable, hosts, decision)
    spared = waits_for_consent(decision)
    if spared and ALLOW_OVERWRITE not in options:
        agreed = [
            verdict.host
            for verdict in decision.not_passed
            if verdict.check == judge.OVERWRITE and verdict.host
        ]
        options[ALLOW_OVERWRITE] = _option(
            ALLOW_OVERWRITE, dict.fromkeys([*agreed, *spared]), decision
        )
    return options


def asked_for(decision: Decision) -> list[str]:
    """Return the nodes whose data may go only if the operator agrees, and has not yet."""
    refused = [
        verdict.host
        for verdict in decision.not_passed
        if verdict.check in _CONSENTS and verdict.host and judge.refused([verdict])
    ]
    return list(dict.fromkeys([*refused, *waits_for_consent(decision)]))


def waits_for_consent(decision: Decision) -> list[str]:
    """Return the nodes that were left as they are, as their data may not be overwritten."""
    return [
        host
        for host, why in decision.plan.blocked.items()
        if _option(ALLOW_OVERWRITE, [host], decision) in why
    ]


def _option(variable: str, hosts: Iterable[str], decision: Decision) -> str:
    return option(variable, [entry(host, decision.plan.before.get(host)) for host in hosts])


def is_for_consent(verdict: Verdict) -> bool:
    """Return whether an operator can agree to what this verdict refuses, by node."""
    return verdict.check in _CONSENTS


def spelled_out(sentence: str, run: Run) -> str:
    """Return a sentence in which each playbook that is to be run is the command for it."""
    return _RUN.sub(lambda match: f"run {_of(match, run)}", sentence)


def split(sentence: str, run: Run) -> tuple[str, str]:
    """Return a sentence, and the command that it ends with, or "" where it ends with none."""
    last = None
    for match in _RUN.finditer(sentence):
        last = match
    if last is None or last.end() != len(sentence):
        return spelled_out(sentence, run), ""
    # A command in the middle would be broken at the end of a line.
    words = sentence[: last.start()]
    return f"{words}run" if words else "", _of(last, run)


def _of(match: re.Match[str], run: Run) -> str:
    options = match.group(2).strip()
    return command(run, match.group(1).rpartition(".")[2], [options] if options else [])
