# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_after_wave
short_description: Add to a plan what came of the steps so far
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Adds a verdict for each step that was not done, so that no further wave starts.
  - Made for the role P(nso.ha.cluster#role). It only computes.
positional: wave, hostvars
options:
  _input:
    description: What P(nso.ha.cluster_plan#filter) returned.
    type: dict
    required: true
  wave:
    description: The wave of the plan that has just been carried out.
    type: dict
    required: true
  hostvars:
    description: The variable C(hostvars).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Add the results
  ansible.builtin.set_fact:
    plan: "{{ plan | nso.ha.cluster_after_wave(wave, hostvars) }}"
"""

RETURN = r"""
_value:
  description: The plan, with the results of the wave, and more verdicts.
  type: dict
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._run import gathered, progress


def cluster_after_wave(
    plan: Mapping[str, Any],
    wave: Mapping[str, Any],
    hostvars: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """See DOCUMENTATION."""
    found = gathered.gather(plan["targets"], hostvars, plan["run"], plan)
    return progress.after_wave(plan, wave, found, time.time())


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"cluster_after_wave": cluster_after_wave}
