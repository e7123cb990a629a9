# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A second look, just before a wave that cannot be taken back.

A plan takes time: a daemon may be waited for, a copy may take minutes, and a node that has left its
cluster is writable meanwhile. So before a primary is made, and before nodes copy, those that it
concerns are looked at once more, and what is not any more as it was when the plan was made ends the
run. Before a promotion that goes for the nodes that were silent as well: one that answers is asked
who it is by a new plan, and not passed over. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS, PRIMARY

from .._checks.case import FAILED, OVERRIDDEN, Nodes, Verdict
from .._checks.checks import is_spare
from .._model import data_rules
from .._model.history import PromotionHistory, promotion_from
from .._model.observation import Answer, Observation, Silence, from_result, txid_of
from .._plan.plan import PROMOTE, Wave
from .results import RECHECK, Results, before
from .run_state import Decision


def rechecked(decision: Decision, wave: Wave, results: Results, agreed: Nodes) -> Decision:
    """Return the decision with verdicts on what the look before a wave showed, and with that look.

    `agreed` are the nodes whose data the operator agreed to overwrite.

    A node whose transaction id is the one it had at the look before is as the plan says, and so is
    a copy that still follows the same node, as it takes no writes of its own. Any other is judged
    again, by the history with the promotions of this run.
    """
    if decision.progress.refused or not wave.look:
        return decision
    earlier = decision.progress.rechecked
    looked = {**earlier, **{host: _look_of(host, results, wave) for host in wave.look}}
    look = _Look(
        decision=decision,
        wave=wave,
        agreed=agreed,
        before={**results.observations(decision.plan.targets), **earlier},
        now=looked,
    )
    verdicts = [Verdict("recheck", FAILED, why, host) for host, why in look.doubts()]
    return decision.with_verdicts(verdicts).with_progress(rechecked=looked)


def _look_of(host: str, results: Results, wave: Wave) -> Observation:
    """Return what the look before this wave showed; of an earlier one, or none, only that."""
    stale = results.said(host, RECHECK) and not results.said(host, RECHECK, before(wave.name))
    return from_result({} if stale else results.of(host, RECHECK))


class _Look:
    """One look, the one before it, and what to think of the difference."""

    def __init__(
        self,
        decision: Decision,
        wave: Wave,
        agreed: Nodes,
        before: Mapping[str, Observation],
        now: Mapping[str, Observation],
    ) -> None:
        plan = decision.plan
        self.primary = next(one.host for one in plan.members if one.role == PRIMARY)
        self.hosts = [host for host in wave.look if host != self.primary]
        self.fenced = frozenset(host for named in plan.lock.fence.values() for host in named)
        self.overridden = any(
            one.check == "fenced" and one.result == OVERRIDDEN for one in decision.verdicts
        )
        self.history = PromotionHistory(map(promotion_from, decision.progress.promotions))
        self.promotes = wave.name == PROMOTE
        self.agreed = agreed
        self.before = before
        self.now = now
        self.relations = {
            step.host: step.relation for one in plan.waves for step in one.steps if step.relation
        }

    def doubts(self) -> Iterator[tuple[str, str]]:
        """Yield the hosts that are not as they should be, each with the reason."""
        primary = self.now.get(self.primary, Silence("it was not looked at"))
        if not isinstance(primary, Answer):
            yield self.primary, primary.reason if self.promotes else self._no_primary(primary)
        elif not self.promotes and primary.state.role != PRIMARY:
            yield self.primary, self._no_primary(primary)
        for host in self.hosts:
            why = self._doubt(host, self.now[host], primary)
            if why:
                yield host, why

    def _no_primary(self, primary: Observation) -> str:
        now = str(primary.state) if isinstance(primary, Answer) else primary.reason
        return f"is not a primary, so it cannot be copied: {now}"

    def _doubt(self, host: str, one: Observation, primary: Observation) -> str:
        """Return why a node must not be dealt with as planned, or nothing."""
        if isinstance(self.before[host], Silence):
            return self._doubt_of_silent(host, one)
        if not isinstance(one, Answer):
            return one.reason
        if one.state.role == PRIMARY:
            return "has become primary in the meantime; find out who made it so, and run again"
        if host in self.agreed or self._is_as_it_was(host, one, primary):
            return ""
        if host not in self.relations and is_spare(one):
            return ""
        theirs = txid_of(primary)
        again = data_rules.compare(one.txid, theirs, self.history)
        if again in data_rules.SAFE:
            return ""
        why = data_rules.explain(again, one.txid, theirs)
        return f"{why}, and it had not when the plan was made"

    def _doubt_of_silent(self, host: str, one: Observation) -> str:
        """Return why no primary may be made beside a node that did not answer, or nothing."""
        if isinstance(one, Answer):
            return (
                f"did not answer when the plan was made, and does now: it is {one.state}. Run this "
                "again, which plans with it"
            )
        earlier = self.before[host]
        stopped_then = isinstance(earlier, Silence) and earlier.stopped
        if stopped_then and not one.stopped and not (host in self.fenced or self.overridden):
            return f"was known not to run when the plan was made, and may run now: {one.reason}"
        return ""

    def _is_as_it_was(self, host: str, one: Answer, primary: Observation) -> bool:
        """Return whether what the plan says of a node's data holds still."""
        earlier = self.before[host]
        if not isinstance(earlier, Answer):
            return False
        if one.txid is not None and one.txid == earlier.txid:
            # A primary only goes forward. One that is to be made yet can have lost something.
            return not self.promotes or self._primary_is_as_it_was(primary)
        follows_still = one.state.role in FOLLOWERS and one.state.primary == earlier.state.primary
        return self.relations.get(host) == data_rules.COPY and follows_still

    def _primary_is_as_it_was(self, primary: Observation) -> bool:
        earlier = self.before[self.primary]
        return (
            isinstance(primary, Answer)
            and isinstance(earlier, Answer)
            and primary.txid is not None
            and primary.txid == earlier.txid
        )
