# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes in tests/vectors: what vendor-written clients send, and what a daemon answers.

Beside them what such clients sent on a MAAPI socket, and the made-up answers that they accepted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_DIRECTORY = Path(__file__).resolve().parents[1] / "vectors"


def _load(name: str) -> dict[str, Any]:
    with open(_DIRECTORY / name, encoding="utf-8") as stream:
        content: dict[str, Any] = json.load(stream)
    return content


#: What a client sends.
CLIENT = _load("client.json")
#: What a daemon answers, and what that means.
SERVER = _load("server.json")
#: What two vendors' clients send on a MAAPI socket, and which answers they accept.
MAAPI = _load("maapi.json")

#: The first nine bytes of each kind of connection, under the names of CLIENT.
HELLO = {name: bytes.fromhex(text) for name, text in CLIENT["handshake"].items()}
ACCEPTED = bytes.fromhex(SERVER["handshake_accepted"])
REFUSED = bytes.fromhex(SERVER["handshake_refused"])

TOKEN: str = CLIENT["token"]["token"]
TOKEN_FRAME = bytes.fromhex(CLIENT["token"]["frame"])

SECRET: bytes = CLIENT["access_check_v2"]["secret"].encode("utf-8")
CHALLENGE = bytes.fromhex(CLIENT["access_check_v2"]["challenge"])
RESPONSE = bytes.fromhex(CLIENT["access_check_v2"]["response"])
PASSED = bytes.fromhex(CLIENT["access_check_v2"]["passed"])

CDB_NAME_FRAME = bytes.fromhex(CLIENT["cdb"]["client_name"]["frame"])


def payload(frame: bytes) -> bytes:
    """Return what follows the length of a frame, which has to be right."""
    size = int.from_bytes(frame[:4], "big")
    assert len(frame) == 4 + size, f"a vector whose length is wrong: {frame.hex()}"
    return frame[4:]


def framed(content: bytes) -> bytes:
    """Return content as a frame."""
    return len(content).to_bytes(4, "big") + content


def order_frame(name: str, **arguments: object) -> bytes:
    """Return the one frame of an order that a client sends, given by name and some arguments."""
    found = [
        bytes.fromhex(entry["frame"])
        for entry in CLIENT["orders"]
        if entry["order"] == name and arguments.items() <= entry["args"].items()
    ]
    assert len(found) == 1, f"{len(found)} vectors for {name} with {arguments}"
    return found[0]


def answer(name: str, section: str = "answers") -> bytes:
    """Return the one frame of a daemon's answer, given by name."""
    found = [bytes.fromhex(entry["frame"]) for entry in SERVER[section] if entry["name"] == name]
    assert len(found) == 1, f"{len(found)} vectors named {name} in {section}"
    return found[0]


def maapi_call(name: str, vendor: str = "erlang", section: str = "reading") -> dict[str, Any]:
    """Return one call of a vendor's client on a MAAPI socket, given by name."""
    found: list[dict[str, Any]] = [
        entry for entry in MAAPI[vendor][section] if entry["name"] == name
    ]
    assert len(found) == 1, f"{len(found)} calls named {name} in {section} of {vendor}"
    return found[0]


def maapi_answer(entry: dict[str, Any]) -> bytes:
    """Return all frames of the answer that a call accepted."""
    return b"".join(bytes.fromhex(frame) for frame in entry["answers"])
