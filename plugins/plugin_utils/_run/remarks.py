# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a report says beside the outcome, the table and the checks: sentences. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE
from ansible_collections.nso.ha.plugins.module_utils._node import transaction_id

from .._checks.case import PASSED
from .._model import identity, itself, links
from .._model.history import PromotionHistory
from .._model.observation import Answer, Observation, in_admin_mode
from .._model.topology import Member, Topology, wanted_primary
from .._plan.operations import FAILOVER
from .._plan.plan import HOOK, PROMOTE
from . import compared_data, write_gap
from .results import ENDED, Results
from .run_outcome import waits
from .run_state import Decision
from .stored import Stored

#: What puts nodes into the right mode.
_REPAIR = "nso.ha.rejoin or nso.ha.converge sets that right."


def of_operation(
    wanted: Sequence[Member],
    decision: Decision,
    results: Results,
    observed: Mapping[str, Observation],
    gap: dict[str, Any],
    result: str,
    *,
    verbose: bool,
    dry: bool,
) -> list[str]:
    """Return the sentences about a run. `wanted` are the nodes as the inventory has them."""
    plan, progress = decision.plan, decision.progress
    lines = [write_gap.sentence(gap)] if write_gap.sentence(gap) else []
    lines += [
        f"{verdict.host} is confirmed to be fenced."
        for verdict in decision.verdicts
        if verdict.check == "fence" and verdict.result == PASSED and verdict.host
    ]
    lines += [
        f"{verdict.host} {verdict.reason}.".strip()
        for verdict in progress.verdicts
        if verdict.check == "rehearsal" and verdict.result == PASSED and verdict.reason
    ]
    lines += [
        f"({host}) has no lock, so this run did nothing there: {why.rstrip('.')}."
        for host, why in progress.unlocked.items()
    ]
    lines += [f"({step.host}) {step.late}." for step in progress.steps if step.late]
    if plan.election and plan.candidate and (dry or verbose):
        lines.append(_election(plan.candidate, plan.election))
    lines += plan.remarks
    for host, why in plan.incomplete.items():
        completed = results.of(host, ENDED).get("changed")
        more = "; its promotion history has been completed" if completed else ""
        more = "; an operation completes its promotion history" if dry else more
        lines.append(f"({host}) {why}{more}.")
    lines += administrators_mode(observed, plan.former)
    return lines + _inventory(wanted, plan.candidate) if result == DONE else lines


def _election(candidate: str, election: Mapping[str, str]) -> str:
    others = "; ".join(f"{host}: {why}" for host, why in election.items())
    return f"{candidate} was chosen as primary. Not chosen: {others}."


def left_behind(
    decision: Decision, observed: Mapping[str, Observation], history: PromotionHistory
) -> list[str]:
    """Return a sentence on the nodes to keep after a failover, see compared_data.py."""
    promotions = [step for step in decision.progress.steps if step.wave == PROMOTE]
    promoted = any(step.outcome == DONE for step in promotions)
    if decision.plan.operation != FAILOVER or not promoted:
        return []
    return compared_data.left_behind(Topology(decision.plan.members), observed, history)


def _inventory(wanted: Sequence[Member], primary: str) -> list[str]:
    """Return a sentence on an inventory that pins the primary role to another node than has it."""
    pinned = wanted_primary(wanted)
    if not primary or pinned in ("", primary):
        return []
    return [
        f"The inventory pins the primary role to {pinned}, and {primary} is primary. Until "
        f"nso_ha_role there names {primary}, or none, nso.ha.converge refuses."
    ]


def pinned(wanted: Sequence[Member], observed: Mapping[str, Observation]) -> list[str]:
    """Return the same sentence for what there is."""
    return _inventory(wanted, links.only_primary(observed))


def transactions(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence on the last transaction of each node that is known."""
    return [
        f"{node['host']}: last transaction {node['txid_text']}."
        for node in nodes
        if node["txid_text"] != transaction_id.show(None)
    ]


def administrators_mode(observed: Mapping[str, Observation], former: str = "") -> list[str]:
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


def of_nodes(wanted: Topology, observed: Mapping[str, Observation]) -> list[str]:
    """Return the sentences of status about nodes that are not as they should be, or are strange."""
    return [
        *identity.remarks(wanted, observed),
        *_kept_read_only(wanted, observed),
        *_waiting(wanted, observed),
    ]


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


def _waiting(wanted: Topology, observed: Mapping[str, Observation]) -> list[str]:
    """Return a sentence on each node that waits in a start phase."""
    return [
        f"{host} waits in start phase {observation.phase}, closed to clients. {_REPAIR}"
        for host, observation in observed.items()
        if isinstance(observation, Answer) and waits(wanted.members[host], observation)
    ]


def _are(hosts: Sequence[str]) -> str:
    return "is" if len(hosts) == 1 else "are"


def of_stored(state_directories: Stored) -> list[str]:
    """Return sentences about the cluster as a whole: last promotion, locks, unfinished runs."""
    remarks = []
    newest = state_directories.history.newest
    if newest is not None:
        remarks.append(
            f"Last promotion: {newest.primary}, by {newest.operation} at {_to_seconds(newest.at)}."
        )
    remarks += [f"{text}." for text in state_directories.locked]
    remarks += [f"{text}." for text in state_directories.unusable]
    remarks += [
        f"A {operation} broke off (run {run_id}). Run it again, or another operation, to finish."
        for operation, run_id in state_directories.unfinished.items()
    ]
    remarks += [f"({host}) {why}." for host, why in state_directories.incomplete.items()]
    return remarks


def _to_seconds(at: str) -> str:
    """Return a time in UTC without the fractions of its second."""
    date, point, _fraction = at.partition(".")
    return f"{date}Z" if point and at.endswith("Z") else at


def of_what_nodes_tell(observed: Mapping[str, Observation]) -> list[str]:
    """Return the sentences of status on what nodes do not tell, and on other HA at work there."""
    return [*itself.untold(observed), *itself.other_ha(observed)]


def remaining(decision: Decision) -> list[str]:
    """Return what is still to be done, in words, after a run that is not finished."""
    done = {(step.wave, step.host) for step in decision.progress.steps if step.outcome == DONE}
    steps = [
        f"{step.host}: {' '.join(step.orders) or step.name} ({step.reason})"
        for wave in decision.plan.waves
        for step in wave.steps
        if (wave.name, step.host) not in done and not (wave.kind == HOOK and step.upstream)
    ]
    return steps + [f"{host}: {why}" for host, why in decision.plan.blocked.items()]
