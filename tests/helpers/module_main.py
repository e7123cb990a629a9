# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one module of the collection as a process: python module_main.py NAME < parameters.

The parameters are the JSON that Ansible hands to a module. That it is read from standard input
here, and not from the wrapper that Ansible sends, is the only difference to a real run.
"""

import importlib
import sys

from ansible.module_utils import basic


def main() -> None:
    """Run the module that the first argument names."""
    basic._ANSIBLE_ARGS = sys.stdin.buffer.read()
    # ansible-core 2.19 and later want to know how results are to be written; older ones ignore it.
    basic._ANSIBLE_PROFILE = "legacy"
    importlib.import_module(f"ansible_collections.nso.ha.plugins.modules.{sys.argv[1]}").main()


if __name__ == "__main__":
    main()
