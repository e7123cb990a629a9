# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report of a run over a cluster: as data, and as a table (table.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._node import transaction_id
from ansible_collections.nso.ha.plugins.module_utils._store.lock import ANNOUNCE, EVENTS

from .._checks import judge, moving
from .._checks.case import FAILED, NOT_EVALUABLE, PASSED, Verdict
from .._checks.consents import ALLOW_DATA_LOSS, ALLOW_OVERWRITE, entry, option
from .._model import identity, itself, links
from .._model.observation import Answer, Observation, Silence, in_admin_mode, txid_of
from .._model.plain import to_dict
from .._model.topology import Member, Topology, topology_problems, wanted_primary
from .._plan.operations import Scene
from .._plan.plan import CATCH_UP, HAND_OVER, HOOK, OPEN, PROMOTE, READ_ONLY, STEP_DOWN
from .._plan.planner import STARTED
from . import ending, health, hooks, stored, table
from .health import Health
from .results import ENDED, VERIFICATION, Results
from .run_state import Decision, Run, StepResult
from .stored import Stored

PLANNED = "planned"
REFUSED = "refused"
TWO_PRIMARIES = "two_primaries"
ROLLED_BACK = "rolled_back"
INCOMPLETE = "incomplete"

#: The outcomes with which a playbook succeeds.
GOOD = (DONE, PLANNED)

_TEXT = {
    DONE: "The cluster matches the plan.",
    PLANNED: "Nothing was changed. This would be done.",
    REFUSED: "Refused; nothing was changed. Resolve the failed checks below.",
    ROLLED_BACK: "Failed and rolled back: the cluster is as it was before.",
    INCOMPLETE: "Not everything matches the plan. Resolve what is below and run it again.",
    UNKNOWN: "Whether an order was carried out is not known. Run it again: it looks first.",
}

#: The variables that agree to what a check refuses.
_CONSENTS = {judge.OVERWRITE: ALLOW_OVERWRITE, moving.DATA_LOSS: ALLOW_DATA_LOSS}

#: The next command, or what else there is to do, after the reasons in a message.
_NEXT = {
    REFUSED: "Nothing was changed. Resolve this and run it again.",
    ROLLED_BACK: "The cluster is as it was before. Resolve this and run it again.",
    INCOMPLETE: "Resolve this and run it again.",
    UNKNOWN: "Whether an order was carried out is not known. Run it again: it looks first.",
}

#: How many reasons a message has. It is printed for each host.
_MOST_REASONS = 6

_ENDED = "The cluster has been torn down. Every node has role none{}."


def report(
    run: Run,
    wanted: Sequence[Member],
    decision: Decision,
    results: Results,
    state_directories: Stored,
    now: float,
    ended: bool = True,
) -> dict[str, Any]:
    """Return the report of a run of an operation. Its keys are documented in docs/report.md.

    wanted:            the nodes as the inventory wants them
    state_directories: what they said before the run
    now:               seconds since 1970
    ended:             whether the locks, if there were any, should have been given back by now
    """
    plan = decision.plan
    observed = {host: _last(host, decision, results) for host in run.hosts}
    nodes = [
        {
            **_node(member, observed[member.host], _done(member.host, decision, run.dry)),
            "txid_before": _txid(plan.before.get(member.host)),
            "problem": _problem(member.host, decision, results, observed),
        }
        for member in plan.members
    ]
    outcome = _outcome(decision, observed, run.dry)
    if outcome == DONE and any(node["problem"] for node in nodes if node["host"] in plan.required):
        outcome = INCOMPLETE
    verdicts = _reported(decision)
    given = any(step.given for step in decision.progress.steps)
    returned = {
        "operation": plan.operation,
        "run_id": run.run_id,
        "owner": run.owner,
        "began": run.began,
        "outcome": outcome,
        # Where it is not known whether an order was given, a change has to be assumed.
        "changed": given or outcome == UNKNOWN or _completed(decision, results),
        "primary": {"before": plan.former, "after": links.only_primary(observed)},
        "write_gap": write_gap(decision),
        "election": dict(plan.election),
        "nodes": nodes,
        "verdicts": [to_dict(verdict) for verdict in verdicts],
        "steps": [_step(step) for step in decision.progress.steps],
        "remaining": _remaining(decision, outcome),
        "warnings": [
            *(ending.problems(decision.progress.locked, results) if ended and not run.dry else ()),
            *stored.exposed(run.hosts, results),
        ],
    }
    living = links.primaries(observed)
    condition = _health(run, plan.members, observed, state_directories, now)
    head = [
        *_headline(outcome, plan.candidate, observed),
        *_lines_of_health(condition, with_command=outcome in (DONE, TWO_PRIMARIES)),
    ]
    about = [
        *_silent(run.hosts, plan.required, outcome),
        *_about(returned, decision),
        *_read_only(observed, plan.former),
        *_outdated(wanted, plan.candidate, outcome),
    ]
    consents = _consents(decision)
    lost = hooks.not_to_be_found(run, decision, links.only_primary(observed))
    head += lost
    hints = [*lost, *(f"{text}." for text in consents)]
    notes = [*about, *table.notes(nodes, verdicts), *consents, *_warnings(returned)]
    return {
        **returned,
        "health": _as_data(condition),
        "message": _message(plan.operation, outcome, living, nodes, verdicts, hints),
        "table": table.lines(head, nodes, "DONE", notes),
    }


def _health(
    run: Run,
    members: Sequence[Member],
    observed: Mapping[str, Observation],
    state_directories: Stored,
    now: float,
    problems: Sequence[str] = (),
) -> Health:
    """Return the health of the cluster. `problems` are what is wrong with the settings."""
    if run.problems:
        return health.not_asked(run.problems[0])
    return health.assess(Topology(members), observed, state_directories, now, problems)


def _lines_of_health(condition: Health, *, with_command: bool) -> list[str]:
    command = [f"Next: {condition.then}."] if with_command and condition.then else []
    return [f"{condition}.", *command]


def _as_data(condition: Health) -> dict[str, str]:
    return {"state": condition.state, "text": str(condition), "next": condition.then}


def _warnings(returned: Mapping[str, Any]) -> list[str]:
    return [f"Warning: {text}." for text in returned["warnings"]]


def _message(
    operation: str,
    outcome: str,
    living: Sequence[str],
    nodes: Sequence[Mapping[str, Any]],
    verdicts: Sequence[Verdict],
    hints: Sequence[str],
) -> str:
    """Return what a person has to know as one paragraph: the reasons, and the next command."""
    head = f"{operation} {outcome}: "
    if outcome in GOOD:
        return head + _TEXT[outcome]
    two = [_two(living)] if len(living) > 1 else []
    if outcome == TWO_PRIMARIES:
        return head + " ".join(two)
    failed = [verdict for verdict in verdicts if verdict.result in (FAILED, NOT_EVALUABLE)]
    reasons = [*two, *map(table.note, failed)]
    # Where nothing was done, a node without an answer matters only as far as a check says so.
    if outcome != REFUSED or not reasons:
        reasons += [f"{note.rstrip('.')}." for note in table.node_notes(nodes)]
    more = len(reasons) - _MOST_REASONS
    if more > 0:
        reasons[_MOST_REASONS:] = [f"There are {more} more reasons in nso_ha_result."]
    return head + " ".join([*reasons, *hints, _NEXT.get(outcome, "")]).rstrip()


def _reported(decision: Decision) -> list[Verdict]:
    """Return the verdicts that did not pass, first those of a plan that was rolled back."""
    undone = decision.plan.undoes
    first = [Verdict("candidate", FAILED, undone)] if undone else []
    return [*first, *decision.progress.failed, *decision.not_passed]


def _consents(decision: Decision) -> list[str]:
    """Return the options that agree to all that was refused, where each verdict names one node.

    Of an option that is given twice the last one counts, so what was agreed to is there as well.
    """
    lines = []
    for check, variable in _CONSENTS.items():
        asked = [verdict for verdict in decision.not_passed if verdict.check == check]
        hosts = dict.fromkeys(verdict.host for verdict in asked if verdict.host)
        if len(hosts) > 1 and judge.refused(asked):
            entries = [entry(host, decision.plan.before.get(host)) for host in hosts]
            lines.append(f"Hint: the consent for all of them is {option(variable, entries)}")
    return lines


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
        "txid": _txid(step.txid),
    }


def _txid(txid: transaction_id.TransactionId | None) -> dict[str, Any] | None:
    return txid.as_dict() if txid else None


def _headline(outcome: str, candidate: str, observed: Mapping[str, Observation]) -> list[str]:
    if outcome == TWO_PRIMARIES:
        return []
    if outcome != DONE or candidate:
        return [_TEXT[outcome]]
    return [_ENDED.format("" if in_admin_mode(observed) else " and accepts writes")]


def _read_only(observed: Mapping[str, Observation], former: str = "") -> list[str]:
    """Return sentences on the nodes in the read-only mode of an administrator.

    If the former primary is among them, and the new primary is not, that is said, too.
    """
    hosts = in_admin_mode(observed)
    if not hosts:
        return []
    lines = [f"{' and '.join(hosts)} {_are(hosts)} read-only (administrator)."]
    primary = links.only_primary(observed)
    if former in hosts and primary and primary not in hosts:
        answer = observed[primary]
        known = isinstance(answer, Answer) and answer.admin_read_only is False
        lines.append(f"{primary}, the new primary, {'takes' if known else 'may take'} writes.")
    return lines


def _kept_read_only(wanted: Topology, observed: Mapping[str, Observation]) -> list[str]:
    """Return sentences on the nodes that are kept in read-only mode, and that should be or not."""
    answers = {host: answer for host, answer in observed.items() if isinstance(answer, Answer)}
    followers = [host for host, answer in answers.items() if answer.is_kept_read_only]
    lines = []
    if followers:
        as_what = "a follower" if len(followers) == 1 else "followers"
        lines.append(f"{' and '.join(followers)} {_are(followers)} kept read-only as {as_what}.")
    for host, answer in answers.items():
        if links.is_kept_as_wanted(wanted, observed, host):
            continue
        if links.is_to_be_kept(wanted.members[host]):
            lost = ", as it has lost that by a restart" if answer.held_as_follower else ""
            why = f"should be read-only (nso_ha_hold_followers) and is not{lost}"
        elif answer.is_kept_read_only:
            why = "is read-only as a follower and should not be"
        else:
            why = "has a mark of read-only mode, which it has lost by a restart"
        lines.append(f"{host} {why}. {_REPAIR}")
    return lines


#: What puts nodes into the right mode.
_REPAIR = "nso.ha.rejoin or nso.ha.converge sets that right."


def _are(hosts: Sequence[str]) -> str:
    return "is" if len(hosts) == 1 else "are"


def _two(living: Sequence[str]) -> str:
    condition = health.two_primaries(living)
    return f"{condition}. {condition.then[:1].upper()}{condition.then[1:]}."


def _silent(hosts: Sequence[str], required: Sequence[str], outcome: str) -> list[str]:
    """Return a sentence on the nodes that do not have to match, as they do not answer."""
    others = [host for host in hosts if host not in required]
    if outcome != DONE or not others:
        return []
    return [f"That is so for the nodes that answer. These do not: {', '.join(others)}."]


def _outdated(wanted: Sequence[Member], primary: str, outcome: str) -> list[str]:
    """Return a sentence on an inventory that wants another primary than there is now."""
    inventory_primary = wanted_primary(wanted)
    if outcome != DONE or not primary or inventory_primary in ("", primary):
        return []
    return [
        f"The inventory still wants {inventory_primary} as primary. Let it say that {primary} is "
        "(nso_ha_role), or that they are members, or nso.ha.converge will refuse."
    ]


def _about(returned: Mapping[str, Any], decision: Decision) -> list[str]:
    """Return sentences about the run as a whole."""
    plan, lines = decision.plan, []
    if decision.progress.steps and plan.former != plan.candidate:
        now = returned["primary"]["after"] or "none"
        lines.append(f"The primary was {plan.former or 'not known'} and is {now}.")
    lines += [
        f"{verdict.host} is confirmed to be fenced."
        for verdict in decision.verdicts
        if verdict.check == "fence" and verdict.result == PASSED and verdict.host
    ]
    lines += [
        f"{verdict.host} {verdict.reason}.".strip()
        for verdict in decision.progress.verdicts
        if verdict.check == "rehearsal" and verdict.result == PASSED and verdict.reason
    ]
    lines += [
        f"({host}) has no lock, so this run did nothing there: {why.rstrip('.')}."
        for host, why in decision.progress.unlocked.items()
    ]
    lines += [f"({step.host}) {step.late}." for step in decision.progress.steps if step.late]
    gap = returned["write_gap"]
    if gap["seconds"] is not None:
        about = "" if gap["means"] == MEASURED else f"{gap['means']} "
        lines.append(f"No node took writes as primary for {about}{gap['seconds']:.2f} s.")
    if plan.election and plan.candidate:
        lines.append(f"{plan.candidate} was chosen as primary. Not chosen:")
        lines += [f"  {host}: {why}" for host, why in plan.election.items()]
    lines += plan.remarks
    for host, why in plan.incomplete.items():
        lines.append(f"({host}) {why}; it gets what others have.")
    return lines


def _completed(decision: Decision, results: Results) -> bool:
    """Return whether the promotion history of a node was completed."""
    return any(results.of(host, ENDED).get("changed") for host in decision.plan.incomplete)


def _remaining(decision: Decision, outcome: str) -> list[str]:
    """Return what is still to be done, in words, after a run that is not finished."""
    if outcome not in (INCOMPLETE, UNKNOWN, TWO_PRIMARIES):
        return []
    done = {(step.wave, step.host) for step in decision.progress.steps if step.outcome == DONE}
    steps = [
        f"{step.host}: {' '.join(step.orders) or step.name} ({step.reason})"
        for wave in decision.plan.waves
        for step in wave.steps
        if (wave.name, step.host) not in done and not (wave.kind == HOOK and step.upstream)
    ]
    return steps + [f"{host}: {why}" for host, why in decision.plan.blocked.items()]


MEASURED = "measured"
AT_MOST = "at most"
NONE_LEFT = "none"
NOT_KNOWN = "not known"


def write_gap(decision: Decision) -> dict[str, Any]:
    """Return for how long no node accepted writes as primary, and how exact that is.

    It begins with the order to the former primary to accept no more, and ends with the answer of
    the new primary. Measured by the clocks of the two nodes if they agree with the controller's;
    else it is the time between the tasks before and after, which is longer. After a failover, and
    where an administrator had made the former primary read-only, it is not known when it began.
    """
    steps = decision.progress.steps
    ends = [step for step in steps if step.wave in (HAND_OVER, STEP_DOWN)]
    # A former primary that comes back accepts writes when it is not held any more.
    begins = [step for step in steps if step.wave in (PROMOTE, OPEN) and step.outcome == DONE]
    if not begins:
        return {"seconds": None, "means": NONE_LEFT if not ends else NOT_KNOWN}
    # A primary that an administrator has made read-only takes none before it is held either.
    if not ends or _was_read_only(ends[0]):
        return {"seconds": None, "means": NOT_KNOWN}
    before = [step.finished for step in steps[: steps.index(ends[0])]]
    most = begins[-1].finished - (before[-1] if before else decision.progress.started)
    start, end = ends[0].start, begins[-1].end
    if start is not None and end is not None and 0 <= end - start <= most:
        return {"seconds": round(end - start, 3), "means": MEASURED}
    return {"seconds": round(most, 3), "means": AT_MOST}


def _was_read_only(step: StepResult) -> bool:
    """Return whether a primary took no writes before it handed over, by an administrator's mode."""
    return step.wave == HAND_OVER and step.outcome == DONE and READ_ONLY not in step.given


def status_report(
    run: Run,
    members: Sequence[Member],
    problems: Sequence[str],
    results: Results,
    state_directories: Stored,
    now: float,
) -> dict[str, Any]:
    """Return the report of the operation status: what is wanted and what was observed.

    `problems` are what is wrong with the settings, `now` are seconds since 1970. The keys are among
    those of `report`. The outcome is done if everything matches, else incomplete, or two_primaries.
    """
    problems = [*problems, *topology_problems(members)]
    observed = links.with_listers(members, results.observations(member.host for member in members))
    wanted = None if problems else _kept(members, observed, state_directories)
    nodes = []
    for member in members:
        observation = observed[member.host]
        node = _node(member, observation, _compared(wanted, observed, member.host))
        nodes.append(
            {**node, "problem": observation.reason if isinstance(observation, Silence) else ""}
        )
    verdicts = [Verdict("topology", FAILED, problem) for problem in problems]
    remarks: list[str] = []
    if wanted is not None:
        misnamed = identity.misnamed(wanted, observed, state_directories.history)
        verdicts += [Verdict(judge.PRIMARY_NAME, FAILED, why) for why in misnamed.values()]
        remarks = identity.remarks(wanted, observed)
        remarks += [*_kept_read_only(wanted, observed), *_waiting(wanted, observed)]
    remarks += [
        *itself.untold(observed),
        *itself.other_ha(observed),
    ]
    right = (
        not verdicts
        and wanted is not None
        and all(_is_right(wanted, observed, member.host) for member in members)
    )
    living = links.primaries(observed)
    if len(living) > 1:
        outcome, text = TWO_PRIMARIES, _two(living)
    elif right:
        outcome, text = DONE, "The cluster matches the inventory."
    elif run.problems:
        outcome, text = INCOMPLETE, "No node was asked."
    elif any(map(itself.leaves_open, observed.values())):
        outcome, text = INCOMPLETE, "Whether the cluster matches the inventory is not known."
    else:
        outcome, text = INCOMPLETE, "The cluster does not match the inventory."
    seats = members if wanted is None else list(wanted.members.values())
    condition = _health(run, seats, observed, state_directories, now, problems)
    head = _lines_of_health(condition, with_command=True)
    about = [
        *([text] if len(living) < 2 else []),
        *remarks,
        *_read_only(observed),
        *_remarks(state_directories),
    ]
    reasons = [table.note(verdict) for verdict in verdicts][:_MOST_REASONS]
    only = links.only_primary(observed)
    returned = {
        "operation": "status",
        "run_id": run.run_id,
        "outcome": outcome,
        "changed": False,
        "primary": {"before": only, "after": only},
        "nodes": nodes,
        "verdicts": [to_dict(verdict) for verdict in verdicts],
        "warnings": list(state_directories.exposed),
        "message": " ".join([f"status {outcome}: {text}", *reasons]),
    }
    notes = [*about, *table.notes(nodes, verdicts), *_warnings(returned)]
    return {
        **returned,
        "health": _as_data(condition),
        "table": table.lines(head, nodes, "RESULT", notes),
    }


def _remarks(state_directories: Stored) -> list[str]:
    """Return sentences about the cluster as a whole: last promotion, locks, unfinished runs."""
    remarks = []
    newest = state_directories.history.newest
    if newest is not None:
        remarks.append(
            f"The last promotion on record is that of {newest.primary}, by {newest.operation} at "
            f"{newest.at}."
        )
    remarks += [f"{text}." for text in state_directories.locked]
    remarks += [f"{text}." for text in state_directories.unusable]
    remarks += [
        f"A {operation} broke off (run {run_id}). Run it again, or another operation, to finish."
        for operation, run_id in state_directories.unfinished.items()
    ]
    remarks += [f"({host}) {why}." for host, why in state_directories.incomplete.items()]
    return remarks


def _kept(
    members: Sequence[Member], observed: Mapping[str, Observation], state_directories: Stored
) -> Topology:
    """Return what a converge would want: the cluster as it is, with the members in their places."""
    return Scene(members, observed, state_directories.history).topology


def _compared(wanted: Topology | None, observed: Mapping[str, Observation], host: str) -> str:
    if isinstance(observed[host], Silence):
        return "no answer"
    if wanted is None:
        return "-"
    if itself.leaves_open(observed[host]):
        return "not known"
    return "as wanted" if _is_right(wanted, observed, host) else "differs"


def _is_right(wanted: Topology, observed: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node has its place, is kept read-only as wanted, and does not wait."""
    return (
        links.is_as_wanted(wanted, observed, host)
        and links.is_kept_as_wanted(wanted, observed, host)
        and not _waits(wanted.members[host], observed[host])
    )


def _waits(member: Member, observation: Observation) -> bool:
    """Return whether a node waits in a start phase for an operation to let it go on."""
    return member.start_phases and isinstance(observation, Answer) and observation.phase < STARTED


def _waiting(wanted: Topology, observed: Mapping[str, Observation]) -> list[str]:
    """Return a sentence on each node that waits in a start phase."""
    return [
        f"{host} waits in start phase {observation.phase}, closed to clients. {_REPAIR}"
        for host, observation in observed.items()
        if isinstance(observation, Answer) and _waits(wanted.members[host], observation)
    ]


def _last(host: str, decision: Decision, results: Results) -> Observation:
    """Return the last observation: at the end, else after the last step, else for the plan."""
    first, verified = results.observation(host), results.observation(host, VERIFICATION)
    if isinstance(verified, Answer):
        return verified
    # Not every step tells the role of the node after it. An unknown outcome leaves it open.
    steps = [step for step in _steps(host, decision) if step.told or step.outcome == UNKNOWN]
    if not steps or not isinstance(first, Answer):
        return first
    last = steps[-1]
    if last.after is None:
        return Silence(last.message or "it did not answer any more")
    return Answer(last.after, first.phase, None)


def _steps(host: str, decision: Decision) -> list[StepResult]:
    """Return the results of the steps on a host."""
    return [step for step in decision.progress.steps if step.host == host]


def _done(host: str, decision: Decision, dry: bool) -> str:
    steps = _steps(host, decision)
    given = [order for step in steps for order in step.given]
    if given:
        return " ".join(given) + (" FAILED" if any(step.outcome != DONE for step in steps) else "")
    if host in decision.plan.blocked:
        return "blocked"
    expected = [
        order
        for wave in decision.plan.waves
        for step in wave.steps
        if step.host == host
        for order in step.orders
    ]
    if not expected:
        return "nothing"
    if steps:
        outcomes = {step.outcome for step in steps}
        if outcomes == {DONE}:
            return "nothing"
        return "not known" if UNKNOWN in outcomes else "not done"
    if decision.progress.refused:
        return "refused"
    return "would " + " ".join(expected) if dry else "not done"


def _problem(
    host: str, decision: Decision, results: Results, observed: Mapping[str, Observation]
) -> str:
    """Return the problem of a node, in words, or ""."""
    if host in decision.plan.blocked:
        return decision.plan.blocked[host]
    for step in _steps(host, decision):
        if step.outcome != DONE:
            return step.failure
    verified = results.of(host, VERIFICATION)
    if verified.get("failed") or verified.get("unreachable"):
        return str(verified.get("msg", "it could not be verified"))
    if decision.progress.acted and not verified:
        return "it dropped out of the play before it was verified"
    last = observed[host]
    return last.reason if isinstance(last, Silence) else ""


def _outcome(decision: Decision, observed: Mapping[str, Observation], dry: bool) -> str:
    plan, progress = decision.plan, decision.progress
    # A candidate that does not catch up in time was only waited for.
    acted = any(step.wave not in (CATCH_UP, *EVENTS) for step in progress.steps)
    unannounced = any(step.wave == ANNOUNCE and step.outcome != DONE for step in progress.steps)
    if len(links.primaries(observed)) > 1 and (acted or not (progress.refused or dry)):
        return TWO_PRIMARIES
    if progress.undecided:
        return UNKNOWN
    wanted = Topology(plan.members)
    right = all(_is_right(wanted, observed, host) for host in plan.required)
    if (progress.rolled_back or plan.undoes) and right and not progress.refused:
        return INCOMPLETE if unannounced else ROLLED_BACK
    if any(step.outcome == UNKNOWN for step in progress.steps):
        return UNKNOWN
    if progress.refused and not acted:
        return REFUSED
    if progress.refused or set(plan.blocked) & set(plan.required):
        return INCOMPLETE
    if dry and (plan.waves or plan.incomplete):
        return PLANNED
    return DONE if right else INCOMPLETE


def _node(member: Member, observation: Observation, done: str) -> dict[str, Any]:
    answer = observation if isinstance(observation, Answer) else None
    primary = answer.state.primary if answer else None
    return {
        "host": member.host,
        "node_id": member.node_id,
        "wanted": member.role,
        "upstream": member.upstream,
        "role": answer.state.role if answer else None,
        "primary": primary.as_result() if primary else None,
        "read_only": answer.facts.read_only if answer else None,
        "nso_version": answer.facts.nso_version if answer else None,
        "txid": _txid(txid_of(observation)),
        "txid_text": transaction_id.show(txid_of(observation)),
        "done": done,
    }
