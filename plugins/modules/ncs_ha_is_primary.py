#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ncs_ha_is_primary
short_description: Install a program that says whether the local Cisco NSO daemon is the primary
description:
  - Puts the program C(ncs-ha-is-primary) on a node. It is one file, and needs nothing but Python
    3.8 or later and its standard library. keepalived and load balancers run it to learn whether
    clients may be sent to this node.
  - The program does not use the HA socket, so it disturbs no HA controller and needs no token. Its
    exit status is 0 only if the daemon reports, within the time limit, that it is the primary and
    takes writes. It is 1 if the daemon is not the primary or takes no writes, and 2 in all other
    cases. C(ncs-ha-is-primary --help) lists its options.
  - This module does not connect to NSO.
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
extends_documentation_fragment:
  - nso.ha.attributes
attributes:
  check_mode:
    support: full
    details: Says whether the file would change.
  diff_mode:
    support: full
    details: The checksum and the mode of the file before and after.
  idempotent:
    support: full
options:
  path:
    description:
      - Absolute path of the program. Its directory has to exist.
      - The file belongs to the user that the task runs as, and has the mode C(0755).
    type: path
    default: /usr/local/bin/ncs-ha-is-primary
  python:
    description:
      - Absolute path of the Python interpreter that runs the program, 3.8 or later.
      - The program has bytecode for this interpreter. It also works with a later one, but starts
        more slowly. Run this module again after an update of Python.
    type: path
    default: /usr/bin/python3
seealso:
  - module: nso.ha.ncs_ha_status
"""

EXAMPLES = r"""
- name: Install the program
  nso.ha.ncs_ha_is_primary:

- name: Install it without privileges, for another interpreter
  nso.ha.ncs_ha_is_primary:
    path: /home/nso/bin/ncs-ha-is-primary
    python: /opt/python3.12/bin/python3
"""

RETURN = r"""
program:
  description: Where the program is.
  returned: success
  type: str
  sample: /usr/local/bin/ncs-ha-is-primary
checksum:
  description: SHA-256 of the program, as it is now or would be.
  returned: success
  type: str
  sample: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
"""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nso.ha.plugins.module_utils._probe.program import program, sources

_MODE = 0o755
#: Linux takes no longer first line, and no blank in the path.
_INTERPRETER = re.compile(r"/[!-~]{1,120}")


def argument_spec() -> dict[str, Any]:
    """Return the argument spec."""
    return {
        "path": {"type": "path", "default": "/usr/local/bin/ncs-ha-is-primary"},
        "python": {"type": "path", "default": "/usr/bin/python3"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    path, python = module.params["path"], module.params["python"]
    if not os.path.isabs(path):
        module.fail_json(msg=f"path is {path!r}, which is not absolute")
    if not _INTERPRETER.fullmatch(python):
        module.fail_json(
            msg=f"python is {python!r}, which is not an absolute path of up to 121 characters "
            "without blanks; the first line of the program can name no other"
        )
    if not os.access(python, os.X_OK):
        module.fail_json(
            msg=f"python is {python}, which this host does not have or may not run. "
            "Set python to an interpreter of this host, 3.8 or later."
        )
    try:
        content = program(python, _compiled(module, python))
        module.exit_json(**_install(module, path, content))
    except OSError as problem:
        module.fail_json(msg=f"Installing {path} failed: {problem.strerror or problem}")


def _compiled(module: AnsibleModule, python: str) -> dict[str, bytes]:
    """Return the files of the program, with bytecode for its interpreter. Raises OSError."""
    with tempfile.TemporaryDirectory(dir=module.tmpdir) as directory:
        top = Path(directory)
        for name, content in sources().items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(content)
        # Nothing of this directory, of the time or of chance is to be in the bytecode.
        command = [python, "-S", "-m", "compileall", "-q", "-b", "-d", "ncs-ha-is-primary"]
        status, _out, err = module.run_command(
            [*command, "--invalidation-mode", "unchecked-hash", directory],
            environ_update={"PYTHONHASHSEED": "0"},
        )
        if status:
            raise OSError(f"{python} cannot compile it: {err.strip() or f'exit status {status}'}")
        return {
            path.relative_to(top).as_posix(): path.read_bytes()
            for path in top.rglob("*.py*")
            if path.is_file()
        }


def _install(module: AnsibleModule, path: str, content: bytes) -> dict[str, Any]:
    """Make the file what it should be; return what the module returns. Raises OSError."""
    before, after = _found(path), _described(content, _MODE)
    if before != after and not module.check_mode:
        _write(module, path, content)
    return {
        "changed": before != after,
        "program": path,
        "checksum": hashlib.sha256(content).hexdigest(),
        "diff": {"before_header": path, "after_header": path, "before": before, "after": after},
    }


def _found(path: str) -> str:
    """Describe the file that is there; nothing if there is none."""
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        raise OSError(f"the directory {directory} does not exist. Make it, or set another path")
    if not os.path.lexists(path):
        return ""
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a regular file. Remove it, or set another path")
    with open(path, "rb") as file:
        return _described(file.read(), stat.S_IMODE(status.st_mode))


def _described(content: bytes, mode: int) -> str:
    return f"sha256: {hashlib.sha256(content).hexdigest()}\nmode: {mode:04o}\n"


def _write(module: AnsibleModule, path: str, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.chmod(temporary, _MODE)
    module.atomic_move(temporary, path)
    # A file that was there keeps the mode that it had.
    os.chmod(path, _MODE)


if __name__ == "__main__":
    main()
