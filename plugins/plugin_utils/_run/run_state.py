# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A run and how far it is: what one decision hands to the next. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId

from .._checks import judge
from .._checks.case import PASSED, Verdict
from .._model.observation import Observation
from .._model.topology import Member
from .._plan.plan import Wave
from .leases import LEAST


@dataclass(frozen=True)
class Run:
    """One execution of an operation.

    run_id:        the id of the run; its modules return it
    owner:         who runs it: the user of AWX and the number of the job, or user and controller
    began:         the time, in UTC
    process:       the process on the controller, so that a later run can tell whether it lives
    operation:     the name of the operation
    hosts:         the inventory names of all nodes of the cluster
    dry:           whether it only says what would be done
    problems:      why this play cannot run the operation, in words
    hooks:         by event, the path of the file with tasks of the user's own, without links in it
    hook_problems: by event, why the tasks in that file cannot be relied on
    lease:         for how many seconds its locks are valid where nso_ha_lock_timeout is not given
    inventory:     the options that name the inventory of this run, to be pasted, or ""
    given:         the options of the role that were given with -e, to be pasted, by variable
    left_out:      hosts of the cluster that take no part in this play
    warnings:      what may be wrong with the variables, in words
    """

    run_id: str
    owner: str
    began: str
    process: Mapping[str, Any]
    operation: str
    hosts: tuple[str, ...]
    dry: bool = False
    problems: tuple[str, ...] = ()
    hooks: Mapping[str, str] = field(default_factory=dict)
    hook_problems: Mapping[str, str] = field(default_factory=dict)
    lease: float = LEAST
    inventory: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoleOptions:
    """The options of ncs_ha_role that give a node the role that it is to get."""

    role: str
    node_id: str
    primary_id: str = ""
    primary_ip: str = ""


@dataclass(frozen=True)
class Expectation:
    """What a node has to say after the last step: the option wait_for of ncs_ha_status.

    primary_id:  node id of the node it follows, or None
    secondaries: node ids that it has to list
    """

    role: str
    primary_id: str | None = None
    secondaries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Locks:
    """Where the run takes its lock, and what the lock says.

    hosts:   where, the first host before the others
    replace: ids of locks that may be replaced
    steps:   by host, the names of the steps that its lock lists
    fence:   by host, the hosts that have to be fenced before a promotion there
    renew:   hosts whose lock says something else so far
    """

    hosts: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    renew: tuple[str, ...] = ()


@dataclass(frozen=True)
class OperationPlan:
    """What an operation is going to do, and what the checks say of that.

    operation:  its name
    members:    the nodes with the roles they are to get
    former:     the host that is or was primary before, or "" where that is not known
    candidate:  the host that is to be primary, or "" for none
    election:   by host, why it was not chosen as primary
    waves:      what is done, in order
    targets:    by host, the role it is to get
    blocked:    by host, why nothing can be done about it
    verdicts:   what the checks say
    undoes:     why this only undoes what is left of a run that broke off, or ""
    rehearse:   hosts on which the order is tried in check mode first
    modes:      by host, whether a step of its own puts it into read-only mode or lifts that
    phases:     by host, the start phase that steps of its own take it to
    verify:     by host that answered, what it has to say after the last step
    promotions: the promotion history that every node should have, as entries of the state directory
    epoch:      the number of the next promotion
    incomplete: by host, why its promotion history is to be completed
    lock:       where the run takes its lock, and what the lock says
    silent:     hosts that did not answer; they are asked again before a promotion and at the end
    unfinished: operations that broke off, as locks and marks tell, each with the id of its run
    required:   hosts that have to match the plan for the operation to be done
    before:     by host, the transaction id before anything was done, or null
    remarks:    sentences on connected nodes that the inventory does not have, and on what nodes
                do not tell
    """

    operation: str
    members: tuple[Member, ...]
    former: str = ""
    candidate: str = ""
    election: Mapping[str, str] = field(default_factory=dict)
    waves: tuple[Wave, ...] = ()
    targets: Mapping[str, RoleOptions] = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    undoes: str = ""
    rehearse: tuple[str, ...] = ()
    modes: Mapping[str, bool] = field(default_factory=dict)
    phases: Mapping[str, int] = field(default_factory=dict)
    verify: Mapping[str, Expectation] = field(default_factory=dict)
    promotions: tuple[Mapping[str, Any], ...] = ()
    epoch: int = 1
    incomplete: Mapping[str, str] = field(default_factory=dict)
    lock: Locks = field(default_factory=Locks)
    silent: tuple[str, ...] = ()
    unfinished: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    before: Mapping[str, TransactionId | None] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepResult:
    """The result of a step.

    wave, name, host: which step
    orders:  names of the orders that were given, or where none was, of those that were expected
    given:   names of the orders that were given
    reason:  why the step was planned
    outcome: done, failed, or unknown
    message: what its module says of a failure, or ""
    start, end: when the first order was sent and the last was answered: seconds since 1970 by the
             node's clock, or None
    finished: when the controller knew of it: seconds since 1970
    txid:    the transaction id of the node afterwards, or None where it is not known
    after:   what the node said of itself afterwards, or None
    told:    whether the module tells what the node is afterwards
    late:    in words, that the order was not answered and the node says itself that it is done; or
             "" where it was answered
    upstream: the other node that it was about, as in the plan, or ""
    """

    wave: str
    name: str
    host: str
    orders: tuple[str, ...]
    given: tuple[str, ...]
    reason: str
    outcome: str
    message: str = ""
    start: float | None = None
    end: float | None = None
    finished: float = 0.0
    txid: TransactionId | None = None
    after: HaState | None = None
    told: bool = False
    late: str = ""
    upstream: str = ""

    @property
    def failure(self) -> str:
        """Return why the step was not done, for a step that was not."""
        return self.message or "the step failed without a reason"


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    locked:      hosts on which the run holds its lock, or may hold it
    unlocked:    hosts on which it has no lock and does without, each with the reason: nothing is
                 done there
    verdicts:    what was found out since the plan was made
    refused:     whether a verdict forbids whatever has not been done yet
    started:     when the first step could begin: seconds since 1970
    renewed:     when all locks were last renewed and proven, likewise
    steps:       what was done, in order
    promotions:  the promotion history, with the promotions of this run
    awaited:     the transaction id that the next primary has to have before it takes over, or None
    judged:      how many waves of the plan have been judged
    rechecked:   by host, what was observed at the last look before a wave
    reversible:  whether the former primary can be brought back now
    failed:      verdicts that did not pass in the plan that was rolled back
    rolled_back: whether the plan is the one that brings the former primary back
    undecided:   whether a step may still be taken, so that nothing may be rolled back
    acted:       whether any step was tried that is not a hook
    hook_problem: why the tasks of the hook that is due cannot be relied on, or ""
    """

    locked: tuple[str, ...] = ()
    unlocked: Mapping[str, str] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    refused: bool = False
    started: float = 0.0
    renewed: float = 0.0
    steps: tuple[StepResult, ...] = ()
    promotions: tuple[Mapping[str, Any], ...] = ()
    awaited: TransactionId | None = None
    judged: int = 0
    rechecked: Mapping[str, Observation] = field(default_factory=dict)
    reversible: bool = False
    failed: tuple[Verdict, ...] = ()
    rolled_back: bool = False
    undecided: bool = False
    acted: bool = False
    hook_problem: str = ""


@dataclass(frozen=True)
class Decision:
    """What was decided so far: the plan, and how far the run is.

    needed: whether there is anything to do under the lock
    """

    plan: OperationPlan
    progress: Progress
    needed: bool = False

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return all verdicts."""
        return (*self.plan.verdicts, *self.progress.verdicts)

    @property
    def not_passed(self) -> tuple[Verdict, ...]:
        """Return the verdicts that did not simply pass."""
        return tuple(verdict for verdict in self.verdicts if verdict.result != PASSED)

    def with_progress(self, **changes: object) -> Decision:
        """Return the same decision, with changes to its progress."""
        progress: Progress = replace(self.progress, **changes)  # type: ignore[arg-type]
        return replace(self, progress=progress)

    def with_verdicts(self, verdicts: list[Verdict]) -> Decision:
        """Return it with more verdicts; a failed one forbids all that has not been done yet."""
        return self.with_progress(
            verdicts=(*self.progress.verdicts, *verdicts),
            refused=self.progress.refused or judge.refused(verdicts),
        )
