# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The calls of modules that a run makes, from its settings and from what was decided.

Pure functions. The token is not in the arguments: the agent of the node adds it to those of the
modules that take one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.ways import HA_SOCKET

from .._agents.call import Call
from .._model.plain import to_dict
from .._plan.plan import (
    CATCH_UP,
    GIVE_ROLE,
    HAND_OVER,
    KINDS,
    PROMOTE,
    READ_ONLY,
    SET_MODE,
    START,
    START_PHASE_1,
    WRITABLE,
    Step,
    Wave,
)
from .results import UNDER_LOCK, before
from .run_state import Decision, Run
from .settings import Settings

OPERATION = "nso.ha.ncs_ha_operation"
ROLE = "nso.ha.ncs_ha_role"
STATUS = "nso.ha.ncs_ha_status"
SET_READ_ONLY = "nso.ha.ncs_ha_read_only"
START_PHASE = "nso.ha.ncs_ha_start_phase"
DECLARE_DEAD = "nso.ha.ncs_ha_secondary_dead"

#: The modules that take the token of the cluster.
WITH_TOKEN = frozenset((ROLE, STATUS, DECLARE_DEAD))

#: How long another look at a node that was silent may take, in seconds: it has had its time, and is
#: only asked whether it has woken up.
_SILENT_AGAIN = 2.0

#: For how long the transaction id of a primary that hands over has to stand still, in seconds.
_STAND_STILL = 0.2

OBSERVE = "observe"
REHEARSE = "rehearse"
VERIFY = "verify"


class Calls:
    """Makes the calls of one run."""

    def __init__(self, run: Run, settings: Mapping[str, Settings]) -> None:
        self._run = run
        self._settings = settings

    # Looking

    def observe(self, host: str, gone: Iterable[str] = (), *, with_log: bool = False) -> Call:
        """Return the look without the lock. A lock of a run in `gone` does not count.

        with_log: whether it has entries of the log of operations as well
        """
        return self._look(
            host,
            OBSERVE,
            self._settings[host].look,
            **self._whether_it_runs(host),
            ignore_locks=list(gone),
            operations=self._settings[host].history_limit if with_log else None,
        )

    def wait_until_started(self, host: str) -> Call:
        """Return the look that waits for start phase 1: before it a daemon takes no orders."""
        of_host = self._settings[host]
        return self._look(
            host,
            OBSERVE,
            of_host.look,
            wait_for={"phase": 1},
            wait_timeout=of_host.limits.wait,
        )

    def observe_under_lock(self, host: str, decision: Decision, moment: str = UNDER_LOCK) -> Call:
        """Return the look that orders rest on."""
        return self._look(
            host,
            moment,
            (HA_SOCKET,),
            **self._whether_it_runs(host),
            timeout=self._patience(host, decision),
        )

    def look_before(self, host: str, wave: Wave, decision: Decision) -> Call:
        """Return the look just before a wave that cannot be taken back."""
        call = self.observe_under_lock(host, decision, before(wave.name))
        # The lock was renewed right before, which has read the state directory.
        arguments = {name: call.arguments[name] for name in call.arguments if name != "state_dir"}
        return Call(host, STATUS, arguments)

    def verify(self, host: str, decision: Decision) -> Call:
        """Return the look after the last step.

        After a failure there is nothing to wait for, only something to see. A node that was silent
        is asked again: it may have woken up as primary.
        """
        expected = decision.plan.verify.get(host)
        of_host = self._settings[host]
        # What is connected to a node it tells for certain by its HA socket only.
        follows_only = expected is not None and expected.role == "secondary"
        waits = expected is not None and not decision.progress.refused
        return self._look(
            host,
            VERIFY,
            self._every_way(host) if follows_only else (HA_SOCKET,),
            wait_for=to_dict(expected) if waits else None,
            wait_timeout=of_host.limits.verify,
            timeout=self._patience(host, decision),
        )

    def _whether_it_runs(self, host: str) -> dict[str, Any]:
        """Return how to tell whether a daemon runs that does not answer."""
        of_host = self._settings[host]
        return {
            "ha_ip": of_host.member.address,
            "ha_port": of_host.ha_port,
            "process": of_host.process,
        }

    def _look(self, host: str, moment: str, ways: Iterable[str], **options: object) -> Call:
        of_host = self._settings[host]
        given = {
            "state_dir": of_host.state_dir,
            "run_id": self._run.run_id,
            "step": moment,
            "look": list(ways),
            **options,
        }
        return Call(host, STATUS, {**self._connection(host), **_given(given)})

    def _every_way(self, host: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._settings[host].look, HA_SOCKET)))

    def _patience(self, host: str, decision: Decision) -> float:
        """Return how long a node may take to answer, in seconds."""
        answer = self._settings[host].limits.answer
        return min(answer, _SILENT_AGAIN) if host in decision.plan.silent else answer

    # Locks

    def lock(self, host: str, decision: Decision) -> Call:
        """Return the call that takes the lock, or writes what the plan says into it."""
        locks = decision.plan.lock
        return self._locking(
            host,
            state="begun",
            replace=list(locks.replace),
            steps=list(locks.steps[host]),
            fence=list(locks.fence[host]),
        )

    def renew(self, host: str, occasion: str, begins: str = "") -> Call:
        """Return the call that renews the lock; `begins` is the hook that begins now."""
        return self._locking(host, state="held", step=occasion, begins=begins)

    def withdraw(self, host: str) -> Call:
        """Return the call that strikes all steps off the lock."""
        return self._locking(host, state="begun", steps=[])

    def confirmed(self, host: str, step: Step) -> Call:
        """Return the call that reads what a hook has confirmed in the lock."""
        return self._locking(host, state="held", step=f"confirmed {step.name}")

    def end(
        self,
        host: str,
        promotions: Iterable[Mapping[str, Any]],
        log: Mapping[str, Any] | None,
    ) -> Call:
        """Return the call that completes history and log, and gives the lock back."""
        return self._locking(
            host, state="ended", promotions=list(promotions), log=dict(log) if log else None
        )

    def _locking(self, host: str, **options: object) -> Call:
        of_host = self._settings[host]
        given = {
            "state_dir": of_host.state_dir,
            "run_id": self._run.run_id,
            "node_id": of_host.member.node_id,
            "name": self._run.operation,
            "owner": self._run.owner,
            "process": dict(self._run.process),
            "lease": of_host.limits.lock or self._run.lease,
            **options,
        }
        return Call(host, OPERATION, _given(given))

    # Rehearsal

    def rehearse(self, host: str, decision: Decision) -> Call:
        """Return the call that says what the order would do.

        A real run asks by the HA socket, as its orders follow.
        """
        target = decision.plan.targets[host]
        options = {
            "role": target.role,
            "node_id": target.node_id,
            "primary_id": target.primary_id,
            "primary_ip": target.primary_ip,
            "ha_port": self._settings[host].ha_port,
            "look": list(self._settings[host].look) if self._run.dry else [HA_SOCKET],
            "operation": self._rehearsed(host),
        }
        return Call(host, ROLE, {**self._connection(host), **_given(options)}, check_mode=True)

    def rehearse_mode(self, host: str, decision: Decision) -> Call:
        """Return the call that says whether read-only mode would change."""
        options = {"read_only": decision.plan.modes[host], "operation": self._rehearsed(host)}
        return Call(host, SET_READ_ONLY, {**self._connection(host), **options}, check_mode=True)

    def rehearse_phase(self, host: str, decision: Decision) -> Call:
        """Return the call that says whether the start phase would change."""
        options = {"phase": decision.plan.phases[host], "operation": self._rehearsed(host)}
        return Call(host, START_PHASE, {**self._connection(host), **options}, check_mode=True)

    def rehearse_history(self, host: str, decision: Decision) -> Call:
        """Return the call that says whether the promotion history would be completed."""
        options = {
            "state": "ended",
            "state_dir": self._settings[host].state_dir,
            "run_id": self._run.run_id,
            "node_id": self._settings[host].member.node_id,
            "promotions": list(decision.plan.promotions),
        }
        return Call(host, OPERATION, _given(options), check_mode=True)

    def _rehearsed(self, host: str) -> dict[str, Any]:
        return {
            "state_dir": self._settings[host].state_dir,
            "run_id": self._run.run_id,
            "step": REHEARSE,
        }

    # Steps

    def step(self, wave: Wave, step: Step, decision: Decision) -> Call:
        """Return the call that takes a step of a wave that is no hook."""
        make = _BY_KIND[wave.kind]
        module, options = make(self, wave, step, decision)
        return Call(step.host, module, {**self._connection(step.host), **_given(options)})

    def promote_at_once(self, step: Step, decision: Decision, txid: Mapping[str, Any]) -> Call:
        """Return the promotion right after a hand-over: only with exactly this transaction."""
        options = {
            "role": "primary",
            "node_id": decision.plan.targets[step.host].node_id,
            "operation": {
                **self._part(step),
                "promotions": list(decision.progress.promotions),
                "epoch": decision.plan.epoch,
                "txid": dict(txid),
                "lift": WRITABLE in step.orders,
            },
        }
        return Call(step.host, ROLE, {**self._connection(step.host), **_given(options)})

    def _give_role(self, wave: Wave, step: Step, decision: Decision) -> _Module:
        limits = self._settings[step.host].limits
        target = decision.plan.targets[step.host]
        operation: dict[str, Any] = {
            **self._part(step),
            "promotions": list(decision.progress.promotions),
        }
        if wave.name == PROMOTE:
            # The transaction id of the old primary is awaited, if there was one that handed over.
            awaited = decision.progress.awaited
            operation.update(epoch=decision.plan.epoch, lift=WRITABLE in step.orders)
            operation.update({"txid": to_dict(awaited)} if awaited else {})
        return ROLE, {
            "role": step.role,
            "node_id": target.node_id,
            "primary_id": target.primary_id,
            "primary_ip": target.primary_ip,
            "ha_port": self._settings[step.host].ha_port,
            "wait_timeout": limits.rollback if decision.progress.rolled_back else limits.wait,
            "force": step.force,
            "operation": operation,
        }

    def _hand_over(self, wave: Wave, step: Step, decision: Decision) -> _Module:
        operation = {
            **self._part(step),
            "promotions": list(decision.progress.promotions),
            "stand_still": _STAND_STILL,
            "administrator": READ_ONLY not in step.orders,
        }
        return ROLE, {"role": "none", "operation": operation}

    def _catch_up(self, wave: Wave, step: Step, decision: Decision) -> _Module:
        awaited = decision.progress.awaited
        return STATUS, {
            "run_id": self._run.run_id,
            "step": step.name,
            "look": list(self._every_way(step.host)),
            "wait_for": {"txid": to_dict(awaited) if awaited else None},
            "wait_timeout": self._settings[step.host].limits.catch_up,
        }

    def _set_mode(self, wave: Wave, step: Step, decision: Decision) -> _Module:
        on = READ_ONLY in step.orders
        return SET_READ_ONLY, {"read_only": on, "operation": {**self._part(step), "follower": on}}

    def _start(self, wave: Wave, step: Step, decision: Decision) -> _Module:
        return START_PHASE, {
            "phase": 1 if START_PHASE_1 in step.orders else 2,
            "wait_timeout": self._settings[step.host].limits.start,
            "operation": self._due(step),
        }

    def _declare_dead(self, wave: Wave, step: Step, decision: Decision) -> _Module:
        return DECLARE_DEAD, {"node_id": step.upstream_id, "operation": self._due(step)}

    def _due(self, step: Step) -> dict[str, Any]:
        """Return what proves that a step is due on its node."""
        return {
            "state_dir": self._settings[step.host].state_dir,
            "run_id": self._run.run_id,
            "step": step.name,
        }

    def _part(self, step: Step) -> dict[str, Any]:
        return {**self._due(step), "name": self._run.operation}

    def _connection(self, host: str) -> dict[str, Any]:
        """Return the connection options, which all modules that connect have."""
        of_host = self._settings[host]
        return _given(
            {
                "path": of_host.path,
                "ip": of_host.ip,
                "port": of_host.port,
                "access_file": of_host.access_file,
                "timeout": of_host.limits.answer,
            }
        )


#: A module and its options.
_Module = tuple[str, Mapping[str, Any]]

_BY_KIND: Mapping[str, Callable[[Calls, Wave, Step, Decision], _Module]] = {
    GIVE_ROLE: Calls._give_role,
    KINDS[CATCH_UP]: Calls._catch_up,
    KINDS[HAND_OVER]: Calls._hand_over,
    SET_MODE: Calls._set_mode,
    START: Calls._start,
    KINDS["dead"]: Calls._declare_dead,
}


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are given: not None, and not empty text."""
    return {name: value for name, value in options.items() if value is not None and value != ""}
