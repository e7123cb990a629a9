# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""For how long no node accepted writes as primary. Pure functions."""

from __future__ import annotations

from typing import Any

from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import DONE

from .._plan.plan import HAND_OVER, OPEN, PROMOTE, READ_ONLY, STEP_DOWN
from .run_state import Decision, StepResult

MEASURED = "measured"
AT_MOST = "at most"
NONE_LEFT = "none"
NOT_KNOWN = "not known"


def write_gap(decision: Decision, primary: str) -> dict[str, Any]:
    """Return for how long no node accepted writes as primary, and how exact that is.

    It begins with the order to the former primary to accept no more, and ends with the answer of
    the new primary. By the clocks of the two nodes, if what they say can be true: the promotion
    comes after the hand-over, and all of it lies within what the controller saw. Else it is the
    time between the tasks before and after, which is longer. After a failover, and where an
    administrator had made the former primary read-only, it is not known when it began.

    primary: the only node that is primary at the end, or "": a new primary that is lost by then
             has ended no gap
    """
    steps = decision.progress.steps
    ends = [step for step in steps if step.wave in (HAND_OVER, STEP_DOWN)]
    # A former primary that comes back accepts writes when it is not held any more.
    begins = [step for step in steps if step.wave in (PROMOTE, OPEN) and step.outcome == DONE]
    if not begins:
        return {"seconds": None, "means": NONE_LEFT if not ends else NOT_KNOWN}
    # A primary that an administrator has made read-only takes none before it is held either.
    if not ends or _was_read_only(ends[0]) or begins[-1].host != primary:
        return {"seconds": None, "means": NOT_KNOWN}
    before = [step.finished for step in steps[: steps.index(ends[0])]]
    since = before[-1] if before else decision.progress.started
    most = begins[-1].finished - since
    # The controller does not know when it began, or its own clock was set.
    if since <= 0 or most < 0:
        return {"seconds": None, "means": NOT_KNOWN}
    seconds = _by_the_nodes(ends[0], begins[-1])
    if seconds is not None and 0 <= seconds <= most:
        return {"seconds": round(seconds, 3), "means": MEASURED}
    return {"seconds": round(most, 3), "means": AT_MOST}


def _by_the_nodes(hands_over: StepResult, takes_over: StepResult) -> float | None:
    """Return the time between two steps by the clocks of their nodes, None where these disagree."""
    if hands_over.start is None or takes_over.end is None:
        return None
    ended, began = hands_over.end, takes_over.start
    if ended is not None and began is not None and began < ended:
        return None
    return takes_over.end - hands_over.start


def _was_read_only(step: StepResult) -> bool:
    """Return whether a primary took no writes before it handed over, by an administrator's mode."""
    return step.wave == HAND_OVER and step.outcome == DONE and READ_ONLY not in step.given


def sentence(gap: dict[str, Any]) -> str:
    """Return a write gap as a sentence, or "" where there is none or it is not known."""
    if gap["seconds"] is None:
        return ""
    if gap["means"] == MEASURED:
        return f"No node accepted writes for {gap['seconds']:.2f} s, by the clocks of both nodes."
    return f"No node accepted writes for at most {gap['seconds']:.2f} s."
