# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders that are part of an operation: its lock comes first, then its record, then the order."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Mapping

import pytest
from ansible_collections.nso.ha.plugins.module_utils import clock, kept, operation, promotion
from ansible_collections.nso.ha.plugins.module_utils.endpoint import UnixEndpoint
from ansible_collections.nso.ha.plugins.module_utils.lock import Lock
from ansible_collections.nso.ha.plugins.module_utils.ncs import error
from ansible_collections.nso.ha.plugins.module_utils.node import Target
from ansible_collections.nso.ha.plugins.module_utils.operation import Holding, Operation
from ansible_collections.nso.ha.plugins.module_utils.options import OptionError
from ansible_collections.nso.ha.plugins.module_utils.outcomes import NotGiven, Report, Timed
from ansible_collections.nso.ha.plugins.module_utils.promotion import Promotion
from ansible_collections.nso.ha.plugins.module_utils.state import HaState, TransactionId

NOW = 1764028800.25
TXID = TransactionId("n3", (1764, 28000, 5))
TARGET = Target(UnixEndpoint("/run/nso"), "token", None, 5.0)
ENTRY = {
    "epoch": 1,
    "primary": "n3",
    "txid": None,
    "start": [1, 2, 3],
    "at": "then",
    "operation": "converge",
    "run": "x",
}
GIVEN = Report(("beprimary",), None, HaState("primary"), times=(Timed("beprimary", 1.0, 2.5),))


def silent(_text: str) -> None:
    pytest.fail("a warning")


class Node:
    """A node whose lock is held, on a clock that stands still."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.txid: TransactionId | None = TXID
        self.failure: error.Failure | None = None
        self.asked = 0

    def option(self, **more: Any) -> Operation:
        return operation.from_option({"state_dir": str(self.path), "id": "a", **more}, silent)

    def begin(self, lease: float = 900.0) -> Lock:
        end = clock.text(NOW + lease)
        held = Lock("a", "n1", "switchover", "ops", {}, clock.text(NOW), end, lease)
        return self.option().directory.begin(held, (), NOW).lock

    def read_txid(self, target: Target) -> TransactionId | None:
        assert target is TARGET
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return self.txid

    def promotion(self, **more: Any) -> Promotion:
        return Promotion(self.option(**more), TARGET, "n1")

    def look(self) -> kept.Kept:
        return kept.look(str(self.path))


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    node = Node(tmp_path / "state")
    for module in (operation, promotion):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: NOW + 100))
    monkeypatch.setattr(promotion, "read_txid", node.read_txid)
    return node


# The option


def test_the_option_says_what_it_says() -> None:
    stamp = {"primary_id": "n3", "timestamp": [1764, 28000, 5]}
    option = {
        "state_dir": "/var/lib/nso-ha/",
        "id": "a",
        "name": "switchover",
        "epoch": 1,
        "timeline": [ENTRY],
        "txid": stamp,
    }
    found = operation.from_option(option, silent)
    assert found[1:] == ("a", "switchover", 1, (ENTRY,), TXID)
    assert found.directory.path == "/var/lib/nso-ha"
    least = operation.from_option({"state_dir": "/a", "id": "a"}, silent)
    assert least[1:] == ("a", "", None, (), None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state_dir": "relative"}, r"operation\.state_dir is 'relative'"),
        ({"id": ""}, r"operation\.id is empty"),
        ({"name": ""}, r"operation\.name is empty"),
        ({"name": "x" * 256}, r"operation\.name is 256 characters long"),
        ({"epoch": 0}, r"operation\.epoch is 0"),
        ({"timeline": [ENTRY, {}]}, r"operation\.timeline\[1\]: epoch is missing"),
        ({"txid": {"timestamp": []}}, r"operation\.txid\.timestamp is \[\]"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(change: Mapping[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        operation.from_option({"state_dir": "/a", "id": "a", **change}, silent)


# Holding


def test_the_lock_is_renewed_before_an_order(node: Node) -> None:
    held = node.begin()
    holding = Holding(node.option())
    holding.before("secondary_dead")
    assert node.look().lock == held.renewed(NOW + 100)
    assert holding.more(GIVEN) == {
        "times": [{"order": "beprimary", "start": 1.0, "end": 2.5}],
    }


@pytest.mark.parametrize("lease", [None, 50.0])
def test_without_the_lock_no_order_is_given_and_nothing_written(
    node: Node, lease: float | None
) -> None:
    held = node.begin(lease) if lease else None
    promote = node.promotion(timeline=[ENTRY], epoch=2)
    for escort, order in ((Holding(node.option()), "secondary_dead"), (promote, "beprimary")):
        with pytest.raises(NotGiven, match=r"\(a\) is not held here any more") as caught:
            escort.before(order)
        assert caught.value.order == order
        assert caught.value.failure is None
    assert node.look() == kept.Kept(held, [], None, [])
    assert node.asked == 0


# Promotion


def test_a_promotion_is_recorded_on_the_data_it_was_made_on(node: Node) -> None:
    node.begin()
    promote = node.promotion(epoch=2, timeline=[ENTRY], txid=TXID.as_result())
    promote.before("beprimary")
    assert promote.entry == {
        "epoch": 2,
        "primary": "n1",
        "txid": TXID.as_result(),
        "start": [1764, 28900, 250000],
        "at": clock.text(NOW + 100),
        "operation": "switchover",
        "run": "a",
    }
    assert node.look().timeline == [ENTRY, promote.entry]
    assert promote.more(GIVEN) == {
        "entry": promote.entry,
        "txid": TXID.as_result(),
        "times": [{"order": "beprimary", "start": 1.0, "end": 2.5}],
    }


def test_a_promotion_goes_by_the_name_that_the_task_says(node: Node) -> None:
    node.begin()
    node.txid = None
    promote = node.promotion(epoch=2, name="failover")
    promote.before("beprimary")
    assert promote.entry is not None
    assert promote.entry["operation"] == "failover"
    assert promote.entry["txid"] is None


@pytest.mark.parametrize("order", ["benone", "besecondary", "berelay"])
def test_other_orders_need_the_record_and_no_transaction_id(node: Node, order: str) -> None:
    node.begin()
    promote = node.promotion(epoch=2, timeline=[ENTRY], txid={"timestamp": [1, 2, 3]})
    promote.before(order)
    assert node.look().timeline == [ENTRY]
    assert promote.entry is None
    assert node.asked == 0


def test_without_epoch_and_transaction_id_nothing_is_asked_or_recorded(node: Node) -> None:
    node.begin()
    node.promotion().before("beprimary")
    assert node.asked == 0
    assert node.look().timeline == []


@pytest.mark.parametrize("found", [TransactionId("n3", (1764, 28000, 6)), None])
def test_a_node_with_other_data_is_not_promoted_and_not_recorded(node: Node, found: Any) -> None:
    node.begin()
    node.txid = found
    with pytest.raises(NotGiven, match=r"not n3/1764028000\.000005") as caught:
        node.promotion(epoch=2, txid=TXID.as_result()).before("beprimary")
    assert str(found or "unknown") in caught.value.why
    assert node.look().timeline == []


def test_a_node_that_does_not_tell_its_transaction_id_is_not_promoted(node: Node) -> None:
    node.begin()
    node.failure = error.Timeout("nothing")
    with pytest.raises(NotGiven, match="cannot be read") as caught:
        node.promotion(epoch=2).before("beprimary")
    assert caught.value.failure is node.failure
    assert node.look().timeline == []


def test_a_transaction_id_that_cannot_be_recorded_is_no_crash(node: Node) -> None:
    node.begin()
    node.txid = TransactionId("n3", (1, -2, 3))
    with pytest.raises(NotGiven, match="none that can be recorded"):
        node.promotion(epoch=2).before("beprimary")
    assert node.look().timeline == []


def test_where_the_record_cannot_be_written_the_order_is_not_given(node: Node) -> None:
    node.begin()
    (node.path / kept.TIMELINE).mkdir()
    promote = node.promotion(epoch=2)
    with pytest.raises(NotGiven, match="Is a directory"):
        promote.before("beprimary")
    assert promote.entry is None


def test_what_cannot_be_read_afterwards_is_null(node: Node) -> None:
    promote = node.promotion()
    node.failure = error.EOF()
    assert promote.more(GIVEN)["txid"] is None
    assert node.asked == 1
    # A node that did not answer a moment ago is not waited for again.
    assert promote.more(GIVEN._replace(after=None))["txid"] is None
    assert node.asked == 1
