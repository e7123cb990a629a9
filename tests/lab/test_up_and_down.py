# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab comes up, and goes without a trace, whatever became of it meanwhile."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.playbooks import run_playbook
from helpers.until import until
from ncs_lab.cli import main
from ncs_lab.lab import Lab, down
from ncs_lab.network import BRIDGE, NAMESPACES, leftovers, remove
from ncs_lab.processes import inside
from ncs_sim.errors import SimError


def shown(*words: str) -> str:
    return subprocess.run(
        ["ip", *words], capture_output=True, text=True, check=True, timeout=20
    ).stdout


def machine() -> dict[str, object]:
    """What a lab could leave behind on the machine, or change there."""
    homes = [Path("/etc/ssh"), Path.home() / ".ssh"]
    files = [path for home in homes if home.is_dir() for path in [home, *sorted(home.rglob("*"))]]
    return {
        "links": sorted(re.findall(r"^\d+: (\S+):", shown("-oneline", "link"), re.M)),
        "addresses": shown("-brief", "address"),
        "routes": shown("route", "show", "table", "all"),
        "neighbours": shown("neigh", "show", "nud", "permanent"),
        "namespaces": sorted(os.listdir(NAMESPACES)) if NAMESPACES.is_dir() else [],
        "ssh": [(str(path), path.lstat().st_mtime_ns) for path in files],
        "run": Path("/run/sshd").exists(),
        "mounts": Path("/proc/self/mounts").read_text().count("nsoha"),
    }


def running(directory: Path) -> list[str]:
    """The command lines that speak of a directory, those of Ansible's connections among them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in words and int(path.parent.name) != os.getpid():
            found.append(words)
    return found


@pytest.fixture
def before(place: Path) -> Iterator[dict[str, object]]:
    """The machine without the lab, which it has to be again at the end."""
    before = machine()
    yield before
    assert leftovers() == []
    assert not place.exists()
    # Not those few seconds later in which SSH finds out by itself that a host is gone.
    until(lambda: running(place) == [], 2, "the end of all that the lab started")
    assert machine() == before


def test_all_of_it_goes(before: dict[str, object], place: Path) -> None:
    lab = Lab.up(place)
    run_playbook("nso.ha.status", lab.inventory)
    assert list((place / "ssh" / "cp").iterdir()), "Ansible keeps its connections open"
    lab.cut("n1")
    assert machine() != before
    lab.down()


def test_what_a_crash_left_goes_too(before: dict[str, object], place: Path) -> None:
    lab = Lab.up(place, 5)
    run_playbook("nso.ha.status", lab.inventory)
    for process in inside("nsoha-1"):
        process.signal(signal.SIGKILL)
    lab.cluster.node("n2").freeze()
    for name in ("pid", "run.json"):
        (place / "ssh" / "n2" / name).unlink()
    (place / "cluster.json").unlink()
    lab.cluster.node("n4").kill()
    shown("netns", "del", "nsoha-4")
    shown("link", "del", "nsoha0p3")
    shown("netns", "add", "nsoha-7")
    (NAMESPACES / "nsoha-8").touch()  # as far as `ip netns add` had come
    assert main(["down", "--dir", str(place)]) == 0


@pytest.mark.parametrize("seen", [BRIDGE, "nsoha-3", "ssh/n2/pid", "n4/run.json"])
def test_a_lab_that_was_killed_while_it_came_up_goes(
    before: dict[str, object], place: Path, seen: str
) -> None:
    command = [sys.executable, "-m", "ncs_lab", "up", "--hosts", "6", "--dir", str(place)]
    with subprocess.Popen(command, start_new_session=True) as coming:
        until(lambda: seen in leftovers() or (place / seen).exists(), what=seen)
        os.killpg(coming.pid, signal.SIGKILL)
    with pytest.raises(SimError, match="down first"):
        Lab.up(place)
    down(place)


def test_what_ends_by_itself_before_it_is_removed_is_no_failure(
    before: dict[str, object], place: Path
) -> None:
    with Lab.up(place, 1):
        seen = leftovers()
    assert seen
    assert not leftovers()
    remove(seen)


def test_nothing_goes_where_nothing_is(
    before: dict[str, object], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == 0
    assert main(["down", "--dir", str(place)]) == 0
    assert capsys.readouterr().out == "nothing is there\n"
    place.mkdir()
    (place / "file").touch()
    down(place)
    assert (place / "file").exists(), "it is of no lab"
    with pytest.raises(SimError, match="is not empty, and not of a lab"):
        Lab.up(place)
    (place / "file").unlink()
    place.rmdir()


def test_a_second_lab_is_refused_and_the_first_is_not_touched(
    before: dict[str, object], place: Path
) -> None:
    other = place.with_name("other")
    with Lab.up(place, 1) as lab:
        with pytest.raises(SimError, match=f"there is a lab already, in {place}"):
            Lab.up(other)
        with pytest.raises(SimError, match=f"say --dir {place}"):
            down(other)
        assert lab.status()[0]["node"] == "none"
        assert not other.exists()


def test_a_subnet_that_is_in_use_is_refused(before: dict[str, object], place: Path) -> None:
    with pytest.raises(SimError, match=r"127\.0\.0\.0/24 overlaps 127\.0\.0\.0/8 of lo"):
        Lab.up(place, subnet="127.0.0.0/24")
    assert BRIDGE not in leftovers()


def test_a_lab_that_does_not_come_up_is_taken_down_again(
    before: dict[str, object], place: Path
) -> None:
    with pytest.raises(SimError, match="IPC port 0 is not between"):
        Lab.up(place, ipc_port=0)


def test_another_subnet(before: dict[str, object], place: Path) -> None:
    with Lab.up(place, 2, subnet="10.213.78.128/29") as lab:
        assert [host.address for host in lab.network.hosts] == ["10.213.78.129", "10.213.78.130"]
        assert lab.probe("n1", "n2") == "open"


def test_nobody_gets_in_without_the_key(lab: Lab, tmp_path: Path) -> None:
    host = lab.network.hosts[0]
    key = tmp_path / "key"
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(made, check=True, timeout=20)

    def login(identity: Path, known_hosts: Path) -> subprocess.CompletedProcess[str]:
        options = {
            "UserKnownHostsFile": known_hosts,
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "NumberOfPasswordPrompts": "0",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return subprocess.run(
            ["ssh", "-F", "none", *words, "-i", str(identity), f"root@{host.address}", "echo in"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    ssh = lab.directory / "ssh"
    assert login(ssh / "key", ssh / "known_hosts").stdout == "in\n"
    refused = login(key, ssh / "known_hosts")
    assert refused.stdout == ""
    assert "Permission denied (publickey)" in refused.stderr
    assert "Host key verification failed" in login(ssh / "key", Path("/dev/null")).stderr


def test_ansible_speaks_to_no_host_with_another_key(lab: Lab) -> None:
    known_hosts = lab.directory / "ssh" / "known_hosts"
    lines = known_hosts.read_text().splitlines()
    address, other = lines[0].split()[0], lines[1].split(maxsplit=1)[1]
    known_hosts.write_text("\n".join([f"{address} {other}", *lines[1:]]))
    run = run_playbook("nso.ha.status", lab.inventory)
    assert "Host key verification failed" in run.output
    assert [run.node(name)["role"] for name in ("n1", "n2", "n3")] == [None, "none", "none"]


def test_only_root_may_read_what_is_secret(lab: Lab) -> None:
    assert stat.S_IMODE(lab.directory.stat().st_mode) == 0o700
    for path in (lab.inventory, lab.directory / "ssh" / "key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert lab.cluster.token not in "".join(
        path.read_text(errors="replace") for path in lab.directory.rglob("log")
    )
