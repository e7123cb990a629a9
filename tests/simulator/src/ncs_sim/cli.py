# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `ncs-sim`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ncs_sim import __version__
from ncs_sim.config import (
    LEAVES,
    LIBRARY_VERSIONS,
    REFUSALS,
    RELEASES,
    SAME_ID,
    NodeConfig,
)
from ncs_sim.errors import SimError
from ncs_sim.load_commands import add_commands as add_load_commands

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_UNKNOWN = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        return status
    except SimError as error:
        print(f"ncs-sim: {error}", file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        print(f"ncs-sim: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ncs-sim",
        description="Simulated Cisco NSO nodes: real processes, sockets and replication.",
        epilog="Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 outcome unknown.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_node(commands)
    _add_up(commands)
    _add_down(commands)
    _add_ctl(commands)
    add_load_commands(commands)
    return parser


def add_node_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of nodes that several commands share. None means: not given."""
    add = parser.add_argument_group("node options").add_argument
    add("--ipc-port", type=int, metavar="PORT", help="TCP port for clients (4569)")
    add("--ha-port", type=int, metavar="PORT", help="port between nodes (4570)")
    add(
        "--northbound-port",
        type=int,
        metavar="PORT",
        help="port at which a primary takes writes of clients, closed in any other role (none)",
    )
    add("--northbound-address", metavar="ADDRESS", help="where that port is (as --address)")
    add("--release", choices=list(RELEASES), help="NSO release to imitate (6.6)")
    add(
        "--protocol-version",
        type=int,
        choices=list(LIBRARY_VERSIONS),
        help="the only one accepted in handshakes (the release's)",
    )
    add("--otp", type=int, choices=[25, 26], help="Erlang/OTP whose atoms to write (25)")
    add(
        "--handshake-status",
        type=int,
        choices=[0, 2],
        help="answer to an accepted handshake; 2 = depth and keys differ (0)",
    )
    add("--access-check", choices=["off", "v1", "v2"], help="IPC access check (off)")
    add("--access-secret-file", metavar="FILE", help="its secret: the file's whole content")
    add("--start-phase", type=int, choices=[0, 1, 2], help="phase to wait in (2)")
    add(
        "--start-phase0",
        dest="start_phase",
        action="store_const",
        const=0,
        help="wait in phase 0 until told to go on, as the daemon's own option",
    )
    add(
        "--tick-timeout",
        type=float,
        metavar="SECONDS",
        help="a peer silent for 3 times this is dead; 0 = never (20)",
    )
    add("--packages", metavar="TEXT", help="fingerprint of packages; must be equal (empty)")
    add("--stream-config", metavar="TEXT", help="event stream setup; must be equal (empty)")
    add(
        "--no-ha",
        dest="ha_enabled",
        action="store_const",
        const=False,
        help="HA is not enabled in ncs.conf",
    )
    add("--ha-path", choices=["new", "old"], help="where the HA state is read (the release's)")
    add("--own-ha", choices=["rule-based", "raft"], help="NSO's own HA is at work (none)")
    add(
        "--lacks",
        action="append",
        choices=LEAVES,
        metavar="LEAF",
        help=f"a leaf that the node does not have, any number of times: {', '.join(LEAVES)}",
    )
    add("--refuse-sessions", type=int, metavar="CODE", help="refuse user sessions with this code")
    add(
        "--refusals",
        choices=REFUSALS,
        help="what a refusal tells on the HA socket; tag also on CDB and MAAPI sockets (code)",
    )
    add(
        "--same-id",
        choices=SAME_ID,
        help="what becomes of a secondary whose node id is connected already (refuse)",
    )
    add(
        "--tls-name",
        dest="tls_names",
        action="append",
        metavar="NAME",
        help="what the certificate of the HA link names, any number of times (the address)",
    )
    add("--exit-with-pid", type=int, metavar="PID", help="stop when that process is gone")


def given_options(options: argparse.Namespace) -> dict[str, Any]:
    """Those node options that were given on the command line."""
    names = {field.name for field in fields(NodeConfig)} - {"directory", "address"}
    given = {
        key: value for key, value in vars(options).items() if key in names and value is not None
    }
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


def _add_node(commands: Any) -> None:
    parser = commands.add_parser(
        "node", help="one node in the foreground", description="Run one node in the foreground."
    )
    parser.add_argument("--dir", type=Path, required=True, help="the node's own directory")
    parser.add_argument("--address", help="the node's IP address, which its peers dial")
    parser.add_argument(
        "--again", action="store_true", help="as at the last start in DIR, but for what is given"
    )
    parser.add_argument("--ipc-address", metavar="ADDRESS", help="for clients (as --address)")
    parser.add_argument("--ipc-path", metavar="PATH", help="Unix socket for clients, no TCP then")
    parser.add_argument(
        "--tls-directory",
        metavar="DIR",
        help="TLS on the HA link, with the authority in DIR, which is made if there is none",
    )
    add_node_options(parser)
    parser.set_defaults(run=_run_node)


def _run_node(options: argparse.Namespace) -> int:
    from ncs_sim.daemon import run

    given = given_options(options)
    if options.address is not None:
        given["address"] = options.address
    if options.again:
        config = replace(NodeConfig.load(options.dir), **given)
    elif options.address is None:
        raise SimError("node needs --address, or --again")
    else:
        config = NodeConfig(directory=str(options.dir), **given)
    run(config.absolute())
    return EXIT_OK


def _add_up(commands: Any) -> None:
    parser = commands.add_parser(
        "up",
        help="start a cluster in the background",
        description="Start nodes n1..nN in the background, all with role none, and write "
        "DIR/inventory.yml for Ansible. Returns once all of them answer. Nodes that were in DIR "
        "before keep their data, and the token stays.",
    )
    parser.add_argument("--nodes", type=int, default=3, metavar="N", help="how many (3)")
    parser.add_argument("--dir", type=Path, required=True, help="where to keep everything")
    parser.add_argument(
        "--first-address",
        default="127.0.1.1",
        metavar="ADDRESS",
        help="address of n1; the others follow (127.0.1.1)",
    )
    parser.add_argument(
        "--unix", action="store_true", help="clients use a Unix socket per node, not TCP"
    )
    parser.add_argument("--tls", action="store_true", help="TLS on the HA links")
    add_node_options(parser)
    parser.set_defaults(run=_run_up)


def _run_up(options: argparse.Namespace) -> int:
    from ncs_sim.cluster import Cluster

    cluster = Cluster.up(
        options.dir,
        options.nodes,
        first_address=options.first_address,
        unix=options.unix,
        tls=options.tls,
        **given_options(options),
    )
    print(f"{len(cluster.nodes)} nodes are up, inventory: {cluster.inventory}")
    return EXIT_OK


def _add_down(commands: Any) -> None:
    parser = commands.add_parser(
        "down", help="stop a cluster", description="Stop all nodes, frozen ones too."
    )
    parser.add_argument("--dir", type=Path, required=True, help="what was given to up")
    parser.set_defaults(run=_run_down)


def _run_down(options: argparse.Namespace) -> int:
    from ncs_sim.cluster import Cluster

    Cluster.open(options.dir).down()
    return EXIT_OK


def _add_ctl(commands: Any) -> None:
    from ncs_sim.ctl import add_actions

    parser = commands.add_parser(
        "ctl",
        help="ask a node, or do something to it",
        description="Ask one node of a cluster, or do something to it.",
    )
    parser.add_argument("--dir", type=Path, required=True, help="what was given to up")
    parser.add_argument("node", metavar="NODE", help="n1, n2, ...")
    add_actions(parser.add_subparsers(title="actions", required=True, metavar="ACTION"))
    parser.set_defaults(run=_run_ctl)


def _run_ctl(options: argparse.Namespace) -> int:
    from ncs_sim.cluster import Cluster, WriteUnknown

    node = Cluster.open(options.dir).node(options.node)
    try:
        result = options.action(node, options)
    except WriteUnknown as error:
        print(f"ncs-sim: unknown: {error}", file=sys.stderr)
        return EXIT_UNKNOWN
    if isinstance(result, str):
        print(result)
    elif result is not None:
        print(json.dumps(result, indent=2))
    return EXIT_OK
