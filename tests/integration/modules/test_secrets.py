# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Token and access secret: nowhere in what modules print, nor in the list of processes.

The results of all other tests of the modules are looked through as well, by run_discreetly. Here it
is the raw output, and what other users of the target can see while a module runs.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.running import RunningModule
from helpers.secrecy import ENV_ACCESS_FILE, run_discreetly
from helpers.simulated import Simulation
from helpers.until import until
from ncs_sim.handle import NodeHandle

Found = tuple[NodeHandle, dict[str, Any], str]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """A node with an access check, options to connect with, and the access secret."""
    secret = f"secret-{secrets.token_hex(12)}"
    file = tmp_path_factory.mktemp("files") / "ipc_access"
    file.write_text(secret)
    with Simulation(tmp_path_factory.mktemp("nodes")) as simulation:
        node = simulation.node("n", access_check="v2", access_secret_file=str(file))
        options = {"token": simulation.token, "ip": node.ipc_address, "access_file": str(file)}
        yield node, options, secret


def until_listening_to(node: NodeHandle, running: RunningModule) -> None:
    """Wait until the module has connected, which is when it holds both secrets."""
    directory = Path(f"/proc/{running.pid}/fd")

    def connected() -> bool:
        assert running.runs
        try:
            return sum("socket:" in str(link.readlink()) for link in directory.iterdir()) >= 2
        except OSError:
            return False

    until(connected, what=f"a connection to {node.name}")


def seen_in_processes() -> dict[str, bytes]:
    """What the list of processes shows of all of them: arguments, names and environment."""
    seen: dict[str, bytes] = {}
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "comm", "environ"):
            try:
                seen[f"{process.name}/{name}"] = (process / name).read_bytes()
            except OSError:
                continue
    return seen


@pytest.mark.parametrize("way", ["option", "environment"])
def test_no_process_shows_a_secret_while_a_module_waits(guarded: Found, way: str) -> None:
    node, options, secret = guarded
    environment: dict[str, str] = {}
    if way == "environment":
        environment[ENV_ACCESS_FILE] = options["access_file"]
        options = {key: value for key, value in options.items() if key != "access_file"}
    wait = {"wait_for": {"role": "relay"}, "wait_timeout": 60}
    with RunningModule("ncs_ha_status", {**options, **wait}, environment=environment) as running:
        until_listening_to(node, running)
        seen = seen_in_processes()
        assert running.runs
    assert b"ncs_ha_status" in seen[f"{running.pid}/cmdline"], "the module is among them"
    assert seen[f"{running.pid}/environ"]
    for where, content in seen.items():
        assert options["token"].encode() not in content, where
        assert secret.encode() not in content, where


RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "role": ("ncs_ha_role", {"role": "none"}),
    "role with force": ("ncs_ha_role", {"role": "none", "force": True}),
    "role of nobody": (
        "ncs_ha_role",
        {"role": "secondary", "node_id": "n", "primary_id": "p", "primary_ip": "127.0.0.1"},
    ),
    "role that makes no sense": ("ncs_ha_role", {"role": "primary"}),
    "status": ("ncs_ha_status", {}),
    "status that does not come": (
        "ncs_ha_status",
        {"wait_for": {"role": "relay"}, "wait_timeout": 0.2},
    ),
    "unknown option": ("ncs_ha_status", {"unknown": 1}),
    "wrong type": ("ncs_ha_status", {"timeout": "soon"}),
    "nobody there": ("ncs_ha_status", {"ip": "127.0.0.1", "port": 1}),
    "secondary_dead": ("ncs_ha_secondary_dead", {"node_id": "x"}),
    "read_only": ("ncs_ha_read_only", {"read_only": False}),
    "role in an operation": (
        "ncs_ha_role",
        {"role": "primary", "node_id": "n", "operation": {"state_dir": "/none", "run_id": "a"}},
    ),
}


@pytest.mark.parametrize(("module", "more"), RUNS.values(), ids=RUNS.keys())
def test_the_raw_output_holds_no_secret_however_verbose(
    guarded: Found, module: str, more: dict[str, Any]
) -> None:
    _unused, options, secret = guarded
    verbose = {"_ansible_verbosity": 5, "_ansible_diff": True}
    with RunningModule(module, {**options, **more, **verbose}) as running:
        # That the token and the access secret are not in the bytes is checked in there.
        result = running.result()
    assert result["invocation"], "options are part of the output"
    assert secret not in str(result)


@pytest.mark.parametrize("code", [28, 18])
def test_a_refusal_that_quotes_the_token_does_not_pass_it_on(guarded: Found, code: int) -> None:
    node, options, _unused = guarded
    node.refuse(code, f"bad token {options['token']}, sorry")
    result = run_discreetly("ncs_ha_role", {**options, "role": "primary", "node_id": "n"})
    assert result["error"]["code"] == code
    assert "bad token" in result["msg"]


@pytest.mark.parametrize(
    "token",
    ["with blanks and \"quotes\" 'both'", "ünï-códé-節点", "back\\slash", "x" * 4096],
    ids=["quotes", "unicode", "backslash", "long"],
)
def test_tokens_of_all_sorts_reach_the_daemon_and_nobody_else(
    simulation: Simulation, token: str
) -> None:
    """Both nodes get the token by the module, and the secondary has to prove it to the primary."""
    cluster = simulation.cluster(2)
    primary, node = cluster.nodes
    made = run_discreetly(
        "ncs_ha_role",
        {"token": token, "ip": primary.ipc_address, "role": "primary", "node_id": "p"},
    )
    assert made["outcome"] == "done"
    followed = run_discreetly(
        "ncs_ha_role",
        {
            "token": token,
            "ip": node.ipc_address,
            "role": "secondary",
            "node_id": "n",
            "primary_id": "p",
            "primary_ip": primary.address,
        },
    )
    assert followed["outcome"] == "done"
