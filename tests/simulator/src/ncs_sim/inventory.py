# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible inventory of a simulated cluster. Strings are written the JSON way, which is YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ncs_sim.config import NodeConfig
from ncs_sim.handle import NodeHandle

#: How Ansible reaches nodes that run where it runs.
LOCAL: Mapping[str, object] = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}

#: Where the collection keeps what it has to remember of a node: in the node's own directory. It is
#: not made here, as it is none of the node's business.
STATE_DIRECTORY = "state"


def inventory(
    nodes: Sequence[NodeHandle],
    token: str,
    connection: Mapping[str, object] | None = None,
) -> str:
    """The text of inventory.yml. It holds the token, so only its owner may read the file.

    The nodes are members, as the role has it where nothing is said: no node is named as primary.
    `connection` has the variables by which Ansible reaches the nodes, if not those of LOCAL.
    """
    lines = ["---", "nso:", "  vars:"]
    lines += _variables({**(connection or LOCAL), "nso_ha_token": token}, 4)
    lines.append("  hosts:")
    for node in nodes:
        lines.append(f"    {node.name}:")
        lines += _variables(_host_variables(node), 6)
    return "\n".join(lines) + "\n"


def _host_variables(node: NodeHandle) -> dict[str, object]:
    variables: dict[str, object] = {
        "nso_ha_node_id": node.name,
        "nso_ha_node_ip": node.address,
        "nso_ha_state_dir": str(node.directory / STATE_DIRECTORY),
    }
    if node.ipc_path is not None:
        variables["nso_ha_path"] = node.ipc_path
    else:
        variables |= {"nso_ha_ip": node.ipc_address, "nso_ha_port": node.ipc_port}
    if node.ha_port != NodeConfig.ha_port:
        variables["nso_ha_ha_port"] = node.ha_port
    if node.config.access_secret_file is not None:
        variables["nso_ha_access_file"] = node.config.access_secret_file
    return variables


def _variables(values: Mapping[str, object], indent: int) -> list[str]:
    return [f"{' ' * indent}{name}: {json.dumps(value)}" for name, value in values.items()]
