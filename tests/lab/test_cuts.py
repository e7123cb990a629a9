# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts and heals do what they say: packets are lost, and nothing else."""

from __future__ import annotations

import itertools
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from ncs_lab.cli import main
from ncs_lab.lab import Lab
from ncs_lab.processes import inside
from ncs_sim.errors import SimError

PLACES = ("operator", "n1", "n2", "n3")
#: Long for the bridge, short for a test.
SECONDS = 1.0


def silent(lab: Lab) -> set[frozenset[str]]:
    """The pairs between which nothing passes. Whatever is not silent has to be open, both ways."""
    # No sshd of the lab is where the operator is.
    ways = [way for way in itertools.permutations(PLACES, 2) if way[1] != "operator"]
    with ThreadPoolExecutor(len(ways)) as pool:
        found = list(pool.map(lambda way: lab.probe(way[0], way[1], seconds=SECONDS), ways))
    assert set(found) <= {"open", "silent"}
    closed = {way for way, what in zip(ways, found, strict=True) if what == "silent"}
    for one, other in closed:
        assert "operator" in (one, other) or (other, one) in closed, f"only {one} to {other}"
    return {frozenset(way) for way in closed}


def pairs(*texts: str) -> set[frozenset[str]]:
    return {frozenset(text.split()) for text in texts}


def test_cuts_and_heals(lab: Lab) -> None:
    assert silent(lab) == set()
    lab.cut("n1", "n2")
    assert silent(lab) == pairs("n1 n2")
    lab.cut("operator", "n3")
    assert silent(lab) == pairs("n1 n2", "operator n3")
    lab.cut("n2", "n1", "n3")  # one of them again
    assert silent(lab) == pairs("n1 n2", "n2 n3", "operator n3")
    lab.heal("n2", "n1")
    assert silent(lab) == pairs("n2 n3", "operator n3")
    lab.heal("n2")
    assert silent(lab) == pairs("operator n3")
    lab.cut("n1")
    assert silent(lab) == pairs("operator n1", "n1 n2", "n1 n3", "operator n3")
    assert [one["cut_off_from"] for one in lab.status()] == [
        ["operator", "n2", "n3"],
        ["n1"],
        ["operator", "n1"],
    ]
    lab.heal()
    lab.heal()
    assert silent(lab) == set()


def test_the_command_does_the_same(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    def cut_off(*words: str) -> dict[str, str]:
        """What the table says at the end of a host's line, after this command."""
        directory = ["--dir", str(lab.directory)]
        assert main([words[0], *directory, *words[1:]]) == 0
        capsys.readouterr()
        assert main(["status", *directory]) == 0
        lines = capsys.readouterr().out.splitlines()[1:]
        return {line.split()[0]: re.split(r"\s\s+", line)[-1] for line in lines}

    assert cut_off("cut", "n1", "n2") == {"n1": "n2", "n2": "n1", "n3": "-"}
    assert cut_off("cut", "operator", "n3") == {"n1": "n2", "n2": "n1", "n3": "operator"}
    assert cut_off("heal", "n1", "n2") == {"n1": "-", "n2": "-", "n3": "operator"}
    assert cut_off("heal") == {"n1": "-", "n2": "-", "n3": "-"}
    assert main(["cut", "--dir", str(lab.directory), "n9"]) == 1
    assert "ncs-lab: no host 'n9' here" in capsys.readouterr().err


def test_a_connection_stalls_and_goes_on(lab: Lab) -> None:
    node = lab.cluster.node("n1")
    with closing(socket.create_connection((node.address, 22), 5)) as connection:
        assert connection.recv(4) == b"SSH-"
        while b"\n" not in connection.recv(100):
            pass
        lab.cut("n1")
        connection.sendall(b"SSH-2.0-test\r\n")
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        lab.heal()
        connection.settimeout(10)
        assert connection.recv(1), "the answer came after all"


def test_a_node_that_is_started_again_is_on_its_host(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    def ctl(*words: str) -> int:
        return main([*words[:1], "--dir", str(lab.directory), *words[1:]])

    host = lab.network.hosts[0]
    assert host.namespace is not None
    node = lab.cluster.node("n1")
    for end in ("kill", "stop"):
        assert ctl(end, "n1") == 0
        assert lab.status()[0]["node"] == "not running"
        assert ctl("start", "n1") == 0
        assert ctl("restart", "n1") == 0
        assert node.process in inside(host.namespace)
        assert lab.probe("n2", "n1", node.ipc_port) == "open"
    assert ctl("freeze", "n1") == 0
    assert lab.status()[0]["node"] == "frozen"
    assert ctl("thaw", "n1") == 0
    assert ctl("ctl", "n1", "write", "key", "value") == 0
    assert ctl("ctl", "n1", "read", "key") == 0
    assert capsys.readouterr().out.endswith("value\n")


def test_names_that_are_not_there_and_other_mistakes_are_told(lab: Lab) -> None:
    with pytest.raises(SimError, match="no host 'n9' here, only operator, n1, n2, n3"):
        lab.cut("n1", "n9")
    with pytest.raises(SimError, match="n1 cannot be cut off from itself"):
        lab.cut("n1", "n1")
    with pytest.raises(SimError, match="no host 'n9' here"):
        lab.heal("n9")
    assert silent(lab) == set()
