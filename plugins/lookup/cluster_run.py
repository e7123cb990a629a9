# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_run
short_description: Say who runs an operation on an HA cluster of NSO nodes
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Returns what tells this run from every other. It goes into the lock and into the log of
    operations that are kept on the nodes.
  - Made for the role P(nso.ha.cluster#role).
options:
  _terms:
    description: Nothing.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Say who runs this
  ansible.builtin.debug:
    msg: "{{ lookup('nso.ha.cluster_run').owner }}"
"""

RETURN = r"""
_raw:
  description: The run.
  type: list
  elements: dict
  contains:
    id:
      description: An id that no other run has.
      returned: always
      type: str
    owner:
      description: The user of AWX and the number of the job, or else the user and the controller.
      returned: always
      type: str
    began:
      description: The time, in UTC.
      returned: always
      type: str
    process:
      description: The process on the controller, so that a later run finds out whether it lives.
      returned: always
      type: dict
      contains:
        host:
          description: Name of the controller.
          returned: always
          type: str
        boot:
          description: Id of its boot. Empty where the system has none.
          returned: always
          type: str
        namespace:
          description: Which process ids are meant. Empty where the system does not say.
          returned: always
          type: str
        pid:
          description: The process id.
          returned: always
          type: int
        began:
          description: When it began, in ticks since boot. Empty where the system does not say.
          returned: always
          type: str
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from secrets import token_hex
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.nso.ha.plugins.plugin_utils import processes


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(
        self, terms: Sequence[str], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Return the run, in a list of its own."""
        self.set_options(var_options=variables, direct=kwargs)
        process = processes.this_process()
        return [
            {
                "id": token_hex(8),
                "owner": processes.owner(variables or {}, process["host"]),
                "began": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "process": process,
            }
        ]
