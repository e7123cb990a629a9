# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders of an operation: lock and step come first, then the promotion history, then the order."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Iterator, Mapping

import pytest
from ansible_collections.nso.ha.plugins.module_utils._apply import (
    hand_over,
    operation,
    promotion,
)
from ansible_collections.nso.ha.plugins.module_utils._apply.operation import Holding, Operation
from ansible_collections.nso.ha.plugins.module_utils._apply.outcomes import (
    Execution,
    NotGiven,
    Timed,
)
from ansible_collections.nso.ha.plugins.module_utils._apply.promotion import PromotionEscort
from ansible_collections.nso.ha.plugins.module_utils._node.connection import Target
from ansible_collections.nso.ha.plugins.module_utils._node.endpoint import UnixEndpoint
from ansible_collections.nso.ha.plugins.module_utils._node.state import HaState
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId
from ansible_collections.nso.ha.plugins.module_utils._node.validation import OptionError
from ansible_collections.nso.ha.plugins.module_utils._store import clock, contents, mutex
from ansible_collections.nso.ha.plugins.module_utils._store.files import StoreError
from ansible_collections.nso.ha.plugins.module_utils._store.lock import Lock
from ansible_collections.nso.ha.plugins.module_utils._store.run_directory import RunDirectory
from ansible_collections.nso.ha.plugins.module_utils.ncs import error

NOW = 1764028800.25
TXID = TransactionId("n3", (1764, 28000, 5))
EARLIER = TransactionId("n3", (1764, 28000, 4))
TARGET = Target(UnixEndpoint("/run/nso"), "token", None, 5.0)
ENTRY = {
    "epoch": 1,
    "primary": "n3",
    "txid": None,
    "start": [1, 2, 3],
    "at": "then",
    "operation": "converge",
    "run_id": "x",
}
#: The steps that the lock lists.
STEPS = ("promote", "later")
GIVEN = Execution(("beprimary",), None, HaState("primary"), times=(Timed("beprimary", 1.0, 2.5),))


def silent(_text: str) -> None:
    pytest.fail("a warning")


class Node:
    """A node whose lock is held, on a clock that stands still where nobody sleeps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.txids: list[TransactionId | None] = [TXID]
        self.now = 50.0
        self.failure: error.Failure | None = None
        self.asked = 0

    def option(self, **more: Any) -> Operation:
        option = {"state_dir": str(self.path), "run_id": "a", "step": "promote", **more}
        return operation.from_option(option, silent)

    def directory(self) -> RunDirectory:
        return RunDirectory(str(self.path), silent)

    def begin(self, lease: float = 900.0, **more: Any) -> Lock:
        end = clock.iso_text(NOW + lease)
        held = Lock("a", "n1", "switchover", "ops", {}, clock.iso_text(NOW), end, lease, STEPS)
        return self.directory().begin(held._replace(**more), (), NOW).lock

    def txid(self) -> TransactionId | None:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        # What it has last is what it has from now on.
        return self.txids.pop(0) if len(self.txids) > 1 else self.txids[0]

    def read_txid(self, target: Target) -> TransactionId | None:
        assert target is TARGET
        return self.txid()

    @contextlib.contextmanager
    def cdb_connection(self, target: Target) -> Iterator[Node]:
        assert target is TARGET
        yield self

    def promotion(self, **more: Any) -> PromotionEscort:
        return PromotionEscort(self.option(**more), TARGET, "n1")

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def look(self) -> contents.Contents:
        return contents.read_contents(str(self.path))


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    node = Node(tmp_path / "state")
    # Who is kept out is kept out for as long as a test likes.
    monkeypatch.setattr(mutex, "PATIENCE", 0.05)
    for module in (operation, promotion, hand_over):
        told = SimpleNamespace(time=lambda: NOW + 100, monotonic=lambda: node.now, sleep=node.sleep)
        monkeypatch.setattr(module, "time", told)
    for module in (promotion, hand_over):
        monkeypatch.setattr(module, "cdb_connection", node.cdb_connection)
    monkeypatch.setattr(promotion, "read_txid", node.read_txid)
    return node


# The option


def test_the_option_says_what_it_says() -> None:
    txid_option = {"primary_id": "n3", "timestamp": [1764, 28000, 5]}
    option = {
        "state_dir": "/var/lib/nso-ha/",
        "run_id": "a",
        "step": "promote",
        "name": "switchover",
        "epoch": 1,
        "promotions": [ENTRY],
        "txid": txid_option,
    }
    parsed = operation.from_option(option, silent)
    assert parsed[1:] == ("a", "promote", "switchover", 1, (ENTRY,), TXID, False, False, False)
    for number, name in enumerate(("administrator", "follower", "lift"), start=-3):
        assert operation.from_option({**option, name: True}, silent)[number] is True
    assert parsed.directory.path == "/var/lib/nso-ha"
    least = operation.from_option({"state_dir": "/a", "run_id": "a", "step": "promote"}, silent)
    assert least[1:] == ("a", "promote", "", None, (), None, False, False, False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state_dir": "relative"}, r"operation\.state_dir is 'relative'"),
        ({"run_id": ""}, r"operation\.run_id is empty"),
        ({"step": ""}, r"operation\.step is empty"),
        ({"step": "x" * 256}, r"operation\.step is 256 characters long"),
        ({"step": "a\0b"}, r"operation\.step has a NUL"),
        ({"name": ""}, r"operation\.name is empty"),
        ({"name": "x" * 256}, r"operation\.name is 256 characters long"),
        ({"epoch": 0}, r"operation\.epoch is 0"),
        ({"promotions": [ENTRY, {}]}, r"operation\.promotions\[1\]: epoch is missing"),
        ({"txid": {"timestamp": []}}, r"operation\.txid has a timestamp that is \[\]"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(change: Mapping[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        operation.from_option({"state_dir": "/a", "run_id": "a", "step": "b", **change}, silent)


# Holding


def test_the_lock_is_renewed_and_the_step_struck_off_before_an_order(node: Node) -> None:
    held = node.begin()
    holding = Holding(node.option())
    holding.before("secondary_dead")
    assert node.look().lock == held.renewed(NOW + 100).without("promote")
    assert holding.result(GIVEN) == {
        "times": [{"order": "beprimary", "start": 1.0, "end": 2.5}],
    }


@pytest.mark.parametrize("lease", [None, 50.0])
def test_without_the_lock_no_order_is_given_and_nothing_written(
    node: Node, lease: float | None
) -> None:
    held = node.begin(lease) if lease else None
    promote = node.promotion(promotions=[ENTRY], epoch=2)
    for escort, order in ((Holding(node.option()), "secondary_dead"), (promote, "beprimary")):
        with pytest.raises(NotGiven, match=r"\(a\) is not held here any more") as caught:
            escort.before(order)
        assert caught.value.order == order
        assert caught.value.failure is None
        escort.release()
    assert node.look() == contents.Contents(str(node.path), held, [], None, [])
    assert node.asked == 0


@pytest.mark.parametrize("step", ["attach", "Promote"])
def test_a_step_that_is_not_due_gets_no_order_and_nothing_is_written(node: Node, step: str) -> None:
    held = node.begin()
    escorts = (
        (Holding(node.option(step=step)), "secondary_dead"),
        (node.promotion(step=step, promotions=[ENTRY], epoch=2), "beprimary"),
    )
    for escort, order in escorts:
        with pytest.raises(NotGiven, match=f"the step '{step}' is not due on this node") as caught:
            escort.before(order)
        assert caught.value.order == order
        assert "promote, later" in caught.value.why
        assert str(node.path) in caught.value.why
        assert "Hint: run the operation again." in caught.value.why
        escort.release()
    assert node.look() == contents.Contents(str(node.path), held, [], None, [])
    assert node.asked == 0


def test_a_step_that_has_been_taken_is_not_taken_again(node: Node) -> None:
    node.begin()
    first = Holding(node.option())
    first.before("secondary_dead")
    first.release()
    with pytest.raises(NotGiven, match=r"the step 'promote' is not due .* it has been taken"):
        Holding(node.option()).before("secondary_dead")


def test_all_orders_of_a_step_are_given_and_each_renews_the_lock(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.begin()
    promote = node.promotion()
    promote.before("benone")
    monkeypatch.setattr(operation, "time", SimpleNamespace(time=lambda: NOW + 300))
    promote.before("beprimary")
    held = node.look().lock
    assert held is not None
    assert held.steps == ("later",)
    assert held.expires == clock.iso_text(NOW + 300 + 900)


def test_a_step_with_several_orders_stops_where_the_lock_is_lost(node: Node) -> None:
    node.begin()
    promote = node.promotion()
    promote.before("benone")
    (node.path / contents.LOCK).unlink()
    with pytest.raises(NotGiven, match="there is no lock"):
        promote.before("beprimary")


def test_from_the_first_order_until_release_nobody_strikes_a_step_off(node: Node) -> None:
    held = node.begin()
    holding = Holding(node.option())
    # Before the first order anybody may work there.
    assert node.begin(steps=("promote",)).steps == ("promote",)
    holding.before("secondary_dead")
    with pytest.raises(StoreError, match="another process has held it"):
        node.begin(steps=())
    holding.release()
    begun = node.directory().begin(held._replace(steps=()), (), NOW)
    assert begun.struck == (), "a step that was taken counts as withdrawn"


def test_the_directory_is_free_again_also_after_a_refused_step(node: Node) -> None:
    node.begin()
    holding = Holding(node.option(step="other"))
    with pytest.raises(NotGiven):
        holding.before("secondary_dead")
    holding.release()
    holding.release()
    assert node.begin(steps=()).steps == ()


def test_a_step_that_was_struck_off_first_gets_no_order(node: Node) -> None:
    node.begin()
    holding = Holding(node.option())
    node.begin(steps=("later",))
    with pytest.raises(NotGiven, match="the run has withdrawn it") as caught:
        holding.before("secondary_dead")
    assert "the step 'promote' is not due" in caught.value.why


def test_without_orders_no_step_is_taken(node: Node) -> None:
    held = node.begin()
    for escort in (Holding(node.option()), node.promotion()):
        escort.result(GIVEN)
        escort.release()
    assert node.look().lock == held


# Promotion


def test_a_promotion_is_recorded_on_the_data_it_was_made_on(node: Node) -> None:
    node.begin()
    promote = node.promotion(epoch=2, promotions=[ENTRY], txid=TXID.as_dict())
    promote.before("beprimary")
    assert promote.entry == {
        "epoch": 2,
        "primary": "n1",
        "txid": TXID.as_dict(),
        "start": [1764, 28900, 250000],
        "at": clock.iso_text(NOW + 100),
        "operation": "switchover",
        "run_id": "a",
    }
    assert node.look().promotions == [ENTRY, promote.entry]
    assert promote.result(GIVEN) == {
        "entry": promote.entry,
        "txid": TXID.as_dict(),
        "times": [{"order": "beprimary", "start": 1.0, "end": 2.5}],
    }


@pytest.mark.parametrize(
    ("fence", "fenced", "named"),
    [
        (("n3",), (), "n3 may still be primary"),
        (("n3", "n4", "n5"), ("n4",), "n3 and n5 may still be primary"),
        (("n3",), ("n4",), "n3 may still be primary"),
    ],
)
def test_a_node_is_not_made_primary_while_a_host_is_not_confirmed_to_be_fenced(
    node: Node, fence: tuple[str, ...], fenced: tuple[str, ...], named: str
) -> None:
    node.begin(fence=fence, fenced=fenced)
    promote = node.promotion(epoch=2, txid=TXID.as_dict())
    with pytest.raises(NotGiven) as caught:
        promote.before("beprimary")
    assert named in caught.value.why
    assert "Hint: " in caught.value.why
    assert "state: confirmed" in caught.value.why
    assert caught.value.order == "beprimary"
    assert node.asked == 0
    assert promote.entry is None
    assert node.look().promotions == []


def test_a_host_may_be_confirmed_until_the_order_is_given(node: Node) -> None:
    node.begin(fence=("n3",))
    node.directory().confirm("a", "n3", NOW + 50)
    node.promotion().before("beprimary")


@pytest.mark.parametrize("order", ["benone", "besecondary", "berelay"])
def test_an_order_that_makes_nobody_primary_needs_nobody_fenced(node: Node, order: str) -> None:
    node.begin(fence=("n3",))
    node.promotion().before(order)


def test_a_promotion_goes_by_the_name_that_the_task_says(node: Node) -> None:
    node.begin()
    node.txids = [None]
    promote = node.promotion(epoch=2, name="failover")
    promote.before("beprimary")
    assert promote.entry is not None
    assert promote.entry["operation"] == "failover"
    assert promote.entry["txid"] is None


@pytest.mark.parametrize("order", ["benone", "besecondary", "berelay"])
def test_other_orders_need_the_history_and_no_transaction_id(node: Node, order: str) -> None:
    node.begin()
    promote = node.promotion(epoch=2, promotions=[ENTRY], txid={"timestamp": [1, 2, 3]})
    promote.before(order)
    assert node.look().promotions == [ENTRY]
    assert promote.entry is None
    assert node.asked == 0


def test_without_epoch_and_transaction_id_nothing_is_asked_or_recorded(node: Node) -> None:
    node.begin()
    node.promotion().before("beprimary")
    assert node.asked == 0
    assert node.look().promotions == []


@pytest.mark.parametrize("txid", [TransactionId("n3", (1764, 28000, 6)), None])
def test_a_node_with_other_data_is_not_promoted_and_not_recorded(node: Node, txid: Any) -> None:
    node.begin()
    node.txids = [txid]
    with pytest.raises(NotGiven, match=r"not n3/1764028000\.000005") as caught:
        node.promotion(epoch=2, txid=TXID.as_dict()).before("beprimary")
    assert str(txid or "unknown") in caught.value.why
    assert node.look().promotions == []
    assert promotion.PATIENCE <= node.now - 50 < promotion.PATIENCE + 2 * promotion.INTERVAL


def test_the_last_transaction_of_the_old_primary_may_just_arrive(node: Node) -> None:
    node.begin()
    node.txids = [EARLIER, EARLIER, TXID]
    promote = node.promotion(epoch=2, txid=TXID.as_dict())
    promote.before("beprimary")
    assert promote.entry is not None
    assert promote.entry["txid"] == TXID.as_dict()
    assert node.now - 50 == pytest.approx(2 * promotion.INTERVAL)


def test_where_no_transaction_is_awaited_nothing_is_waited_for(node: Node) -> None:
    node.begin()
    node.txids = [EARLIER, TXID]
    promote = node.promotion(epoch=2)
    promote.before("beprimary")
    assert promote.entry is not None
    assert promote.entry["txid"] == EARLIER.as_dict()
    assert node.now == 50


def test_a_node_that_does_not_tell_its_transaction_id_is_not_promoted(node: Node) -> None:
    node.begin()
    node.failure = error.Timeout("nothing")
    with pytest.raises(NotGiven, match="cannot be read") as caught:
        node.promotion(epoch=2).before("beprimary")
    assert caught.value.failure is node.failure
    assert node.look().promotions == []


def test_a_transaction_id_that_cannot_be_recorded_is_no_crash(node: Node) -> None:
    node.begin()
    node.txids = [TransactionId("n3", (1, -2, 3))]
    with pytest.raises(NotGiven, match="cannot be recorded"):
        node.promotion(epoch=2).before("beprimary")
    assert node.look().promotions == []


def test_where_the_history_cannot_be_written_the_order_is_not_given(node: Node) -> None:
    node.begin()
    (node.path / contents.PROMOTIONS).mkdir()
    promote = node.promotion(epoch=2)
    with pytest.raises(NotGiven, match="Is a directory"):
        promote.before("beprimary")
    assert promote.entry is None


def test_what_cannot_be_read_afterwards_is_null(node: Node) -> None:
    promote = node.promotion()
    node.failure = error.EOF()
    assert promote.result(GIVEN)["txid"] is None
    assert node.asked == 1
    # A node that did not answer a moment ago is not waited for again.
    assert promote.result(GIVEN._replace(after=None))["txid"] is None
    assert node.asked == 1


# The hand-over


@pytest.mark.parametrize(
    ("txids", "reads"),
    [([TXID, TXID, EARLIER], 2), ([EARLIER, TXID, TXID], 3), ([None, None], 2)],
)
def test_a_node_stands_still_when_it_gives_the_same_transaction_id_twice(
    node: Node, txids: list[TransactionId | None], reads: int
) -> None:
    node.txids = txids
    assert hand_over.stand_still(TARGET, 0.2)
    assert node.asked == reads


def test_a_node_that_goes_on_writing_is_waited_for_no_longer_than_that(node: Node) -> None:
    node.txids = [TransactionId("n3", (1764, 28000, number)) for number in range(1000)]
    assert not hand_over.stand_still(TARGET, 0.2)
    assert 0.2 <= node.now - 50 < 0.2 + 2 * hand_over.INTERVAL


def test_a_node_that_does_not_tell_its_transaction_id_does_not_stand_still(node: Node) -> None:
    node.failure = error.EOF()
    with pytest.raises(error.EOF):
        hand_over.stand_still(TARGET, 0.2)
