# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules one after the other, each in a fresh fork: python module_server.py NAME...

Ansible and the modules named are imported once, which is most of what a module run costs. A line of
JSON in, with the name of a module and its arguments; a line of JSON out, with all that the module
did as a process. helpers/forked.py is the other end.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
import traceback
from typing import Any

from ansible.module_utils import basic


def main() -> None:
    """Serve until standard input ends."""
    basic._ANSIBLE_PROFILE = "legacy"
    modules = {
        name: importlib.import_module(f"ansible_collections.nso.ha.plugins.modules.{name}")
        for name in sys.argv[1:]
    }
    for line in sys.stdin:
        request = json.loads(line)
        answer = run(modules[request["name"]], request["arguments"])
        print(json.dumps(answer), flush=True)


def run(module: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return output, exit status and peak memory in KiB of a process that runs this module."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            status = 1
            with contextlib.suppress(BaseException):
                status = be_module(module, arguments, out.fileno(), err.fileno())
            os._exit(status)
        _unused, waited, usage = os.wait4(pid, 0)
        return {
            "out": read(out),
            "err": read(err),
            "status": os.waitstatus_to_exitcode(waited),
            "peak": usage.ru_maxrss,
        }


def be_module(module: Any, arguments: dict[str, Any], out: int, err: int) -> int:
    """Be the process of the module; return its exit status."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    basic._ANSIBLE_ARGS = json.dumps(arguments).encode()
    try:
        module.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def read(stream: Any) -> str:
    stream.seek(0)
    return str(stream.read().decode("utf-8", "replace"))


if __name__ == "__main__":
    main()
