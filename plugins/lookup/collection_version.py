# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: collection_version
short_description: Say which release of a collection is installed
version_added: 0.1.0
author:
  - The nso.ha authors (!UNKNOWN)
description:
  - Returns the version of a collection as Ansible finds it, or empty text where it is not installed
    or was not installed from a release.
  - Made for the role P(nso.ha.awx_setup#role), which needs a collection that is no dependency.
options:
  _terms:
    description: The full names of collections.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the version
  ansible.builtin.debug:
    msg: "{{ lookup('nso.ha.collection_version', 'awx.awx') or 'not installed' }}"
"""

RETURN = r"""
_raw:
  description: A version for each name.
  type: list
  elements: str
"""

import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase


def version(name: str) -> str:
    """Return the version in the manifest of a collection, or nothing where there is none."""
    try:
        package = importlib.import_module(f"ansible_collections.{name}")
        manifest = Path(next(iter(package.__path__)), "MANIFEST.json").read_text(encoding="utf-8")
        return str(json.loads(manifest)["collection_info"]["version"])
    except (ImportError, OSError, ValueError, KeyError):
        return ""


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(
        self, terms: Sequence[str], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[str]:
        """Return the version of each collection."""
        self.set_options(var_options=variables, direct=kwargs)
        return [version(name) for name in terms]
