# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message prints to be pasted."""

from __future__ import annotations

import re
import shlex

import yaml
from ansible.parsing.splitter import parse_kv
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.plugin_utils._checks.consents import entry
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.one_of(st.none(), st.text(min_size=1, max_size=20), st.sampled_from(["-", "unknown"]))
TIMES = st.tuples(st.integers(0, 10**7), st.integers(0, 999_999), st.integers(0, 999_999))


@given(NAMES, TIMES)
@repeatable
def test_a_consent_survives_a_shell_a_command_line_and_yaml(
    primary: str | None, time: tuple[int, int, int]
) -> None:
    pasted = entry("n3", TransactionId(primary, time))
    assert re.fullmatch(r"[A-Za-z0-9._%/@-]+", pasted)
    assert shlex.split(f"x={pasted}") == [f"x={pasted}"]
    assert parse_kv(f"x={pasted}") == {"x": pasted}
    assert yaml.safe_load(f"x: {pasted}") == {"x": pasted}
