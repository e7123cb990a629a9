# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a run whose end could not be recorded, logged or unlocked on every node."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._run import ending
from ansible_collections.nso.ha.plugins.plugin_utils._run.results import ENDED, LOCK
from helpers.cases import RUN_ID, Result, lock, results, said

HELD = said(lock=lock())
DONE = said(changed=True, lock=None)
FULL = "The operation did not end as it should: cannot write /state/lock.json: Read-only file"
CUT_OFF: Result = {"failed": True, "msg": "Timed out."}
DROPPED: Result = {"unreachable": True, "msg": "no route."}
BREAKS = f"nso_ha_break_lock={RUN_ID} breaks it"


def problems(taken: Result | None, ended: Result | None) -> list[str]:
    """Return what is told of n1, which gave these results."""
    given = {LOCK: taken, ENDED: ended}
    by_name = {name: {"n1": result} for name, result in given.items() if result is not None}
    return ending.problems(["n1"], results(by_name))


def test_nothing_is_told_of_a_host_whose_module_said_that_it_is_done() -> None:
    assert problems(HELD, DONE) == []
    assert problems(None, DONE) == []


def test_nothing_is_told_of_a_host_whose_lock_was_never_tried() -> None:
    assert problems(None, None) == []
    assert problems({}, {}) == []
    refused = said(failed=True, lock=lock("other"))
    assert problems(refused, None) == []


def test_a_failure_is_told_and_a_lock_that_stays_with_when_it_expires_and_how_to_break_it() -> None:
    failed = said(failed=True, msg=f"{FULL}.", lock=lock())
    (text,) = problems(HELD, failed)
    assert text == (
        f"n1: {FULL}. Its lock stays and refuses other operations until it expires at one; {BREAKS}"
    )
    assert problems(HELD, {**failed, "lock": None}) == [f"n1: {FULL}"]
    # One that somebody else took meanwhile is not for this run to speak of.
    assert problems(HELD, {**failed, "lock": lock("other")}) == [f"n1: {FULL}"]


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (None, "it had dropped out of the play"),
        (CUT_OFF, "Timed out"),
        (DROPPED, "no route"),
    ],
)
def test_silence_at_the_end_is_told_as_not_known(last: Result | None, why: str) -> None:
    (text,) = problems(HELD, last)
    assert text.startswith("n1: it is not known whether the operation was recorded and logged")
    assert f"nor whether the lock was given back: {why}. " in text
    assert text.endswith(f"If it was not, it expires 900 s after it was renewed last, and {BREAKS}")


@pytest.mark.parametrize("taken", [CUT_OFF, DROPPED])
def test_a_lock_that_may_have_been_taken_when_its_task_was_cut_off_may_stay(taken: Result) -> None:
    (text,) = problems(taken, None)
    assert text.endswith(f"If it was not, it expires by itself, and {BREAKS}")
