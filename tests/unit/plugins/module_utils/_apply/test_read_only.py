# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due for a daemon to be in a mode. Simulated nodes have tests of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from ansible_collections.nso.ha.plugins.module_utils._apply import read_only
from ansible_collections.nso.ha.plugins.module_utils._apply.read_only import Due
from ansible_collections.nso.ha.plugins.module_utils._node.connection import Target
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import UnixEndpoint
from ansible_collections.nso.ha.plugins.module_utils._node.failures import ModuleFailure
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

TARGET = Target(UnixEndpoint("/run/nso"), "", None, 5.0)


@pytest.mark.parametrize("wanted", [True, False])
def test_outside_of_an_operation_the_order_is_due_unless_the_mode_is_known_to_be_right(
    wanted: bool,
) -> None:
    assert read_only.due(wanted, wanted, None) == Due(order=False)
    assert read_only.due(wanted, not wanted, None) == Due(order=True)
    assert read_only.due(wanted, None, None) == Due(order=True)


@pytest.mark.parametrize(
    ("mode", "marked", "order", "mark", "administrator"),
    [
        (True, False, False, False, True),
        (True, True, False, True, False),
        (False, False, True, True, False),
        (False, True, True, True, False),
        (None, False, True, True, False),
        (None, True, True, True, False),
    ],
)
def test_an_operation_sets_the_mode_with_a_mark_unless_it_is_an_administrators(
    mode: bool | None, marked: bool, order: bool, mark: bool, administrator: bool
) -> None:
    assert read_only.due(True, mode, marked) == Due(order, mark, administrator)


@pytest.mark.parametrize(
    ("mode", "marked", "order", "mark", "administrator"),
    [
        (True, False, False, False, True),
        (True, True, True, True, False),
        (False, False, False, False, False),
        # The daemon has restarted.
        (False, True, False, True, False),
        (None, False, False, False, False),
        (None, True, True, True, False),
    ],
)
def test_an_operation_lifts_only_what_is_marked(
    mode: bool | None, marked: bool, order: bool, mark: bool, administrator: bool
) -> None:
    assert read_only.due(False, mode, marked) == Due(order, mark, administrator)


class Daemon:
    """A daemon that answers every order, and tells these modes one after the other."""

    def __init__(self, *modes: bool | None) -> None:
        self.modes = list(modes)
        self.orders: list[bool] = []

    def set_read_only(self, flag: bool) -> None:
        self.orders.append(flag)

    def told(self, _target: Target, seconds: float) -> bool | None:
        assert 0 < seconds <= TARGET.timeout
        return self.modes.pop(0)


def run(monkeypatch: pytest.MonkeyPatch, daemon: Daemon, flag: bool) -> dict[str, object]:
    @contextlib.contextmanager
    def connection(_target: Target) -> Iterator[Daemon]:
        yield daemon

    def no_txid(_target: Target) -> None:
        raise error.Error(error.ERR_OS, "gone")

    monkeypatch.setattr(read_only, "maapi_connection", connection)
    monkeypatch.setattr(read_only, "read_admin_mode", daemon.told)
    monkeypatch.setattr(read_only, "read_txid", no_txid)
    return read_only.set_read_only(TARGET, flag, None, check_mode=False)


@pytest.mark.parametrize(("flag", "word"), [(True, "off"), (False, "on")])
def test_an_order_that_was_answered_and_had_no_effect_is_not_done(
    monkeypatch: pytest.MonkeyPatch, flag: bool, word: str
) -> None:
    daemon = Daemon(not flag, not flag)
    with pytest.raises(ModuleFailure) as failure:
        run(monkeypatch, daemon, flag)
    assert f"and read-only mode is {word} all the same. Hint: " in failure.value.message
    assert failure.value.result["outcome"] == "failed"
    assert failure.value.result["changed"] is True
    assert daemon.orders == [flag]


def test_a_daemon_that_does_not_tell_afterwards_has_carried_out_what_it_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = run(monkeypatch, Daemon(False, None), True)
    assert result["mode"] == {"before": False, "after": True}
    # One that has not told before is not asked once more.
    result = run(monkeypatch, Daemon(None), False)
    assert result["mode"] == {"before": None, "after": False}
