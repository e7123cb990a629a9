# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Calls of modules on nodes, by the agents of these nodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from . import agent
from .agent import Agent
from .call import Call

#: Seconds between two words on what is being waited for.
PATIENCE = 30.0


class AgentCaller:
    """Makes calls by asking agents.

    agents:    by host; a host without one cannot be reached
    at_a_time: how many calls are made at the same time
    within:    seconds after which a call counts as lost
    tell:      called with each call before it is made
    still:     called now and then with the calls that have not been answered, and for how many
               seconds they have been waited for
    """

    def __init__(
        self,
        agents: Mapping[str, Agent],
        at_a_time: int,
        within: float,
        tell: Callable[[Call], object] = lambda _call: None,
        still: Callable[[Sequence[Call], float], object] = lambda _calls, _seconds: None,
    ) -> None:
        self.agents = agents
        self._at_a_time = at_a_time
        self._within = within
        self._tell = tell
        self._still = still

    def run(self, calls: Sequence[Call]) -> Sequence[Mapping[str, Any]]:
        """Make these calls at the same time; return their results in the same order."""
        if not calls:
            return []
        for call in calls:
            self._tell(call)
        begun = time.monotonic()
        with ThreadPoolExecutor(min(len(calls), self._at_a_time)) as pool:
            futures = {pool.submit(self._call, call): call for call in calls}
            _done, waiting = wait(futures, PATIENCE)
            while waiting:
                open_calls = [call for future, call in futures.items() if future in waiting]
                self._still(open_calls, time.monotonic() - begun)
                _done, waiting = wait(waiting, PATIENCE)
        return [future.result() for future in futures]

    def dismiss(self) -> None:
        """End all agents."""
        for node_agent in self.agents.values():
            agent.dismiss(node_agent)

    def _call(self, call: Call) -> Mapping[str, Any]:
        node_agent = self.agents.get(call.host)
        if node_agent is None:
            return _lost("Ansible has dropped it from the play")
        question = {
            "module": call.module,
            "arguments": dict(call.arguments),
            "check_mode": call.check_mode,
        }
        answer = agent.ask(node_agent, question, self._within)
        if answer is None:
            return _lost(
                f"the process on the controller that runs modules on {call.host} has not answered"
            )
        return answer


def _lost(why: str) -> Mapping[str, Any]:
    return {"unreachable": True, "msg": why}
