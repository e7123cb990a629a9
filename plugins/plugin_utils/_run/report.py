# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run over a cluster came to: as data, and as a table for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._node import transaction_id
from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY

from .._checks.case import FAILED, PASSED, Verdict
from .._model import links, topology
from .._model.observation import Answer, Observation, Silence, state_from, txid_of, txid_result
from .._model.topology import Member, Topology
from .._plan import planner
from . import variables
from .kept import Kept
from .variables import HostVars

#: Ansible indents what it prints and puts it between quotes: 80 columns less that.
WIDTH = 72

PLANNED = "planned"
REFUSED = "refused"
TWO_PRIMARIES = "two_primaries"
ROLLED_BACK = "rolled_back"
INCOMPLETE = "incomplete"

#: The outcomes with which a playbook ends well.
GOOD = (DONE, PLANNED)

_TEXT = {
    DONE: "The cluster is as wanted.",
    PLANNED: "Nothing was changed. This would be done.",
    REFUSED: "Refused, and nothing was changed. What the checks below say has to be settled first.",
    ROLLED_BACK: "Failed and rolled back: the cluster is as it was before.",
    INCOMPLETE: "Not everything is as wanted. Settle what is below and run it again.",
    UNKNOWN: "Whether an order was carried out is not known. Run it again: it looks first.",
}

_TWO_PRIMARIES = (
    "TWO PRIMARIES: {living} are primary at the same time, and each takes writes that the other "
    "does not have. Stop what writes to them, then run nso.ha.rejoin."
)

_ENDED = "The cluster is no more: every node is none, and writable."


def report(
    hosts: Sequence[str],
    hostvars: HostVars,
    made: Mapping[str, Any],
    run: Mapping[str, Any],
    check_mode: bool = False,
) -> dict[str, Any]:
    """Return the report of a run of an operation.

    operation: its name; run: its id; owner: who ran it; began: when
    outcome:   done, planned (check mode), refused, rolled_back, incomplete, unknown or
    two_primaries
    changed:   whether any order was given, or may have been
    primary:   {before, after}: hosts, "" where that is not known
    write_gap: {seconds, means}: how long nobody took writes as primary; means is measured, at most,
               none, or not known
    election:  {host: reason} for those that were not chosen as primary
    nodes:     list of {host, node_id, wanted, upstream, role, primary, txid, txid_text,
               txid_before, done, problem}
    verdicts:  the checks that did not simply pass
    steps:     what was done, in order: list of {wave, host, orders, reason, outcome, start, end,
               finished, txid}
    remaining: what is still to be done, in words
    table:     all of it as lines of text
    """
    members = [Member(**one) for one in made["members"]]
    observed = {host: _last_seen(host, hostvars) for host in hosts}
    given = {host: _given(host, hostvars) for host in hosts}
    nodes = [
        {
            **_node(member, observed[member.host], _done(member.host, hostvars, made, check_mode)),
            "txid_before": made["before"].get(member.host),
        }
        for member in members
    ]
    acted = any(variables.results(host, hostvars) for host in hosts)
    for node in nodes:
        node["problem"] = _problem(node["host"], hostvars, made, observed, acted)
    outcome = _outcome(members, observed, hostvars, made, check_mode)
    if outcome == DONE and any(node["problem"] for node in nodes if node["host"] in made["must"]):
        outcome = INCOMPLETE
    verdicts = [one for one in made["verdicts"] if one["result"] != PASSED]
    verdicts = [*made.get("failed", []), *verdicts]
    found = {
        "operation": made["operation"],
        "run": run["id"],
        "owner": run["owner"],
        "began": run["began"],
        "outcome": outcome,
        # Where nobody knows whether an order was given, a change has to be assumed.
        "changed": any(given.values()) or outcome == UNKNOWN or _recorded(made, hostvars),
        "primary": {"before": made["moves"]["from"], "after": links.only_primary(observed)},
        "write_gap": write_gap(made),
        "election": made["election"],
        "nodes": nodes,
        "verdicts": verdicts,
        "steps": made.get("history", []),
        "remaining": _remaining(nodes, made, outcome),
    }
    living = links.primaries(observed)
    head = [
        *([_two(living)] if len(living) > 1 else []),
        *_headline(outcome, made),
        *_silent(hosts, made, outcome),
        *_about(found, made),
        *_outdated(variables.members(hosts, hostvars), made, outcome),
    ]
    return {**found, "table": _table(nodes, "DONE", [*head, *_notes(nodes, verdicts)])}


def _headline(outcome: str, made: Mapping[str, Any]) -> list[str]:
    if outcome == TWO_PRIMARIES:
        return []
    return [_ENDED if outcome == DONE and not made["moves"]["to"] else _TEXT[outcome]]


def _two(living: Sequence[str]) -> str:
    return _TWO_PRIMARIES.format(living=" and ".join(living))


def _silent(hosts: Sequence[str], made: Mapping[str, Any], outcome: str) -> list[str]:
    """Return a sentence about nodes that did not have to be as wanted, as they do not answer."""
    others = [host for host in hosts if host not in made["must"]]
    if outcome != DONE or not others:
        return []
    return [f"That is so for the nodes that answer. These do not: {', '.join(others)}."]


def _outdated(wanted: Sequence[Member], made: Mapping[str, Any], outcome: str) -> list[str]:
    """Return a sentence about an inventory that wants another primary than there is now."""
    meant = next((member.host for member in wanted if member.role == PRIMARY), "")
    now = made["moves"]["to"]
    if outcome != DONE or not now or now == meant:
        return []
    return [
        f"The inventory still wants {meant or 'no node'} as primary. Let it say that {now} is "
        "(nso_ha_role), or nso.ha.converge will refuse."
    ]


def _about(found: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """Return sentences about the run as a whole."""
    lines = []
    moves = made["moves"]
    if found["steps"] and moves["from"] != moves["to"]:
        now = found["primary"]["after"] or "nobody"
        lines.append(f"The primary was {moves['from'] or 'not known'} and is {now}.")
    lines += [
        f"{one['host']} is confirmed to be fenced."
        for one in made["verdicts"]
        if one["check"] == "fence" and one["result"] == PASSED and one["host"]
    ]
    gap = found["write_gap"]
    if gap["seconds"] is not None:
        about = "" if gap["means"] == MEASURED else f"{gap['means']} "
        lines.append(f"No node took writes as primary for {about}{gap['seconds']:.2f} s.")
    if made["election"] and moves["to"]:
        lines.append(f"{moves['to']} was chosen as primary. Not chosen:")
        lines += [f"  {host}: {why}" for host, why in made["election"].items()]
    for host, why in made["lacking"].items():
        lines.append(f"({host}) {why}; it gets what others have.")
    return lines


def _recorded(made: Mapping[str, Any], hostvars: HostVars) -> bool:
    """Return whether the record of a node was completed."""
    ended = [hostvars[host].get(variables.ENDED) or {} for host in made["lacking"]]
    return any(one.get("changed") for one in ended)


def _remaining(
    nodes: Sequence[Mapping[str, Any]], made: Mapping[str, Any], outcome: str
) -> list[str]:
    """Return what is still to be done, in words, for a run that did not come to its end."""
    if outcome not in (INCOMPLETE, UNKNOWN, TWO_PRIMARIES):
        return []
    done = {(one["wave"], one["host"]) for one in made.get("history", []) if one["outcome"] == DONE}
    steps = [
        f"{host}: {' '.join(step['orders'])} ({step['reason']})"
        for wave in made["waves"]
        for host, step in wave["steps"].items()
        if (wave["name"], host) not in done
    ]
    return steps + [f"{host}: {why}" for host, why in made["blocked"].items()]


MEASURED = "measured"
AT_MOST = "at most"
NONE_LEFT = "none"
NOT_KNOWN = "not known"


def write_gap(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return for how long no node took writes as primary.

    From the moment at which the old primary was ordered to take no more, to the answer of the new
    one that it is primary. By the clocks of the two nodes, if they agree with the controller's; the
    time between the tasks around it, which is longer, if they do not. After a failover nobody knows
    when it began.
    """
    history = made.get("history", [])
    ends = [one for one in history if one["wave"] in (planner.HOLD, planner.STEP_DOWN)]
    # A former primary that comes back can be written to when it is not held any more.
    opens = (planner.PROMOTE, planner.OPEN)
    begins = [one for one in history if one["wave"] in opens and one["outcome"] == DONE]
    if not begins:
        return {"seconds": None, "means": NONE_LEFT if not ends else NOT_KNOWN}
    if not ends:
        return {"seconds": None, "means": NOT_KNOWN}
    before = [one["finished"] for one in history[: history.index(ends[0])]]
    most = begins[-1]["finished"] - (before[-1] if before else made.get("began", 0.0))
    start, end = ends[0]["start"], begins[-1]["end"]
    if start is not None and end is not None and 0 <= end - start <= most:
        return {"seconds": round(end - start, 3), "means": MEASURED}
    return {"seconds": round(most, 3), "means": AT_MOST}


def status(hosts: Sequence[str], hostvars: HostVars, found: Kept) -> dict[str, Any]:
    """Return the report of a run of status: what is wanted and what was found.

    The keys are those of `report`. The outcome is done if all is as wanted, else incomplete, or
    two_primaries.
    """
    members = variables.members(hosts, hostvars)
    problems = topology.problems(members)
    observed = variables.observations(hosts, hostvars, variables.OBSERVED)
    wanted = None if problems else Topology(members)
    nodes = []
    for member in members:
        one = observed[member.host]
        node = _node(member, one, _compared(wanted, observed, member.host))
        node["problem"] = one.reason if isinstance(one, Silence) else ""
        nodes.append(node)
    verdicts = [vars(Verdict("topology", FAILED, problem)) for problem in problems]
    right = wanted is not None and all(
        links.is_as_wanted(wanted, observed, member.host) for member in members
    )
    living = links.primaries(observed)
    if len(living) > 1:
        outcome, text = TWO_PRIMARIES, _two(living)
    elif right:
        outcome, text = DONE, _TEXT[DONE]
    else:
        outcome, text = INCOMPLETE, "The cluster is not as wanted."
    head = [text, *_remarks(found)]
    return {
        "operation": "status",
        "outcome": outcome,
        "changed": False,
        "primary": {"before": links.only_primary(observed), "after": links.only_primary(observed)},
        "nodes": nodes,
        "verdicts": verdicts,
        "table": _table(nodes, "RESULT", [*head, *_notes(nodes, verdicts)]),
    }


def _remarks(found: Kept) -> list[str]:
    """Return what a person has to know about the cluster as a whole."""
    remarks = []
    newest = found.record.newest
    if newest is not None:
        remarks.append(
            f"The last promotion on record is that of {newest.primary}, by {newest.operation} at "
            f"{newest.at}."
        )
    remarks += [f"{text}." for text in found.locked]
    remarks += [
        f"A {operation} broke off (run {run}). Run it again, or another operation, to finish."
        for operation, run in found.unfinished.items()
    ]
    remarks += [f"({host}) {why}." for host, why in found.lacking.items()]
    return remarks


def _compared(wanted: Topology | None, observed: Mapping[str, Observation], host: str) -> str:
    if isinstance(observed[host], Silence):
        return "no answer"
    if wanted is None:
        return "-"
    return "as wanted" if links.is_as_wanted(wanted, observed, host) else "differs"


def _last_seen(host: str, hostvars: HostVars) -> Observation:
    """Return the last that is known of a node: verified, else after its last step, else first."""
    first = variables.observations([host], hostvars, variables.OBSERVED)[host]
    last = variables.observations([host], hostvars, variables.VERIFIED)[host]
    if isinstance(last, Answer):
        return last
    # Not every step tells what the node is after it. One without an answer leaves it open.
    results = [
        one for one in variables.results(host, hostvars) if "after" in one or _is_unknown(one)
    ]
    if not results or not isinstance(first, Answer):
        return first
    after = results[-1].get("after")
    if not after:
        return Silence(str(results[-1].get("msg", "it did not answer any more")))
    return Answer(state_from(after), first.phase, None)


def _given(host: str, hostvars: HostVars) -> list[str]:
    """Return the names of all orders that were given on a host."""
    return [
        order
        for result in variables.results(host, hostvars)
        for order in result.get("transitions") or []
    ]


def _expected(host: str, made: Mapping[str, Any]) -> list[str]:
    """Return the names of all orders that the plan expects on a host."""
    return [
        order
        for wave in made["waves"]
        if host in wave["steps"]
        for order in wave["steps"][host]["orders"]
    ]


def _done(host: str, hostvars: HostVars, made: Mapping[str, Any], check_mode: bool) -> str:
    given, expected = _given(host, hostvars), _expected(host, made)
    if given:
        return " ".join(given) + (" FAILED" if _failed(host, hostvars) else "")
    if host in made["blocked"]:
        return "blocked"
    if not expected:
        return "nothing"
    results = variables.results(host, hostvars)
    if results:
        return "not known" if any(_is_unknown(one) for one in results) else "not done"
    if made["refused"]:
        return "refused"
    return "would " + " ".join(expected) if check_mode else "not done"


def _failed(host: str, hostvars: HostVars) -> bool:
    return any(one.get("outcome") != DONE for one in variables.results(host, hostvars))


def _problem(
    host: str,
    hostvars: HostVars,
    made: Mapping[str, Any],
    observed: Mapping[str, Observation],
    acted: bool,
) -> str:
    """Return what a person has to know about a node, or nothing."""
    if host in made["blocked"]:
        return str(made["blocked"][host])
    for result in variables.results(host, hostvars):
        if result.get("outcome") != DONE:
            return str(result.get("msg", "the step failed without a reason"))
    verified = hostvars[host].get(variables.VERIFIED) or {}
    if verified.get("failed") or verified.get("unreachable"):
        return str(verified.get("msg", "it could not be verified"))
    if acted and not verified:
        return "it dropped out of the play before it was verified"
    one = observed[host]
    return one.reason if isinstance(one, Silence) else ""


def _outcome(
    members: Sequence[Member],
    observed: Mapping[str, Observation],
    hostvars: HostVars,
    made: Mapping[str, Any],
    check_mode: bool,
) -> str:
    results = [one for member in members for one in variables.results(member.host, hostvars)]
    if len(links.primaries(observed)) > 1 and (results or not (made["refused"] or check_mode)):
        return TWO_PRIMARIES
    if made.get("undecided"):
        return UNKNOWN
    wanted = Topology(members)
    right = all(links.is_as_wanted(wanted, observed, host) for host in made["must"])
    if "failed" in made and right and not made["refused"]:
        return ROLLED_BACK
    if any(_is_unknown(one) for one in results):
        return UNKNOWN
    if made["refused"] and not results:
        return REFUSED
    if made["refused"] or set(made["blocked"]) & set(made["must"]):
        return INCOMPLETE
    if check_mode and (made["waves"] or made["lacking"]):
        return PLANNED
    return DONE if right else INCOMPLETE


def _is_unknown(result: Mapping[str, Any]) -> bool:
    """Return whether nobody can say if the orders of a step were given."""
    return result.get("outcome") == UNKNOWN


def _node(member: Member, one: Observation, done: str) -> dict[str, Any]:
    observed = one if isinstance(one, Answer) else None
    primary = observed.state.primary if observed else None
    return {
        "host": member.host,
        "node_id": member.node_id,
        "wanted": member.role,
        "upstream": member.upstream,
        "role": observed.state.role if observed else None,
        "primary": primary._asdict() if primary else None,
        "txid": txid_result(one),
        "txid_text": transaction_id.show(txid_of(one)),
        "done": done,
    }


def _notes(nodes: Sequence[Mapping[str, Any]], verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    notes = []
    for one in verdicts:
        who = f"{one['host']} " if one["host"] else ""
        notes.append(f"({one['check']} {one['result']}) {who}{one['reason'].strip().rstrip('.')}.")
    return notes + [f"({node['host']}) {node['problem']}" for node in nodes if node["problem"]]


#: Names of the columns but the last, and how wide they may become: with two spaces in between no
#: more than WIDTH.
_COLUMNS = {"NODE": 14, "WANTED": 9, "FOUND": 9, "PRIMARY": 10, "TRANSACTION": 22}


def _table(nodes: Sequence[Mapping[str, Any]], last: str, notes: Sequence[str]) -> list[str]:
    """Return the lines of the table; `last` is the name of its last column."""
    rows = [[*_COLUMNS, last]]
    for node in nodes:
        primary = node["primary"]
        cells = [
            node["host"],
            node["wanted"] or "?",
            node["role"] or "?",
            primary["node_id"] if primary else "-",
            node["txid_text"],
        ]
        short = [_cut(cell, limit) for cell, limit in zip(cells, _COLUMNS.values(), strict=True)]
        rows.append([*short, node["done"]])
    widths = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
    lines = [line for row in rows for line in _lines(row, widths)]
    lines.append("")
    for note in notes:
        # Paths and names of hosts have hyphens, and are to be copied whole.
        lines += textwrap.wrap(note, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    return lines


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "~"


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return one row as lines: what is done may need more than one."""
    head = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
    room = WIDTH - len(head) - 2
    if room >= 12:
        done = textwrap.wrap(row[-1], room) or [""]
        indent = " " * (len(head) + 2)
        return [f"{head}  {done[0]}".rstrip(), *(indent + more for more in done[1:])]
    return [head.rstrip(), *textwrap.wrap(row[-1], WIDTH, initial_indent="    -> ")]
