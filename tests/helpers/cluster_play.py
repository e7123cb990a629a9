# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of the role on a model of a cluster.

The tasks and the decisions are those of the collection. What is modelled is what Ansible does
(role_runner.py) and what the modules do to a node (cluster_modules.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._model import plain
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._plan import operations
from ansible_collections.nso.ha.plugins.plugin_utils._run import (
    decisions,
    leases,
    planning,
    results,
    settings,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.hooks import VARIABLES
from ansible_collections.nso.ha.plugins.plugin_utils._run.leases import Crowd
from ansible_collections.nso.ha.plugins.plugin_utils._run.planning import Known
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    OperationPlan,
    Progress,
    Run,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.settings import Settings

from helpers.cases import every_run_is_gone
from helpers.cluster_model import Cluster
from helpers.cluster_modules import Modules
from helpers.role_runner import Call, Failures, Result, RoleRunner

#: Variables in which the role registers what was decided, and the report.
_DECISION, _REPORTED = "__nso_ha_decision", "__nso_ha_reported"

#: The options of cluster_decision.
_OPTIONS = frozenset(("step", "operation", "dry", "hosts", "once", "wave", "occasion"))


class Interrupted(Exception):
    """The run ends here as if it were killed: nothing of it happens any more."""


class Play:
    """A run of one operation.

    before:    see Modules; it may raise Interrupted
    variables: what the operator asks for: variables of the group without the prefix nso_ha_
    failures:  the hosts on which the play failed
    """

    def __init__(
        self,
        members: Sequence[Member],
        cluster: Cluster,
        operation: str = operations.CONVERGE,
        run_id: str = "run",
        before: Callable[[str], object] = lambda _change: None,
        **variables: object,
    ) -> None:
        self.failures: Failures = {}
        self._hosts = [member.host for member in members]
        self._operation = operation
        self._run_id = run_id
        self._run: Run | None = None
        self._settings: dict[str, Settings] = {}
        self._plan: tuple[Result, OperationPlan] | None = None
        group = {f"nso_ha_{name}": value for name, value in variables.items()}
        self._runner = RoleRunner(
            {member.host: {**_variables(member), **group} for member in members},
            {"nso.ha.cluster_decision": self._decide, **Modules(cluster, before).by_name()},
        )

    def run(self) -> Decision:
        """Do it all; return the last decision."""
        self.failures = self._runner.run(self._operation)
        return self.decision

    @property
    def decision(self) -> Decision:
        """Return what was decided last."""
        return self._typed(self._registered[_DECISION])

    @property
    def report(self) -> Result:
        """Return the report of the run."""
        found: Result = self._registered[_REPORTED]["report"]
        return found

    @property
    def _registered(self) -> Result:
        return self._runner.registered[self._hosts[0]]

    # The decisions

    def _decide(self, call: Call) -> Result:
        assert set(call.arguments) <= _OPTIONS
        step = call.arguments["step"]
        if step == "settings":
            return self._state(call)
        if step == "begin":
            return self._begin(call)
        assert self._run is not None
        registered = self._runner.registered
        known = Known(
            run=self._run,
            settings=self._settings,
            results=results.gather(registered, registered[call.host], self._run_id),
            gone=every_run_is_gone,
        )
        earlier = registered[call.host].get(_DECISION)
        about = decisions.Subject(
            decision=self._typed(earlier) if earlier else None,
            now=0.0,
            hosts=tuple(call.arguments.get("hosts", ())),
            once=call.arguments.get("once", False),
            wave=call.arguments.get("wave", 0),
            occasion=call.arguments.get("occasion", ""),
        )
        decided = decisions.decide(step, known, about)
        lost = [one for one in decided.get("progress", {}).get("verdicts", ()) if _is_lost(one)]
        assert not lost, lost
        return {**decided, "run_id": self._run_id}

    def _typed(self, registered: Result) -> Decision:
        """Return a registered decision. The plan, which takes long to convert, seldom changes."""
        plan, progress = registered["plan"], registered["progress"]
        if self._plan is None or self._plan[0] != plan:
            self._plan = (plan, plain.from_dict(OperationPlan, plan))
        return Decision(
            self._plan[1], plain.from_dict(Progress, progress), needed=registered["needed"]
        )

    def _state(self, call: Call) -> Result:
        own = settings.read(call.host, call.scope.value, {})
        self._settings[call.host] = own
        return {"settings": plain.to_dict(own)}

    def _begin(self, call: Call) -> Result:
        crowd = Crowd(len(self._hosts), forks=5)
        self._run = Run(
            run_id=self._run_id,
            owner="me@here",
            began="2026-01-02T03:04:05Z",
            process={"pid": 1},
            operation=call.arguments["operation"],
            hosts=tuple(self._hosts),
            dry=call.arguments["dry"],
            problems=tuple(
                planning.problems(self._operation, self._settings, crowd, call.arguments["dry"])
            ),
            hooks={
                event: str(path)
                for event, name in VARIABLES.items()
                if (path := call.scope.value(name))
            },
            lease=leases.lease(list(self._settings.values()), crowd),
        )
        return {"run": plain.to_dict(self._run)}


def _is_lost(verdict: Mapping[str, Any]) -> bool:
    """Return whether a verdict says that a decision could not be made."""
    return bool(verdict["check"] == "decision")


def _variables(member: Member) -> Result:
    """Return what the inventory says of a node."""
    return {
        "nso_ha_token": "secret",
        "nso_ha_node_id": member.node_id,
        "nso_ha_node_ip": member.address,
        "nso_ha_role": member.role,
        "nso_ha_upstream": member.upstream,
        "nso_ha_priority": member.priority,
        "nso_ha_hold_followers": member.hold,
        "nso_ha_start_phases": member.start_phases,
    }
