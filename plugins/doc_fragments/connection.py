# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The connection options of the modules; their spec is in module_utils/_node/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that the modules share."""

    DOCUMENTATION = r"""
options:
  path:
    description:
      - Path of the Unix socket on which NSO listens for IPC, on the target.
      - Without it, the environment variable E(NCS_IPC_PATH) of the target is used, unless the task
        gives O(ip) or O(port).
      - When a task gives both O(path) and O(ip) or O(port), O(path) wins.
      - When neither a task nor the environment says anything, C(/tmp/nso/nso-ipc) is used if it
        exists on the target, and TCP otherwise. NSO 6.7 and later listen there by default.
      - NSO accepts root, the user that it runs as, and its own users with C(local_ipc_access).
    type: path
  ip:
    description:
      - Address or host name at which NSO listens for IPC over TCP, as seen from the target.
      - Without it, the environment variable E(NCS_IPC_ADDR) of the target is used, and then
        V(127.0.0.1).
    type: str
  port:
    description:
      - TCP port on which NSO listens for IPC.
      - Without it, the environment variable E(NCS_IPC_PORT) of the target is used, and then
        V(4569).
    type: int
  access_file:
    description:
      - File on the target whose whole content is the secret for NSO's IPC access check. A newline
        at its end counts.
      - It is needed if C(ncs-ipc-access-check) is enabled in C(ncs.conf), and must be left out if
        it is not.
      - Without it, the environment variable E(NCS_IPC_ACCESS_FILE) of the target is used.
    type: path
  timeout:
    description:
      - Seconds to wait for each answer of the daemon, and for connecting to it.
    type: float
    default: 30
notes:
  - The wire protocol was taken from the vendor's clients and documentation. It has not been tried
    against a real NSO daemon by this collection.
"""

    # For modules that may connect an HA socket; as nso.ha.connection.ha_socket.
    HA_SOCKET = r"""
options:
  token:
    description:
      - The secret that all nodes of the cluster share. It is needed only if the HA socket is used.
      - Connecting to the HA socket passes the token to the daemon, which uses it from then on
        instead of the one it had. A wrong token is not refused at that moment. It shows later, as
        error HA_BADTOKEN, when a secondary connects to its primary.
      - Ansible hides the token wherever it occurs in a result, also as a part of other words. A
        token that is short or a common word makes results unreadable.
      - It must be text, so quote it. A number or truth value that YAML made of it is refused, since
        it may be another token. White space or a byte order mark around it is refused as well.
    type: raw
notes:
  - A daemon has one HA socket. Connecting to it makes the daemon close the HA socket of any other
    HA controller and take the token of this task. The module cannot see whether there was another
    controller. Connecting does not change the role of the node.
  - Orders are given over the HA socket. Reading the status and check mode use it only if O(look)
    names it.
"""

    # For modules that look at the role of a node; as nso.ha.connection.look.
    LOOK = r"""
options:
  look:
    description:
      - How to read the role of the node when no order is given. The ways are tried in this order.
        The next one is tried only if the daemon answered and did not report its role. A node that
        cannot be reached, or is too slow, is not asked twice.
      - V(operational_state) reads C(/ncs-state) over MAAPI. It disturbs no other HA controller and
        needs no O(token). It does not report the addresses of other nodes. It is based on the
        vendor's documentation, and has not been tried on a real NSO daemon.
      - V(ha_socket) asks over the HA socket, which any other HA controller of the node loses. It
        needs O(token).
    type: list
    elements: str
    choices: [operational_state, ha_socket]
    default: [operational_state]
    version_added: 0.1.0
"""
