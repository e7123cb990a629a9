# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents: real processes that answer through real sockets, and end."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._agents import agent, caller
from ansible_collections.nso.ha.plugins.plugin_utils._agents.agent import Agent
from ansible_collections.nso.ha.plugins.plugin_utils._agents.call import Call
from ansible_collections.nso.ha.plugins.plugin_utils._agents.caller import AgentCaller
from helpers.until import until

#: Seconds within which anything here happens.
SOON = 20.0


def answer(question: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer for a module: say what was asked, and by whom, or do not come back."""
    if question["module"] == "dies":
        os._exit(3)
    return {"pid": os.getpid(), **question}


def has_ended(pid: int) -> bool:
    """Return whether a child of this process has ended; it is waited for then."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


@pytest.fixture
def started() -> Iterator[list[Agent]]:
    agents: list[Agent] = []
    yield agents
    for one in agents:
        if not has_ended(one.pid):
            os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
        assert has_ended(one.pid)


def start(
    started: list[Agent], needed: Callable[[], bool] = lambda: True, idle: float = SOON
) -> Agent:
    started.append(agent.start_agent(answer, needed, idle))
    return started[-1]


def assert_gone(one: Agent) -> None:
    until(lambda: has_ended(one.pid), SOON, "the end of the agent")
    assert not Path(one.path).parent.exists()


def test_an_agent_answers_again_and_again_in_a_process_of_its_own(started: list[Agent]) -> None:
    one = start(started)
    for number in range(3):
        said = agent.ask(one, {"module": "m", "number": number}, SOON)
        assert said == {"pid": one.pid, "module": "m", "number": number}
    assert one.pid != os.getpid()
    agent.dismiss(one)
    assert_gone(one)
    # Once more is no mistake.
    agent.dismiss(one)


def test_only_its_user_gets_at_it(started: list[Agent]) -> None:
    directory = Path(start(started).path).parent
    assert directory.stat().st_mode & 0o777 == 0o700


def test_it_ends_when_it_is_not_needed_any_more(started: list[Agent], tmp_path: Path) -> None:
    one = start(started, needed=lambda: not (tmp_path / "over").exists())
    assert agent.ask(one, {"module": "m"}, SOON)
    (tmp_path / "over").touch()
    assert_gone(one)


def test_it_answers_nobody_from_the_moment_that_it_is_not_needed(
    started: list[Agent], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It does not look by itself in time.
    monkeypatch.setattr(agent, "_PULSE", SOON)
    one = start(started, needed=lambda: not (tmp_path / "over").exists())
    assert agent.ask(one, {"module": "m"}, SOON)
    until(lambda: _sleeps(one.pid), SOON, "that the agent waits for a question")
    (tmp_path / "over").touch()
    assert agent.ask(one, {"module": "m"}, SOON) is None
    assert_gone(one)


def _sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_of_the_terminal_does_not_end_it(
    started: list[Agent], number: signal.Signals
) -> None:
    one = start(started)
    assert agent.ask(one, {"module": "m"}, SOON)
    os.kill(one.pid, number)
    assert agent.ask(one, {"module": "m"}, SOON)


def test_one_that_is_told_to_terminate_leaves_nothing(started: list[Agent]) -> None:
    one = start(started)
    assert agent.ask(one, {"module": "m"}, SOON)
    os.kill(one.pid, signal.SIGTERM)
    assert_gone(one)


def test_it_ends_when_nobody_has_asked_for_a_while(started: list[Agent]) -> None:
    assert_gone(start(started, idle=0.1))


def test_a_question_that_is_nonsense_is_not_answered_and_harms_nothing(
    started: list[Agent],
) -> None:
    one = start(started)
    for text in ("{", '"text"', ""):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(one.path)
            connection.sendall(f"{text}\n".encode())
            connection.settimeout(SOON)
            assert connection.recv(1) == b""
    assert agent.ask(one, {"module": "m"}, SOON)


def test_neither_end_reads_without_a_limit(
    started: list[Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "MOST", 1000)
    one = start(started)
    assert agent.ask(one, {"module": "m", "text": "x" * 2000}, SOON) is None
    assert agent.ask(one, {"module": "m", "text": "x" * 965}, SOON) is None
    assert agent.ask(one, {"module": "m"}, SOON)


def test_an_agent_that_dies_or_is_not_there_or_is_too_slow_has_not_answered(
    started: list[Agent],
) -> None:
    one, slow = start(started), start(started)
    assert agent.ask(one, {"module": "dies"}, SOON) is None
    assert agent.ask(one, {"module": "m"}, SOON) is None
    os.kill(slow.pid, signal.SIGSTOP)
    assert agent.ask(slow, {"module": "m"}, 0.2) is None
    os.kill(slow.pid, signal.SIGCONT)


# Calls


def test_calls_are_made_at_the_same_time_and_answered_in_their_order(
    started: list[Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = {host: start(started) for host in ("n1", "n2", "n3")}
    together = threading.Barrier(2)
    ask = agent.ask

    def meeting(*arguments: Any) -> Any:
        together.wait(SOON)
        return ask(*arguments)

    monkeypatch.setattr(agent, "ask", meeting)
    nodes = AgentCaller(agents, 2, SOON)
    calls = [Call(host, "m", {"number": number}) for number, host in enumerate(("n3", "n1"))]
    said = nodes.run(calls)
    assert [one["pid"] for one in said] == [agents["n3"].pid, agents["n1"].pid]
    assert [one["arguments"] for one in said] == [{"number": 0}, {"number": 1}]
    assert not any(one["check_mode"] for one in said)
    assert nodes.run([]) == []


def test_what_is_being_waited_for_is_told_until_it_has_answered(
    started: list[Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller, "PATIENCE", 0.05)
    agents = {host: start(started) for host in ("n1", "n2")}
    told: list[list[str]] = []

    def still(calls: Sequence[Call], seconds: float) -> None:
        assert seconds > 0
        told.append([call.host for call in calls])
        if told.count(["n2"]) == 2:
            os.kill(agents["n2"].pid, signal.SIGCONT)

    os.kill(agents["n2"].pid, signal.SIGSTOP)
    nodes = AgentCaller(agents, 2, SOON, still=still)
    said = nodes.run([Call("n1", "m"), Call("n2", "m")])
    assert [one["pid"] for one in said] == [agents["n1"].pid, agents["n2"].pid]
    assert told.count(["n2"]) >= 2


def test_of_a_host_without_an_agent_that_answers_it_is_said_that_it_was_not_reached(
    started: list[Agent],
) -> None:
    one = start(started)
    nodes = AgentCaller({"n1": one}, 5, SOON)
    lost, dropped = nodes.run([Call("n1", "dies"), Call("n2", "m")])
    assert (lost["unreachable"], dropped["unreachable"]) == (True, True)
    assert "that runs modules on n1 has not answered" in lost["msg"]
    assert "dropped" in dropped["msg"]


def test_all_agents_are_dismissed(started: list[Agent]) -> None:
    agents = {host: start(started) for host in ("n1", "n2")}
    AgentCaller(agents, 5, SOON).dismiss()
    for one in agents.values():
        assert_gone(one)
