# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a report says of each node: what it is, what was done to it, and its problem. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE, UNKNOWN
from ansible_collections.nso.ha.plugins.module_utils._node import transaction_id
from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY

from .._model.observation import Answer, Observation, Silence, txid_of
from .._model.topology import Member
from .._plan.plan import HAND_OVER, STEP_DOWN, Step
from . import order_words
from .order_words import INFINITIVE, PAST, PLANNED, Action
from .results import OBSERVATION, VERIFICATION, Results
from .run_state import Decision, Run, StepResult

_NOTHING = "nothing"
_DROPPED = "it dropped out of the play before it was verified"

#: What stands for the role of a node in a table that tells none.
NO_ANSWER, NOT_ASKED = "no answer", "not asked"


def node_entry(member: Member, observation: Observation, data: str) -> dict[str, Any]:
    """Return what is known of a node. `data` says how its data compares to the primary's."""
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
        "txid": txid_as_dict(txid_of(observation)),
        "txid_text": transaction_id.show(txid_of(observation)),
        "data": data,
        "silent": silent(observation),
    }


def silent(observation: Observation) -> str:
    """Return in two words that a node did not answer, or was not asked; "" if it answered."""
    if isinstance(observation, Answer):
        return ""
    return NO_ANSWER if observation.asked else NOT_ASKED


def txid_as_dict(txid: transaction_id.TransactionId | None) -> dict[str, Any] | None:
    """Return a transaction id as data."""
    return txid.as_dict() if txid else None


def last_seen(host: str, run: Run, decision: Decision, results: Results) -> Observation:
    """Return the last observation: at the end, else after the last step, else for the plan.

    A node that did not answer at the end is silent, whatever it said before.
    """
    first, verified = results.observation(host), results.observation(host, VERIFICATION)
    if run.problems and not results.of(host, OBSERVATION):
        return Silence("it was not asked, as this run was refused before", asked=False)
    if isinstance(verified, Answer):
        return verified
    if results.of(host, VERIFICATION):
        return verified
    looked = any(results.of(other, VERIFICATION) for other in run.hosts)
    if looked and (host in decision.plan.verify or host in decision.plan.silent):
        return Silence(_DROPPED)
    # Not every step tells the role of the node after it. An unknown outcome leaves it open.
    steps = [step for step in steps_on(host, decision) if step.told or step.outcome == UNKNOWN]
    if not steps or not isinstance(first, Answer):
        return first
    last = steps[-1]
    if last.after is None:
        return Silence(last.message or "it did not answer any more")
    return Answer(last.after, first.phase, None)


def steps_on(host: str, decision: Decision) -> list[StepResult]:
    """Return the results of the steps on a host."""
    return [step for step in decision.progress.steps if step.host == host]


def planned_for(host: str, decision: Decision) -> list[Step]:
    """Return the steps of the plan on a host."""
    return [step for wave in decision.plan.waves for step in wave.steps if step.host == host]


def done(host: str, decision: Decision, *, dry: bool) -> str:
    """Return what was done to a node, or would be, by the names of the orders."""
    steps = steps_on(host, decision)
    given = [order for step in steps for order in step.given]
    if given:
        return " ".join(given) + (" FAILED" if any(step.outcome != DONE for step in steps) else "")
    expected = [order for step in planned_for(host, decision) for order in step.orders]
    state = _state(host, decision, steps, bool(expected), dry)
    return "would " + " ".join(expected) if state == "would" else state


def _state(
    host: str, decision: Decision, steps: list[StepResult], expected: bool, dry: bool
) -> str:
    """Return what became of a node to which no order was given, in a word or two."""
    if not expected:
        return "blocked" if host in decision.plan.blocked else _NOTHING
    if steps:
        outcomes = {step.outcome for step in steps}
        if outcomes == {DONE}:
            return _NOTHING
        return "not known" if UNKNOWN in outcomes else "not done"
    if decision.progress.refused:
        return "refused"
    return "would" if dry else "not done"


def action(host: str, decision: Decision, results: Results, *, dry: bool) -> str:
    """Return the same in the words of an operator."""
    first = results.observation(host)
    primary = isinstance(first, Answer) and first.state.role == PRIMARY
    # A former primary may have left its role in a run that broke off, or by a step before.
    primary = primary or any(
        step.wave in (HAND_OVER, STEP_DOWN) for step in steps_on(host, decision)
    )
    steps, planned = steps_on(host, decision), planned_for(host, decision)
    if not steps:
        expected = bool(planned)
        state = _state(host, decision, steps, expected, dry)
        if state == "blocked":
            return "left as it is" if isinstance(first, Answer) else "-"
        if state != "would":
            return "-" if state == _NOTHING else state
        actions = [(order, step.upstream) for step in planned for order in step.orders]
        return ", ".join(order_words.phrases(actions, PLANNED, primary=primary))
    parts: list[str] = []
    done_so_far: list[Action] = []
    for step in steps:
        if step.outcome == DONE:
            done_so_far += [(order, step.upstream) for order in step.given]
            continue
        parts += order_words.phrases(done_so_far, PAST, primary=primary)
        done_so_far = []
        orders = [(order, step.upstream) for order in step.orders]
        words = " and ".join(order_words.phrases(orders, INFINITIVE, primary=primary))
        parts.append(f"{'UNKNOWN: ' if step.outcome == UNKNOWN else 'FAILED to '}{words}")
    parts += order_words.phrases(done_so_far, PAST, primary=primary)
    return ", ".join(parts) or "-"


def problem(
    host: str, decision: Decision, results: Results, observed: Mapping[str, Observation]
) -> str:
    """Return the problem of a node, in words, or ""."""
    if host in decision.plan.blocked:
        return decision.plan.blocked[host]
    for step in steps_on(host, decision):
        if step.outcome != DONE:
            return step.failure
    verified = results.of(host, VERIFICATION)
    if verified.get("failed") or verified.get("unreachable"):
        return str(verified.get("msg", "it could not be verified"))
    if decision.progress.acted and not verified:
        return _DROPPED
    last = observed[host]
    return last.reason if isinstance(last, Silence) else ""
