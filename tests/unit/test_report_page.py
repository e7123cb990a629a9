# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/report.md has the keys of `nso_ha_report`, all of them and no others."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.nso.ha.plugins.plugin_utils._checks.case import FAILED, Verdict
from ansible_collections.nso.ha.plugins.plugin_utils._model.history import PromotionHistory
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Member
from ansible_collections.nso.ha.plugins.plugin_utils._run import report, status_report, stored
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import Results
from ansible_collections.nso.ha.plugins.plugin_utils._run.run_state import (
    Decision,
    OperationPlan,
    Progress,
    Run,
    StepResult,
)
from ansible_collections.nso.ha.plugins.plugin_utils._run.stored import Stored
from helpers.modules import ROOT

PAGE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
MEMBERS = (Member("n1", "n1", "192.0.2.1", "primary"),)
RUN = Run("r1", "ops@bastion", "2026-11-25T00:17:36Z", {}, "converge", ("n1",))


def rows(title: str) -> list[tuple[str, str]]:
    """Return the first and the third cell of the table below a heading, without its marks."""
    text = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+?) (?:\|.*)?\|?$", text, re.M)


def keys(title: str) -> list[str]:
    return [key for key, _cell in rows(title)]


def of_an_operation() -> dict[str, Any]:
    """The report of a run with a step and a check that failed."""
    step = StepResult("promote", "promote", "n1", ("beprimary",), (), "why", "failed")
    plan = OperationPlan("converge", MEMBERS, verdicts=(Verdict("possible", FAILED, "why"),))
    decision = Decision(plan, Progress(steps=(step,)))
    return report.report(
        RUN, MEMBERS, decision, Results("r1"), Stored(PromotionHistory()), 0.0
    ).data


def of_status() -> dict[str, Any]:
    results = Results("r1")
    found = stored.read(["n1"], results, "", lambda process: False)
    return status_report.status_report(RUN, MEMBERS, [], results, found, 0.0).data


def test_an_operation_returns_what_the_page_says() -> None:
    returned = of_an_operation()
    assert set(returned) == set(keys("Keys"))
    assert set(returned["nodes"][0]) == set(keys("nodes"))
    assert set(returned["verdicts"][0]) == set(keys("verdicts"))
    assert set(returned["steps"][0]) == set(keys("steps"))
    assert set(returned["write_gap"]) == set(keys("write_gap"))


def test_status_returns_what_is_always_there() -> None:
    returned = of_status()
    assert set(returned) == {key for key, when in rows("Keys") if when == "always"}
    assert set(returned["nodes"][0]) == set(keys("nodes")) - {"txid_before"}
