# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the lab needs no root. The rest is in tests/lab."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ncs_lab import commands
from ncs_lab.cli import main
from ncs_lab.network import MAX_HOSTS, Network
from ncs_sim.cluster import Cluster
from ncs_sim.errors import SimError


def test_whoever_is_not_root_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    directory = tmp_path / "lab"
    for command in ("up", "down", "status", "check"):
        assert main([command, "--dir", str(directory)]) == 1
        assert "ncs-lab: the lab needs root" in capsys.readouterr().err
    assert not directory.exists()


def test_it_is_for_linux_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert main(["up"]) == 1
    assert "the lab needs Linux" in capsys.readouterr().err


def test_what_is_missing_is_named_with_its_debian_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(commands, "_PATH", str(tmp_path))
    for name in ("ip", "mount"):
        (tmp_path / name).touch(mode=0o755)
    assert main(["up", "--dir", str(tmp_path / "lab")]) == 1
    assert (
        "ncs-lab: the lab needs ssh, ssh-keygen, sshd; on Debian and Ubuntu:"
        " apt-get install openssh-client openssh-server\n"
    ) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("hosts", "subnet", "words"),
    [
        (0, "10.0.0.0/24", "0 hosts: 1 to 20 are possible"),
        (MAX_HOSTS + 1, "10.0.0.0/24", "21 hosts: 1 to 20 are possible"),
        (3, "10.0.0.1/24", "subnet: 10.0.0.1/24 has host bits set"),
        (6, "10.0.0.0/29", "not enough addresses for 6 hosts"),
    ],
)
def test_numbers_that_cannot_be(hosts: int, subnet: str, words: str) -> None:
    with pytest.raises(SimError, match=words):
        Network(hosts, subnet)


def test_the_operator_has_an_address_of_its_own() -> None:
    addresses = [place.address for place in Network(5, "10.0.0.0/29").places]
    assert addresses == [f"10.0.0.{number}" for number in (6, 1, 2, 3, 4, 5)]


def test_a_node_keeps_its_launcher(up: Callable[..., Cluster]) -> None:
    cluster = up(2, launchers=[("env", "MARK=first"), ("env", "MARK=second")])
    for name, mark in (("n1", b"MARK=first"), ("n2", b"MARK=second")):
        node = Cluster.open(cluster.directory).node(name)
        node.kill()
        node.start()
        assert mark in Path(f"/proc/{node.pid}/environ").read_bytes().split(b"\0")
