# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the README, from installing ansible-core to a switchover.

They are taken from the README and run in its order in one shell, with a home directory of its own
and without the environment of this process. The inventory is that of the README, unchanged. Its
addresses are for documentation, so files in host_vars beside it say where the nodes are: they are
simulated, on this machine. `SUBSTITUTES` has what else differs, `STATUS` what does not end with 0.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml
from helpers.simulated import Simulation
from ncs_sim.handle import NodeHandle

from gates.commands import GateError, run
from gates.tree import ROOT, lay_out

#: The first heading whose commands are run. What is before it is the demo.
START = "\n## Install\n"
#: The clone of the README, below the home directory.
CLONE = "nso.ha"
#: The node that is the primary after the last command, and those that follow it.
PRIMARY, FOLLOWERS = "nso-2", ("nso-1", "nso-3")

#: What is replaced in commands. All nodes are on one host, so each has a state directory of its
#: own, and this user need not become another.
SUBSTITUTES = {
    "--become ": "",
    "path=/var/lib/nso-ha": "path={{ nso_ha_state_dir }}",
    "owner=nso": f"owner={getpass.getuser()}",
}
#: The exit status of the commands that do not end with 0: a refusal that the README announces.
STATUS = {"ansible-playbook nso.ha.converge -i inventory.yml --check": 2}

_BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
_INVENTORY = "inventory.yml"
#: Settings of pip that say where it finds packages; a newcomer has what the machine needs.
_PIP = "PIP_"


def main() -> int:
    """Follow the README on simulated nodes; return 1 if something is not as it says."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "home"
        home.mkdir()
        try:
            shutil.move(lay_out(Path(directory) / "tree"), home / CLONE)
            with Simulation(Path(directory)) as simulation:
                nodes = simulation.cluster(1 + len(FOLLOWERS)).nodes
                where = dict(zip((PRIMARY, *FOLLOWERS), nodes, strict=True))
                _follow(script(text, _host_vars(where)), home)
                _check(where, home)
        except GateError as problem:
            print(problem)
            return 1
    return 0


def script(readme: str, host_vars: dict[str, str]) -> str:
    """Return a shell script of the commands and files of the README, and of files in host_vars.

    Raises GateError if the README has nothing of what `SUBSTITUTES` or `STATUS` names.
    """
    lines, expected = [], dict(STATUS)
    for kind, block in parts(readme):
        if kind == "yaml":
            name = block.splitlines()[0].removeprefix("# ")
            lines += _file(name, block)
            if name == _INVENTORY:
                lines.append("mkdir host_vars")
                for host, content in host_vars.items():
                    lines += _file(f"host_vars/{host}.yml", content)
        else:
            lines += _command(block, expected.pop(block, 0))
    missing = [text for text in SUBSTITUTES if text not in readme.partition(START)[2]]
    if missing or expected:
        raise GateError(f"README.md has no longer: {[*missing, *expected]}")
    return "\n".join(lines) + "\n"


def parts(readme: str) -> Iterator[tuple[str, str]]:
    """Yield the commands, as "console", and the files, as "yaml", from `START` on, in order."""
    for kind, block in _BLOCK.findall(readme.partition(START)[2]):
        if kind == "yaml":
            yield kind, block
        else:
            for command in _COMMAND.findall(block):
                yield kind, command


def _command(command: str, expected: int) -> list[str]:
    """Return the lines that run a command, and end the script if its exit status is another."""
    for text, instead in SUBSTITUTES.items():
        command = command.replace(text, instead)
    return [
        f"printf '$ %s\\n' {shlex.quote(command)}",
        command,
        "status=$?",
        f'if [ "$status" -ne {expected} ]; then echo "ended with $status"; exit 1; fi',
    ]


def _file(name: str, content: str) -> list[str]:
    return [f"cat >{shlex.quote(name)} <<'END OF FILE'", content.rstrip("\n"), "END OF FILE"]


def _host_vars(where: dict[str, NodeHandle]) -> dict[str, str]:
    """Return the content of a file of variables for each host: where its node is."""
    return {
        host: yaml.safe_dump(
            {
                "ansible_connection": "local",
                "ansible_host": node.address,
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "nso_ha_ip": node.ipc_address,
                "nso_ha_port": node.ipc_port,
                "nso_ha_state_dir": str(node.directory / "state"),
            }
        )
        for host, node in where.items()
    }


def _follow(text: str, home: Path) -> None:
    """Run the script as somebody who has just logged in."""
    path = home.parent / "script"
    path.write_text(text, encoding="utf-8")
    environment = {
        "HOME": str(home),
        # The Python that the pinned ansible-core is for, as python3, and what any machine has.
        "PATH": os.pathsep.join([f"{sys.base_prefix}/bin", "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        # Of what README.md installs, the release that is tested.
        "PIP_CONSTRAINT": str(ROOT / "requirements" / "core-2.19.txt"),
    }
    environment |= {name: value for name, value in os.environ.items() if name.startswith(_PIP)}
    settings = [f"{name}={value}" for name, value in environment.items()]
    run("the commands of README.md", ["env", "-i", *settings, "bash", path], cwd=home)


def _check(where: dict[str, NodeHandle], home: Path) -> None:
    """Ask the nodes for their roles, and see that nothing was left in the clone."""
    roles = {host: node.status()["role"] for host, node in where.items()}
    wanted = {PRIMARY: "primary", **dict.fromkeys(FOLLOWERS, "secondary")}
    if roles != wanted:
        raise GateError(f"the roles are {roles} after the commands of README.md, not {wanted}")
    if (home / CLONE / ".venv").exists():
        raise GateError("the commands of README.md have put .venv into the clone")


if __name__ == "__main__":
    sys.exit(main())
