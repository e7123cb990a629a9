# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vectors themselves: that none is there without a test, and that their lengths are right."""

from __future__ import annotations

from helpers import vectors

# Where each section is tested, so that a new one does not go unseen.
CLIENT = {
    "about": "",
    "handshake": "test_ipc",
    "token": "test_ha",
    "orders": "test_ha, test_terms",
    "access_check_v2": "test_ipc",
    "events_subscribe": "test_events, test_terms",
    "cdb": "test_cdb",
    "maapi": "test_maapi, test_terms",
}
SERVER = {
    "about": "",
    "handshake_accepted": "test_ipc",
    "handshake_refused": "test_ipc",
    "answers": "test_ha, test_terms",
    "events": "test_events, test_terms",
    "cdb": "test_cdb, test_terms",
    "maapi": "test_maapi, test_terms",
}


MAAPI = {
    "about": "",
    "clients": "",
    "notes": "",
    "erlang": "test_maapi",
    "java": "the tests of the simulator",
}


def test_every_section_is_known_to_the_tests() -> None:
    assert set(vectors.CLIENT) == set(CLIENT)
    assert set(vectors.SERVER) == set(SERVER)
    assert set(vectors.MAAPI) == set(MAAPI)
    assert set(vectors.CLIENT["token"]) == {"token", "frame"}
    assert set(vectors.CLIENT["access_check_v2"]) == {"secret", "challenge", "response", "passed"}


def _frames(value: object) -> list[str]:
    """Return every text that is called a frame, however deep."""
    if isinstance(value, dict):
        own = [value["frame"]] if "frame" in value else []
        return own + [frame for inner in value.values() for frame in _frames(inner)]
    if isinstance(value, list):
        return [frame for inner in value for frame in _frames(inner)]
    return []


def test_every_frame_has_the_length_it_says() -> None:
    frames = _frames(vectors.CLIENT) + _frames(vectors.SERVER)
    assert len(frames) >= 30
    for frame in frames:
        assert vectors.framed(vectors.payload(bytes.fromhex(frame))).hex() == frame


def test_handshakes_and_challenges_have_their_sizes() -> None:
    assert {len(hello) for hello in vectors.HELLO.values()} == {9}
    assert len(vectors.ACCEPTED) == len(vectors.REFUSED) == 9
    assert len(vectors.CHALLENGE) == len(vectors.RESPONSE) == 33
    assert vectors.PASSED == b"\0"


def test_the_token_is_its_own_raw_frame() -> None:
    assert vectors.payload(vectors.TOKEN_FRAME) == vectors.TOKEN.encode()
