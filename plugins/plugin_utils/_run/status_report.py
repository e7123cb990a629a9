# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report of the operation status: what there is, and what the inventory wants. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE
from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS, NONE

from .._checks import judge
from .._checks.case import FAILED, Verdict
from .._model import identity, itself, links, mistaken
from .._model.observation import Observation, Silence
from .._model.plain import to_dict
from .._model.topology import Member, Topology, led_by, topology_problems
from .._plan.operations import Scene
from . import commands, compared_data, copy_tree, node_report, remarks, report, table
from .report import Report, assembled
from .results import OBSERVATION, Results
from .run_outcome import INCOMPLETE, TWO_PRIMARIES, is_right
from .run_state import Run
from .stored import Stored
from .table import Last, ReportLine

#: What the last column of the table says of a node that is as it should be.
_OK = "ok"

#: How many reasons the message has.
_MOST_REASONS = 6


def status_report(
    run: Run,
    members: Sequence[Member],
    problems: Sequence[str],
    results: Results,
    state_directories: Stored,
    now: float,
    *,
    faults: Sequence[str] = (),
    outlook: str = "",
    verbose: bool = False,
) -> Report:
    """Return the report of the operation status.

    `problems` are what is wrong with the settings, so that it is not known what is wanted; `faults`
    are what else is. `outlook` is a sentence on what a failover would do, or "". `now` are seconds
    since 1970. The keys are among those of an operation. The outcome is done if every node has its
    place around the present primary, else incomplete, or two_primaries.
    """
    problems = [*problems, *topology_problems(members)]
    observed = _observed(run, members, results)
    wanted = None if problems else _around_the_primary(members, observed, state_directories)
    data = compared_data.compared(
        Topology(members) if wanted is None else wanted, observed, state_directories.history
    )
    nodes = [
        _node(member, wanted, observed, data[member.host])
        for member in (members if wanted is None else wanted.members.values())
    ]
    verdicts = [
        Verdict("topology", FAILED, problem) for problem in dict.fromkeys((*problems, *faults))
    ]
    about: list[str] = []
    if wanted is not None:
        misnamed = identity.misnamed(wanted, observed, state_directories.history)
        verdicts += [Verdict(judge.PRIMARY_NAME, FAILED, why) for why in misnamed.values()]
        swapped = mistaken.swapped_nodes(wanted, observed)
        verdicts += [Verdict(judge.SWAPPED, FAILED, why) for why in swapped]
        about += remarks.of_nodes(wanted, observed)
        about += [f"{why}." for why in mistaken.other_addresses(wanted, observed).values()]
    about += remarks.of_what_nodes_tell(observed)
    living = links.primaries(observed)
    seats = Topology(members) if wanted is None else wanted
    condition = report.health_of(run, seats, observed, state_directories, now, problems)
    outcome, text = _outcome(run, members, wanted, observed, bool(verdicts))
    details = [
        *([text] if outcome != TWO_PRIMARIES and not run.problems else []),
        *remarks.pinned(members, observed),
        *about,
        *remarks.administrators_mode(observed),
        *remarks.of_stored(state_directories),
        *(remarks.transactions(nodes) if verbose else ()),
    ]
    only = links.only_primary(observed)
    returned = {
        "operation": "status",
        "run_id": run.run_id,
        "outcome": outcome,
        "changed": False,
        "primary": {"before": only, "after": only},
        "nodes": nodes,
        "verdicts": [to_dict(verdict) for verdict in verdicts],
        "warnings": [*state_directories.exposed, *run.warnings],
    }
    following = commands.split(condition.then, run)
    lines = assembled(
        head=[*report.health_lines(condition, verdicts), *table.wrapped(filter(None, [outlook]))],
        following=following,
        rows=table.rows(nodes, only, Last("STATE", "action", _OK), wanted=False),
        wrong=[
            *table.notes(verdicts),
            *table.wrapped(
                table.node_notes(
                    [node for node in nodes if node["silent"] != node_report.NOT_ASKED],
                    [verdict.reason for verdict in verdicts],
                ),
                table.WARN,
            ),
            *table.wrapped(_not_asked(run), table.WARN),
            *report.warnings(returned),
        ],
        details=details,
    )
    lines += [ReportLine(text) for text in copy_tree.lines(members, observed)]
    reasons = [table.note(verdict) for verdict in verdicts][:_MOST_REASONS]
    what = f"{condition}." if len(living) > 1 else text
    then = [f"Next: {commands.spelled_out(condition.then, run)}."] if condition.then else []
    return Report(
        {
            **returned,
            "health": report.health_as_data(condition, run),
            "message": " ".join([f"status {outcome}: {what}", *reasons, *then]),
            "table": [line.text for line in lines],
        },
        lines,
    )


def _observed(run: Run, members: Sequence[Member], results: Results) -> Mapping[str, Observation]:
    """Return what was observed of each node; one that takes no part in the play was not asked."""
    observed = results.observations(member.host for member in members)
    for host in observed:
        if results.of(host, OBSERVATION):
            continue
        if run.problems:
            observed[host] = Silence("it was not asked", asked=False)
        elif host in run.left_out:
            observed[host] = Silence("it was not asked, as this play is without it", asked=False)
    return links.with_listers(members, observed)


def _around_the_primary(
    members: Sequence[Member], observed: Mapping[str, Observation], state_directories: Stored
) -> Topology:
    """Return the nodes in their places around the present primary, wherever the role is pinned."""
    seated = Scene(members, observed, state_directories.history).members
    primary = links.only_primary(observed)
    out = [member.host for member in members if member.role == NONE]
    return Topology(led_by(seated, primary) if primary and primary not in out else seated)


def _outcome(
    run: Run,
    members: Sequence[Member],
    wanted: Topology | None,
    observed: Mapping[str, Observation],
    wrong: bool,
) -> tuple[str, str]:
    """Return the outcome, and a sentence that compares the cluster with the inventory."""
    if len(links.primaries(observed)) > 1:
        return TWO_PRIMARIES, ""
    if run.problems:
        return INCOMPLETE, "No node was asked."
    right = wanted is not None and all(is_right(wanted, observed, host) for host in observed)
    if right and not wrong:
        pinned = remarks.pinned(members, observed)
        return DONE, "" if pinned else "The cluster matches the inventory."
    silent = [node for node in observed.values() if isinstance(node, Silence)]
    if any(not node.asked for node in silent) or any(map(itself.leaves_open, observed.values())):
        return INCOMPLETE, "Whether the cluster matches the inventory is not known."
    return INCOMPLETE, "The cluster does not match the inventory."


def _node(
    member: Member, wanted: Topology | None, observed: Mapping[str, Observation], data: str
) -> dict[str, Any]:
    observation = observed[member.host]
    done = _compared(wanted, observed, member.host)
    action = done
    if done == "as wanted":
        action = _OK
    elif done == "differs" and wanted is not None:
        action = _should(wanted, observed, member.host)
    elif isinstance(observation, Silence):
        action = "NSO does not run" if observation.stopped else "-"
    return {
        **node_report.node_entry(member, observation, data),
        "done": done,
        "action": action,
        "problem": observation.reason if isinstance(observation, Silence) else "",
    }


def _compared(wanted: Topology | None, observed: Mapping[str, Observation], host: str) -> str:
    observation = observed[host]
    if isinstance(observation, Silence):
        return node_report.silent(observation)
    if wanted is None:
        return "-"
    if itself.leaves_open(observation):
        return "not known"
    return "as wanted" if is_right(wanted, observed, host) else "differs"


def _should(wanted: Topology, observed: Mapping[str, Observation], host: str) -> str:
    """Return what a node should be, or do, and is not or does not."""
    if links.is_as_wanted(wanted, observed, host):
        return "see below"
    member, upstream = wanted.members[host], wanted.upstream(host)
    if getattr(observed[host], "held", False):
        return "held read-only"
    if upstream is not None and isinstance(observed[upstream.host], Silence):
        return "no primary to copy" if wanted.primary is upstream else "no relay to copy"
    if member.role in FOLLOWERS and upstream is not None:
        return f"should copy {upstream.host}"
    return f"should be {member.role}"


def _not_asked(run: Run) -> list[str]:
    """Return a sentence on the nodes that were not asked, and why."""
    hosts = run.left_out
    if run.problems or not hosts:
        return []
    names = table.names_of(hosts)
    were, them = ("was", "it") if len(hosts) == 1 else ("were", "them")
    return [f"{names} {were} not asked: --limit, or the hosts of the play, leave {them} out."]
