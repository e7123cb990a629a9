# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that have a form as a term: all of them, for properties."""

from __future__ import annotations

from ansible_collections.nso.ha.plugins.module_utils.ncs import terms
from hypothesis import strategies as st

#: The integer of the largest magnitude that a term of 255 bytes has room for.
LARGEST = 256**255 - 1

_BORDERS = [0, 1, 255, 256, 2**31 - 1, 2**31, 2**32, 2**64, LARGEST]

integers = (
    st.integers(-(2**70), 2**70)
    | st.integers(-LARGEST, LARGEST)
    | st.sampled_from(_BORDERS + [-number for number in _BORDERS] + [-(2**31), -(2**31) - 1])
)
# Characters without a UTF-8 form cannot be in an atom.
atoms = st.text(st.characters(blacklist_categories=["Cs"]), max_size=255).map(terms.Atom)
binaries = st.binary(max_size=300)
scalars = integers | atoms | binaries
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=6) | st.lists(inner, max_size=6).map(tuple),
    max_leaves=25,
)


def same(one: object, other: object) -> bool:
    """Return whether two terms are equal and of equal types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other))
    return bool(one == other)
