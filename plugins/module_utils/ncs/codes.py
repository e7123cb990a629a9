# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the error codes of the NCS daemon mean.

The table is that of docs/protocol.md, "Error codes". Apart from error.py, as only
what fails needs it, and what a target does not need it does not have to compile.
"""

from __future__ import annotations

from typing import NamedTuple

from . import error


class Code(NamedTuple):
    """What one error code means. `hint` is what usually helps."""

    name: str
    meaning: str
    hint: str


CODES: dict[int, Code] = {
    error.ERR_ACCESS_DENIED: Code(
        "ACCESS_DENIED",
        "the daemon does not let this client in",
        "compare access_file (NCS_IPC_ACCESS_FILE) with the daemon's; on a Unix socket, run as "
        "root or as the user that NSO runs as",
    ),
    error.ERR_BADSTATE: Code(
        "BADSTATE",
        "the node is not in a state for this order",
        "wait for start phase 1; a relay has to be a secondary first",
    ),
    error.ERR_INTERNAL: Code("INTERNAL", "the daemon failed inside", "read the daemon's log"),
    error.ERR_PROTOUSAGE: Code(
        "PROTOUSAGE",
        "client and daemon do not speak the same protocol",
        "check that this address and port are an NSO IPC port, and the NSO version",
    ),
    error.ERR_OS: Code(
        "OS",
        "the operating system reported an error",
        "see whether NSO runs and listens there (path, ip, port), and whether the user that the "
        "task runs as may do this",
    ),
    error.ERR_HA_CONNECT: Code(
        "HA_CONNECT",
        "the node could not reach the HA port of its primary",
        "check primary_ip, HA port 4570 and firewalls between them, that TLS is set alike on "
        "both, and that the other node is primary or relay",
    ),
    error.ERR_HA_CLOSED: Code(
        "HA_CLOSED",
        "the other node closed the HA link, or the first synchronisation failed or timed out",
        "read the primary's log",
    ),
    error.ERR_HA_BADFXS: Code(
        "HA_BADFXS",
        "the two nodes have different packages, or different versions of them, loaded",
        "load the same packages on both nodes",
    ),
    error.ERR_HA_BADTOKEN: Code(
        "HA_BADTOKEN",
        "the two nodes hold different tokens",
        "use one token for the whole cluster and connect to both nodes with it again",
    ),
    error.ERR_HA_BADNAME: Code(
        "HA_BADNAME",
        "the primary goes by another node id than primary_id",
        "compare primary_id with the node_id that the primary was given",
    ),
    error.ERR_HA_BIND: Code(
        "HA_BIND",
        "the node could not open its HA port",
        "see whether another process holds the port, and whether the address is this host's",
    ),
    error.ERR_HA_NOTICK: Code(
        "HA_NOTICK",
        "the other node stopped sending ticks",
        "check the network between them and whether the other process hangs",
    ),
    error.ERR_EOF: Code(
        "EOF",
        "the daemon closed the connection",
        "another HA controller may have connected, or the daemon stopped",
    ),
    error.ERR_HA_WITH_UPGRADE: Code(
        "HA_WITH_UPGRADE",
        "a data model upgrade is under way on an HA node",
        "finish the upgrade first",
    ),
    error.ERR_TIMEOUT: Code(
        "TIMEOUT",
        "there was no answer in time",
        "see whether the daemon hangs or is busy, or allow more time",
    ),
    error.ERR_NOT_IMPLEMENTED: Code(
        "NOT_IMPLEMENTED",
        "this daemon has no such operation",
        "NSO 6.7 and later have no relays: let secondaries follow the primary",
    ),
    error.ERR_HA_BADVSN: Code(
        "HA_BADVSN",
        "the two daemons speak different versions of the HA protocol",
        "run the same NSO version on all nodes",
    ),
    error.ERR_START_FAILED: Code(
        "START_FAILED",
        "the daemon could not enter the start phase",
        "read the daemon's log",
    ),
    error.ERR_UPGRADE_IN_PROGRESS: Code(
        "UPGRADE_IN_PROGRESS",
        "this is not allowed while an upgrade is in progress",
        "wait until the upgrade is finished",
    ),
    error.ERR_HA_BADCONFIG: Code(
        "HA_BADCONFIG",
        "the configuration of the event streams differs from the primary's",
        "make the notification streams in ncs.conf the same on both nodes",
    ),
    error.ERR_HA_ABORT: Code("HA_ABORT", "the HA operation was aborted", "try again"),
}


def code_of(number: int) -> Code:
    """Return what is known of an error code; of one not in the table, that it is not known."""
    known = CODES.get(number)
    if known is not None:
        return known
    return Code(
        f"ERROR_{number}",
        "an error this client does not know",
        "look the number up in the confd_lib_lib(3) manual page of your NSO release",
    )
