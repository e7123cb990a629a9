# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From role to role: the table of orders, and what has to hold for all of it."""

from __future__ import annotations

import pytest
from ansible_collections.nso.ha.plugins.module_utils._apply import transitions
from ansible_collections.nso.ha.plugins.module_utils._apply.transitions import Wanted
from ansible_collections.nso.ha.plugins.module_utils._node.addresses import Upstream
from ansible_collections.nso.ha.plugins.module_utils._node.state import (
    HaState,
    Peer,
    from_status,
)
from ansible_collections.nso.ha.plugins.module_utils.ncs import ha_status
from helpers.properties import repeatable
from hypothesis import given
from hypothesis import strategies as st

# P is the wanted primary: its id, the address to dial, and a second one that means it, too.
P = Upstream("p", "192.0.2.1", frozenset({"192.0.2.1", "2001:db8::1"}))
OTHER = Peer("q", "192.0.2.9")
SAME = Peer("p", "192.0.2.1")

#: The table, written down independently: one row a line, columns in ROLES' order.
COLUMNS = ("none", "primary", "secondary", "relay")
TABLE = {
    "none": ("-", "beprimary", "besecondary", "besecondary, berelay"),
    "primary": ("benone", "-", "besecondary", "besecondary, berelay"),
    "secondary of P": ("benone", "beprimary", "-", "berelay"),
    "secondary of other": ("benone", "beprimary", "besecondary", "besecondary, berelay"),
    "relay of P": ("benone", "beprimary", "benone, besecondary", "-"),
    "relay of other": (
        "benone",
        "beprimary",
        "benone, besecondary",
        "benone, besecondary, berelay",
    ),
}
FOUND = {
    "none": HaState("none"),
    "primary": HaState("primary", None, (Peer("x", "192.0.2.3"),)),
    "secondary of P": HaState("secondary", SAME),
    "secondary of other": HaState("secondary", OTHER),
    "relay of P": HaState("relay", SAME, (Peer("x", "192.0.2.3"),)),
    "relay of other": HaState("relay", OTHER),
}


def wanted(role: str) -> Wanted:
    return Wanted(role, P if role in ("secondary", "relay") else None)


def cell(row: str, column: str) -> tuple[str, ...]:
    text = TABLE[row][COLUMNS.index(column)]
    return () if text == "-" else tuple(text.split(", "))


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", list(TABLE))
def test_the_orders_are_those_of_the_design(row: str, column: str) -> None:
    start = FOUND[row]
    assert transitions.needed(start, wanted(column)) == cell(row, column)
    assert transitions.orders(start, wanted(column)) == cell(row, column)
    assert transitions.matches(start, wanted(column)) is (cell(row, column) == ())


def test_the_table_has_no_cells_but_those_of_the_design() -> None:
    assert len(transitions.TABLE) == len(TABLE)
    assert all(set(row) == set(COLUMNS) for row in transitions.TABLE.values())
    # For none and primary the role alone counts, whatever upstream is given.
    for row, start in FOUND.items():
        for role in ("none", "primary"):
            assert transitions.needed(start, Wanted(role, P)) == cell(row, role)


@pytest.mark.parametrize(
    "primary",
    [
        None,
        Peer("p", "192.0.2.2"),
        Peer("q", "192.0.2.1"),
        Peer("P", "192.0.2.1"),
        Peer("p", "host.example"),
        Peer("q", ""),
    ],
)
def test_another_id_or_another_address_is_another_primary(primary: Peer | None) -> None:
    start = HaState("secondary", primary)
    assert not transitions.follows(start, P)
    assert transitions.needed(start, wanted("secondary")) == ("besecondary",)


def test_where_a_node_does_not_tell_the_address_of_its_primary_the_id_has_to_do() -> None:
    start = HaState("secondary", Peer("p", ""))
    assert transitions.follows(start, P)
    assert transitions.needed(start, wanted("secondary")) == ()


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "2001:db8::1", "2001:DB8:0::0:1"],
)
def test_addresses_are_compared_as_addresses(address: str) -> None:
    state = from_status(ha_status.STATE_SECONDARY, [{"nodeid": "p", "address": address}])
    assert transitions.follows(state, P)
    assert transitions.needed(state, wanted("secondary")) == ()


def test_a_follower_follows_nobody_where_nobody_is_wanted() -> None:
    assert not transitions.follows(HaState("secondary", SAME), None)


@pytest.mark.parametrize(
    ("role", "orders"),
    [
        ("none", ("benone",)),
        ("primary", ("beprimary",)),
        ("secondary", ("besecondary",)),
        ("relay", ("benone", "besecondary", "berelay")),
    ],
)
def test_force_gives_the_roles_own_orders_where_none_is_needed(
    role: str, orders: tuple[str, ...]
) -> None:
    row = f"{role} of P" if role in ("secondary", "relay") else role
    assert transitions.orders(FOUND[row], wanted(role), force=True) == orders


# Properties, against a small model of what a daemon does with an order.

_peers = st.builds(
    Peer,
    st.sampled_from(["p", "q", "r"]),
    st.sampled_from(["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "192.0.2.9", "host"]),
)
_lists = st.lists(_peers, max_size=3).map(tuple)
found_states = st.one_of(
    st.just(HaState("none")),
    st.builds(HaState, st.just("primary"), st.none(), _lists),
    st.builds(HaState, st.just("secondary"), _peers | st.none()),
    st.builds(HaState, st.just("relay"), _peers, _lists),
)
wanted_states = st.builds(wanted, st.sampled_from(COLUMNS))


class Refused(Exception):
    """The model refuses an order, as a daemon would."""


def carried_out(state: HaState, order: str, upstream: Upstream | None) -> HaState:
    """Return the state of a daemon after an order; docs/protocol.md, "HA socket"."""
    if order == "benone":
        return state if state.role == "none" else HaState("none")
    if order == "beprimary":
        return state if state.role == "primary" else HaState("primary")
    if order == "besecondary":
        assert upstream is not None
        # That a relay may be ordered to be secondary is documented nowhere.
        if state.role == "relay":
            raise Refused(order)
        return HaState("secondary", Peer(upstream.node_id, upstream.address))
    assert order == "berelay"
    if state.role != "secondary":
        raise Refused(order)
    return HaState("relay", state.primary)


@repeatable
@given(found_states, wanted_states, st.booleans())
def test_the_orders_lead_to_the_wanted_role_and_none_is_refused(
    start: HaState, want: Wanted, force: bool
) -> None:
    state = start
    for order in transitions.orders(start, want, force):
        state = carried_out(state, order, want.upstream)
    assert state.role == want.role
    assert transitions.matches(state, want)
    if want.upstream:
        assert transitions.follows(state, want.upstream)


@repeatable
@given(found_states, wanted_states)
def test_a_node_as_wanted_gets_no_order_and_any_other_one_does(
    start: HaState, want: Wanted
) -> None:
    as_wanted = start.role == want.role and (
        want.upstream is None or transitions.follows(start, want.upstream)
    )
    assert (transitions.orders(start, want) == ()) is as_wanted
    assert transitions.matches(start, want) is as_wanted


@repeatable
@given(found_states, wanted_states)
def test_data_is_overwritten_only_where_the_copy_is_not_there_yet(
    start: HaState, want: Wanted
) -> None:
    orders = transitions.orders(start, want)
    if "besecondary" in orders and start.role == "secondary":
        assert not transitions.follows(start, want.upstream)
    if want.role in ("none", "primary"):
        assert "besecondary" not in orders


@repeatable
@given(found_states, wanted_states)
def test_no_order_is_given_twice_and_force_gives_at_least_one(start: HaState, want: Wanted) -> None:
    for force in (False, True):
        orders = transitions.orders(start, want, force)
        assert len(set(orders)) == len(orders)
        assert set(orders) <= set(transitions.ORDERS)
    assert transitions.orders(start, want, force=True)
    # Force adds to what is needed where nothing is, and where berelay alone would do.
    needed = transitions.needed(start, want)
    adds = needed in ((), (transitions.BERELAY,))
    assert adds or transitions.orders(start, want, force=True) == needed


@repeatable
@given(found_states, wanted_states, st.booleans())
def test_what_is_predicted_is_what_the_model_says(
    start: HaState, want: Wanted, force: bool
) -> None:
    orders = transitions.orders(start, want, force)
    state = start
    for order in orders:
        state = carried_out(state, order, want.upstream)
    assert transitions.predict(start, want, orders) == state


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", list(TABLE))
def test_every_cell_is_predicted_as_the_model_says(row: str, column: str, force: bool) -> None:
    start, want = FOUND[row], wanted(column)
    state, orders = start, transitions.orders(start, want, force)
    for order in orders:
        state = carried_out(state, order, want.upstream)
    assert transitions.predict(start, want, orders) == state
