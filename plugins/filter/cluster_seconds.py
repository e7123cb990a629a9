# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_seconds
short_description: Read a time limit of an operation on an HA cluster of NSO nodes
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Returns the time in seconds. An empty value was not given, as where nobody filled in a field of
    a survey.
  - Fails with the name of the variable where the value is no such number.
  - Made for the role P(nso.ha.cluster#role). It only computes.
positional: name, default
options:
  _input:
    description: What was given, a number or text.
    type: raw
    required: true
  name:
    description: The name of the variable.
    type: str
    required: true
  default:
    description: What holds if nothing was given.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Show the limit
  ansible.builtin.debug:
    msg: "{{ nso_ha_timeout | nso.ha.cluster_seconds('nso_ha_timeout', 30) }}"
"""

RETURN = r"""
_value:
  description: The time in seconds.
  returned: always
  type: float
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.nso.ha.plugins.plugin_utils._run import variables


def cluster_seconds(value: object, name: str, default: float) -> float:
    """See DOCUMENTATION."""
    try:
        return variables.seconds(value, name, default)
    except ValueError as problem:
        raise AnsibleFilterError(str(problem)) from None


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_seconds": cluster_seconds}
