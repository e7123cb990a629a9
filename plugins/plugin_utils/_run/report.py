# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report of an operation: as data, and as lines for a terminal. Pure functions.

In this order: the outcome and the health of the cluster in a line each, the next command, the
table, what is wrong, each thing once, and details.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN

from .._checks.case import FAILED, NOT_EVALUABLE, Verdict
from .._model import links
from .._model.history import PromotionHistory, promotion_from
from .._model.observation import Observation
from .._model.plain import to_dict
from .._model.topology import Member, Topology
from .._plan import operations
from . import (
    commands,
    compared_data,
    ending,
    health,
    hooks,
    node_report,
    remarks,
    run_outcome,
    stored,
    table,
)
from .health import Health
from .results import ENDED, Results
from .run_outcome import GOOD, INCOMPLETE, PLANNED, REFUSED, ROLLED_BACK, TWO_PRIMARIES
from .run_state import Decision, Run, StepResult
from .stored import Stored
from .table import Last, ReportLine
from .write_gap import write_gap

#: What comes before the next command, after the reasons in a message.
_NEXT = {
    REFUSED: "Nothing was changed. Resolve this and run it again",
    ROLLED_BACK: "The cluster is as it was before. Resolve this and run it again",
    INCOMPLETE: "Resolve this and run it again",
    UNKNOWN: "Whether an order was carried out is not known. Run it again, it looks first",
}
#: What comes before that command in the lines of a report.
_RESOLVE = {
    REFUSED: "resolve the failed checks below, then run",
    UNKNOWN: "run it again, it looks first",
}

#: How many reasons a message has. It is printed for each host.
_MOST_REASONS = 6


@dataclass(frozen=True)
class Report:
    """A report: as data, which docs/report.md describes, and as lines that are printed."""

    data: dict[str, Any]
    lines: list[ReportLine]


def report(
    run: Run,
    wanted: Sequence[Member],
    decision: Decision,
    results: Results,
    state_directories: Stored,
    now: float,
    *,
    ended: bool = True,
    verbose: bool = False,
) -> Report:
    """Return the report of a run of an operation.

    wanted:            the nodes as the inventory wants them
    state_directories: what they said before the run
    now:               seconds since 1970
    ended:             whether the locks, if there were any, should have been given back by now
    verbose:           whether lines have what few need: ids, and how the primary was chosen
    """
    plan = decision.plan
    observed = {host: node_report.last_seen(host, run, decision, results) for host in run.hosts}
    topology = Topology(plan.members)
    history = _history(decision, state_directories)
    nodes = _nodes(run, decision, results, observed, history)
    outcome = run_outcome.outcome(decision, observed, dry=run.dry)
    if outcome == DONE and any(node["problem"] for node in nodes if node["host"] in plan.required):
        outcome = INCOMPLETE
    verdicts = _reported(decision)
    given = any(step.given for step in decision.progress.steps)
    primary = links.only_primary(observed)
    gap = write_gap(decision, primary)
    unfinished = outcome in (INCOMPLETE, UNKNOWN, TWO_PRIMARIES)
    returned = {
        "operation": plan.operation,
        "run_id": run.run_id,
        "owner": run.owner,
        "began": run.began,
        "ended": datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "outcome": outcome,
        # Where it is not known whether an order was given, a change has to be assumed.
        "changed": given or outcome == UNKNOWN or _completed(decision, results),
        "primary": {"before": plan.former, "after": primary},
        "write_gap": gap,
        "election": dict(plan.election),
        "nodes": nodes,
        "verdicts": [to_dict(verdict) for verdict in verdicts],
        "steps": [_step(step) for step in decision.progress.steps],
        "remaining": remarks.remaining(decision) if unfinished else [],
        "warnings": [
            *(ending.problems(decision.progress.locked, results) if ended and not run.dry else ()),
            *stored.exposed(run.hosts, results),
            *run.warnings,
        ],
    }
    condition = health_of(run, topology, observed, state_directories, now)
    # Then there is no cluster.
    ended_it = outcome == DONE and plan.operation == operations.TEAR_DOWN
    lost = hooks.not_to_be_found(run, decision, primary)
    following = ("", "") if ended_it else _next(run, decision, outcome, condition, verdicts)
    details = remarks.of_operation(
        wanted,
        decision,
        results,
        observed,
        gap,
        outcome,
        verbose=verbose,
        dry=run.dry,
    )
    behind = remarks.left_behind(decision, observed, history)
    headline = run_outcome.headline(outcome, decision, observed)
    colour = table.GOOD if outcome == DONE else table.PLAIN if outcome == PLANNED else table.BAD
    last = Last("PLAN" if run.dry else "DONE", "action", "-")
    lines = assembled(
        head=[
            *table.wrapped([headline], colour),
            *(health_lines(condition, verdicts) if not ended_it else ()),
        ],
        following=following,
        rows=table.rows(nodes, primary, last, wanted=bool(plan.waves)),
        wrong=[
            *table.with_commands([*lost, *behind], table.WARN),
            *table.notes(verdicts, following[1], verbose=verbose),
            *table.wrapped(_node_notes(nodes, verdicts, _without_lock(decision)), table.WARN),
            *warnings(returned),
        ],
        details=[*details, *(remarks.transactions(nodes) if verbose else ())],
    )
    hints = [*lost, *behind]
    return Report(
        {
            **returned,
            "health": health_as_data(condition, run),
            "message": _message(
                decision, headline, outcome, observed, nodes, verdicts, hints, following
            ),
            "table": [line.text for line in lines],
        },
        lines,
    )


def assembled(
    head: Sequence[ReportLine],
    following: tuple[str, str],
    rows: Sequence[ReportLine],
    wrong: Sequence[ReportLine],
    details: Sequence[str],
) -> list[ReportLine]:
    """Return the lines of a report in their order.

    following: what is to be done next, in words, and the command for it, each perhaps ""
    """
    words, command = following
    more = [*wrong, *table.wrapped(details)]
    return [
        *head,
        *(_next_lines(words, command) if words or command else ()),
        ReportLine(""),
        *rows,
        *([ReportLine("")] if more else []),
        *more,
    ]


def _next_lines(words: str, command: str) -> list[ReportLine]:
    if not command:
        return table.wrapped([f"Next: {words}."])
    return table.command(command, f"Next: {words}:" if words else "Next:")


def health_of(
    run: Run,
    topology: Topology,
    observed: Mapping[str, Observation],
    state_directories: Stored,
    now: float,
    problems: Sequence[str] = (),
) -> Health:
    """Return the health of the cluster. `problems` are what is wrong with the settings."""
    if run.problems:
        return health.not_asked(run.problems[0])
    return health.assess(topology, observed, state_directories, now, problems)


#: The colours of the line of health.
_COLOURS = {
    health.HEALTHY: table.GOOD,
    health.NO_PRIMARY: table.BAD,
    health.TWO_PRIMARIES: table.BAD,
}


def health_lines(condition: Health, verdicts: Sequence[Verdict]) -> list[ReportLine]:
    """Return the line of health, without a reason that a verdict has."""
    text = str(condition)
    for verdict in verdicts:
        text = text.removesuffix(f": {verdict.reason}")
    return table.wrapped([text], _COLOURS.get(condition.state, table.WARN))


def health_as_data(condition: Health, run: Run) -> dict[str, Any]:
    """Return the health of the cluster as data."""
    return {
        "state": condition.state,
        "exit_status": health.EXIT_STATUS[condition.state],
        "text": str(condition),
        "next": commands.spelled_out(condition.then, run),
    }


def warnings(returned: Mapping[str, Any]) -> list[ReportLine]:
    """Return the warnings of a report as lines."""
    return table.wrapped([f"Warning: {text}." for text in returned["warnings"]], table.WARN)


def _history(decision: Decision, state_directories: Stored) -> PromotionHistory:
    """Return the promotion history, with the promotions of the run."""
    entries = decision.progress.promotions or decision.plan.promotions
    return PromotionHistory(map(promotion_from, entries)) if entries else state_directories.history


def _nodes(
    run: Run,
    decision: Decision,
    results: Results,
    observed: Mapping[str, Observation],
    history: PromotionHistory,
) -> list[dict[str, Any]]:
    plan = decision.plan
    data = compared_data.compared(Topology(plan.members), observed, history)
    return [
        {
            **node_report.node_entry(member, observed[member.host], data[member.host]),
            "txid_before": node_report.txid_as_dict(plan.before.get(member.host)),
            "done": node_report.done(member.host, decision, dry=run.dry),
            "action": node_report.action(member.host, decision, results, dry=run.dry),
            "problem": node_report.problem(member.host, decision, results, observed),
        }
        for member in plan.members
    ]


def _node_notes(
    nodes: Sequence[Mapping[str, Any]],
    verdicts: Sequence[Verdict],
    elsewhere: Collection[str] = (),
) -> list[str]:
    """Return a sentence for each node whose problem no verdict has.

    elsewhere: nodes whose problem another sentence has
    """
    left = [
        node
        for node in nodes
        if node["silent"] != node_report.NOT_ASKED and node["host"] not in elsewhere
    ]
    return table.node_notes(left, [verdict.reason for verdict in verdicts])


def _without_lock(decision: Decision) -> list[str]:
    """Return the nodes that are blocked as they have no lock, which the remarks say."""
    blocked = decision.plan.blocked
    return [host for host in decision.progress.unlocked if "no lock" in blocked.get(host, "")]


def _next(
    run: Run,
    decision: Decision,
    outcome: str,
    condition: Health,
    verdicts: Sequence[Verdict],
) -> tuple[str, str]:
    """Return what is to be done next, in words, and the command for it; each perhaps ""."""
    torn = condition.state == health.TWO_PRIMARIES
    if torn and outcome == REFUSED and run.operation == operations.REJOIN:
        return "do what the failed checks below say", ""
    if outcome == DONE or torn:
        return commands.split(condition.then, run)
    consents = commands.consents(decision)
    if outcome == PLANNED:
        return "", commands.again(run, consents)
    failed = [verdict for verdict in verdicts if verdict.result in (FAILED, NOT_EVALUABLE)]
    blocked = set(decision.plan.blocked) - set(commands.waits_for_consent(decision))
    in_the_way = blocked or not all(map(commands.is_for_consent, failed))
    if consents and not in_the_way and outcome != UNKNOWN:
        names = table.names_of(commands.asked_for(decision))
        return f"if the data of {names} may go, run", commands.again(run, consents)
    if run.problems:
        # The command line itself may be what is wrong.
        return "", ""
    return _RESOLVE.get(outcome, "resolve what is below, then run"), commands.again(run, consents)


def _message(
    decision: Decision,
    headline: str,
    outcome: str,
    observed: Mapping[str, Observation],
    nodes: Sequence[Mapping[str, Any]],
    verdicts: Sequence[Verdict],
    hints: Sequence[str],
    following: tuple[str, str],
) -> str:
    """Return what a person has to know as one paragraph: the reasons, and the next command."""
    if outcome in GOOD:
        return " ".join([headline, *hints])
    head = f"{decision.plan.operation} {outcome}: "
    living = links.primaries(observed)
    words, command = following
    two = [f"{health.two_primaries(living)}."] if len(living) > 1 else []
    if outcome == TWO_PRIMARIES:
        return head + " ".join([*two, _closing(words, command)])
    failed = [verdict for verdict in verdicts if verdict.result in (FAILED, NOT_EVALUABLE)]
    reasons = [*two, *map(table.note, table.told(failed, command))]
    # Where nothing was done, a node without an answer matters only as far as a check says so.
    if outcome != REFUSED or not reasons:
        reasons += _node_notes(nodes, verdicts)
    more = len(reasons) - _MOST_REASONS
    if more > 0:
        reasons[_MOST_REASONS:] = [f"There are {more} more reasons in nso_ha_result."]
    if not two and words.startswith("if "):
        closing = "Nothing was changed. " if outcome == REFUSED else ""
    else:
        closing, words = ("", words) if two else ("", _NEXT.get(outcome, ""))
    return head + " ".join([*reasons, *hints, closing + _closing(words, command)]).rstrip()


def _closing(words: str, command: str) -> str:
    """Return the end of a message: what to do, and the command, which nothing comes after."""
    words = words[:1].upper() + words[1:]
    if not command:
        return f"{words}." if words else ""
    return f"{words}: {command}" if words else command


def _reported(decision: Decision) -> list[Verdict]:
    """Return the verdicts that did not pass, first those of a plan that was rolled back."""
    undone = decision.plan.undoes
    first = [Verdict("candidate", FAILED, undone)] if undone else []
    return [*first, *decision.progress.failed, *decision.not_passed]


def _completed(decision: Decision, results: Results) -> bool:
    """Return whether the promotion history of a node was completed."""
    return any(results.of(host, ENDED).get("changed") for host in decision.plan.incomplete)


def _step(step: StepResult) -> dict[str, Any]:
    return {
        "wave": step.wave,
        "host": step.host,
        "orders": list(step.orders),
        "reason": step.reason,
        "outcome": step.outcome,
        "start": step.start,
        "end": step.end,
        "finished": step.finished,
        "txid": node_report.txid_as_dict(step.txid),
    }
