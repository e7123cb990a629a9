# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status orders on one connection beside a plain echo of the same bytes, with the same process.

Whether two processes that wait for each other share a CPU makes a multiple of a difference for the
echo, and the scheduler puts them now this way, now that. So it is measured three times: left to the
scheduler, and kept each way.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible_collections.nso.ha.plugins.module_utils.ncs import ha
from helpers import vectors
from helpers.modules import COLLECTIONS, ROOT

from benchmark import peer
from benchmark.measuring import BenchmarkError, Effort, Group, NotRun, in_turn
from benchmark.results import AT_LEAST, PER_SECOND, Figure, Measured, Target, compared

_USUAL = 20
#: Left to the scheduler, a round can be far from the others.
_USUAL_ANYWHERE = 40
#: Orders in a round. With them a round takes about a tenth of a second.
_ORDERS = 1000

#: A primary with two secondaries.
_ANSWER = vectors.answer("status primary")


def _figure(name: str, where: str) -> Figure:
    title = f"status orders per second / echoes of the same sizes, {where}"
    return Figure(f"client-rate-{name}", title, Target(AT_LEAST, 0.5))


_ANYWHERE = _figure("anywhere", "left to the scheduler")
_ONE = _figure("on-one-CPU", "both ends on one CPU")
_TWO = _figure("on-two-CPUs", "both ends on two CPUs")


def _anywhere(effort: Effort, _directory: Path) -> Mapping[str, Measured]:
    cpus = os.sched_getaffinity(0)
    return {_ANYWHERE.name: _rates(effort.rounds(_USUAL_ANYWHERE), cpus, cpus)}


def _on_one(effort: Effort, _directory: Path) -> Mapping[str, Measured]:
    first = min(os.sched_getaffinity(0))
    return {_ONE.name: _rates(effort.rounds(_USUAL), {first}, {first})}


def _on_two(effort: Effort, _directory: Path) -> Mapping[str, Measured]:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise NotRun("there is only one CPU")
    return {_TWO.name: _rates(effort.rounds(_USUAL), {cpus[0]}, {cpus[1]})}


def _rates(rounds: int, ours: set[int], theirs: set[int]) -> Measured:
    """Measure with this process and the one that answers on CPUs of these numbers."""
    with _on_cpus(ours), _peer(_ANSWER, theirs) as port:
        # The first round warms up. Each connects anew, outside of the clock.
        found = in_turn(rounds + 1, lambda: _orders(port), lambda: _echoes(port))
    rates = ((orders, echoes) for orders, echoes in found[1:])
    return compared(rates, ("status orders", "echoes"), PER_SECOND)


def _orders(port: int) -> float:
    """Return how many status orders a second are answered."""
    with socket.socket() as sock:
        sock.settimeout(30)
        ha.connect(sock, "token", peer.IP, port)
        expected = (ha.STATE_PRIMARY, 2)
        begin = time.perf_counter()
        for _unused in range(_ORDERS):
            state, listed = ha.status(sock)
        seconds = time.perf_counter() - begin
    if (state, len(listed)) != expected:
        raise BenchmarkError(f"the client read state {state} and {len(listed)} nodes")
    return _ORDERS / seconds


def _echoes(port: int) -> float:
    """Return how many times a second bytes go to and fro, on a blocking socket."""
    with socket.create_connection((peer.IP, port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(peer.ECHO)
        request, size, receive = peer.REQUEST, len(_ANSWER), peer.receive
        begin = time.perf_counter()
        for _unused in range(_ORDERS):
            sock.sendall(request)
            found = receive(sock, size)
        seconds = time.perf_counter() - begin
    if found != _ANSWER:
        raise BenchmarkError("the echo is not what was expected")
    return _ORDERS / seconds


@contextlib.contextmanager
def _on_cpus(numbers: set[int]) -> Iterator[None]:
    """Keep this process on these CPUs for as long as a with statement."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, numbers)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _peer(answer: bytes, cpus: set[int]) -> Iterator[int]:
    """Start the process that answers, on these CPUs; its port."""
    paths = os.pathsep.join([str(ROOT / "tests"), str(COLLECTIONS)])
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmark.peer", answer.hex()],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            os.sched_setaffinity(process.pid, cpus)
            port = process.stdout.readline().strip()
            if not port:
                raise BenchmarkError("the process that answers did not start")
            yield int(port)
        finally:
            process.kill()


ANYWHERE = Group("client-anywhere", (_ANYWHERE,), _anywhere)
ONE_CPU = Group("client-one-cpu", (_ONE,), _on_one)
TWO_CPUS = Group("client-two-cpus", (_TWO,), _on_two)
