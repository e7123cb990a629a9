# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A second look, just before a wave that cannot be taken back.

A plan takes time: a daemon may be waited for, a copy may take minutes, and a node that has left its
cluster accepts writes meanwhile. So before a promotion, and before nodes copy, the nodes that are
concerned are observed once more, and a node that has changed since the plan was made ends the run.
Before a promotion that includes silent nodes: if one answers now, a new plan has to consider it.
Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS, PRIMARY

from .._checks.case import FAILED, OVERRIDDEN, Verdict
from .._checks.checks import is_spare
from .._checks.consents import Nodes
from .._model import data_rules
from .._model.history import PromotionHistory, promotion_from
from .._model.links import follow_the_same
from .._model.observation import Answer, Observation, Silence, from_result, txid_of
from .._model.topology import wanted_primary
from .._plan.plan import PROMOTE, Wave
from .results import RECHECK, Results, before
from .run_state import Decision


def rechecked(decision: Decision, wave: Wave, results: Results, agreed: Nodes) -> Decision:
    """Return the decision with the look before a wave, and the verdicts on it.

    `agreed` are the nodes whose data the operator agreed to overwrite.

    A node with the transaction id of the previous look is as the plan says, and so is a copy that
    still follows the same node, as it takes no writes itself. The data of any other node is
    compared again, by the promotion history with the promotions of this run.
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
    """Return the observation before this wave. A result of an earlier wave does not count."""
    stale = results.said(host, RECHECK) and not results.said(host, RECHECK, before(wave.name))
    return from_result({} if stale else results.of(host, RECHECK))


class _Look:
    """A look, the previous one, and the doubts that the difference raises."""

    def __init__(
        self,
        decision: Decision,
        wave: Wave,
        agreed: Nodes,
        before: Mapping[str, Observation],
        now: Mapping[str, Observation],
    ) -> None:
        plan = decision.plan
        self.primary = wanted_primary(plan.members)
        self.hosts = [host for host in wave.look if host != self.primary]
        self.fenced = frozenset(host for named in plan.lock.fence.values() for host in named)
        self.overridden = any(
            verdict.check == "fenced" and verdict.result == OVERRIDDEN
            for verdict in decision.verdicts
        )
        self.history = PromotionHistory(map(promotion_from, decision.progress.promotions))
        self.promotes = wave.name == PROMOTE
        self.agreed = agreed
        self.before = before
        self.now = now
        self.relations = {
            step.host: step.relation
            for planned in plan.waves
            for step in planned.steps
            if step.relation
        }

    def doubts(self) -> Iterator[tuple[str, str]]:
        """Yield the hosts that are not as the plan says, each with the reason."""
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

    def _doubt(self, host: str, observation: Observation, primary: Observation) -> str:
        """Return why a node is not as the plan says, or ""."""
        if isinstance(self.before[host], Silence):
            return self._doubt_of_silent(host, observation)
        if not isinstance(observation, Answer):
            return observation.reason
        if observation.state.role == PRIMARY:
            return "has become primary in the meantime; find out who made it so, and run again"
        agreed = self.agreed.cover(host, observation.txid)
        if agreed or self._is_as_it_was(host, observation, primary):
            return ""
        if host not in self.relations and is_spare(observation):
            return ""
        primary_txid = txid_of(primary)
        data_relation = data_rules.compare(observation.txid, primary_txid, self.history)
        if data_relation in data_rules.SAFE:
            return ""
        why = data_rules.explain(data_relation, observation.txid, primary_txid)
        void = self.agreed.void(host, self.now)
        return f"{why}, and it had not when the plan was made{f'. {void}' if void else ''}"

    def _doubt_of_silent(self, host: str, observation: Observation) -> str:
        """Return why a node that was silent forbids a promotion now, or ""."""
        if isinstance(observation, Answer):
            return (
                "did not answer when the plan was made, and does now: it is "
                f"{observation.state}. Run this again, which plans with it"
            )
        earlier = self.before[host]
        stopped_then = isinstance(earlier, Silence) and earlier.stopped
        if (
            stopped_then
            and not observation.stopped
            and not (host in self.fenced or self.overridden)
        ):
            now = observation.reason
            return f"was known not to run when the plan was made, and may run now: {now}"
        return ""

    def _is_as_it_was(self, host: str, answer: Answer, primary: Observation) -> bool:
        """Return whether the plan is still right about the data of a node."""
        earlier = self.before[host]
        if not isinstance(earlier, Answer):
            return False
        if answer.txid is not None and answer.txid == earlier.txid:
            # A primary only goes forward. A candidate can have lost transactions.
            return not self.promotes or self._primary_is_as_it_was(primary)
        follows_still = answer.state.role in FOLLOWERS and follow_the_same(
            answer.state, earlier.state
        )
        return self.relations.get(host) == data_rules.COPY and follows_still

    def _primary_is_as_it_was(self, primary: Observation) -> bool:
        earlier = self.before[self.primary]
        return (
            isinstance(primary, Answer)
            and isinstance(earlier, Answer)
            and primary.txid is not None
            and primary.txid == earlier.txid
        )
