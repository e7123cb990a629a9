# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_title
short_description: Say what an operation on an HA cluster is called where people read it
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Returns the name of an operation in words, for the name of a task or a message.
  - Used in the name of a task it does more. Ansible makes names before it starts a process for each
    host, so that what the filters of this collection import is there already in all later tasks.
    Without that, each of them imports it anew.
options:
  _input:
    description: The name of an operation, such as V(tear_down).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: "Say who runs {{ 'tear_down' | nso.ha.cluster_title }}"
  ansible.builtin.debug:
    msg: tear down
"""

RETURN = r"""
_value:
  description: The name in words.
  type: str
  sample: tear down
"""

from collections.abc import Callable
from typing import Any


def cluster_title(operation: str) -> str:
    """See DOCUMENTATION."""
    return operation.replace("_", " ")


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_title": cluster_title}
