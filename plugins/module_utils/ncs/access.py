# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The access check: the client proves that it has the secret of the daemon.

Source: docs/protocol.md, "Access check".
"""

from __future__ import annotations

import hashlib
import socket
from typing import NamedTuple

from . import error, frames

#: How messages name the file that holds the access secret.
ACCESS_FILE = "the file named by access_file (NCS_IPC_ACCESS_FILE)"

#: Longest access secret that is read from a file, in bytes.
MAX_SECRET = 64 * 1024

_CHALLENGE = 11
_RESPONSE = 12


class NoChallenge(Exception):
    """The daemon closed the connection where it should have sent a challenge."""


class Check(NamedTuple):
    """One version of the access check: its flag bits, challenge size in bytes, and digest.

    older: the version to try where the daemon does not know this one, or None
    """

    flags: int
    challenge: int
    digest: str
    older: Check | None

    def prove(self, sock: socket.socket, secret: bytes, limit: frames.Deadline) -> None:
        """Answer the daemon's challenge.

        Raises NoChallenge, error.Error, error.Timeout, error.EOF.
        """
        try:
            first = frames.receive(sock, 1, limit)[0]
        except error.EOF:
            raise NoChallenge from None
        if first != _CHALLENGE:
            raise error.Error(
                error.ERR_ACCESS_DENIED,
                "the daemon did not ask for the access secret: its ncs-ipc-access-check seems to "
                f"be off, and this client must not have {ACCESS_FILE} then",
            )
        challenge = frames.receive(sock, self.challenge, limit)
        try:
            digest = hashlib.new(self.digest, secret + challenge).digest()
        except ValueError:
            raise error.Error(
                error.ERR_ACCESS_DENIED,
                f"the daemon uses an older access check, and this host does not allow its digest "
                f"({self.digest})",
            ) from None
        frames.send(sock, bytes([_RESPONSE]) + digest, limit)
        if frames.receive(sock, 1, limit) != b"\0":
            raise error.Error(
                error.ERR_ACCESS_DENIED,
                f"the secret in {ACCESS_FILE} is not the one of the daemon (the whole content "
                "counts, a final newline too)",
            )


V1 = Check(0x80, 16, "md5", None)
V2 = Check(0xC0, 32, "sha256", V1)


def read_file(path: str) -> bytes:
    """Return the access secret: the whole content of the file, untrimmed."""
    try:
        with open(path, "rb") as stream:
            secret = stream.read(MAX_SECRET + 1)
    except OSError as problem:
        raise error.os_error(f"reading the access file {path}", problem) from None
    if len(secret) > MAX_SECRET:
        raise error.Error(
            error.ERR_ACCESS_DENIED,
            f"the access file {path} is larger than the limit of {MAX_SECRET} bytes",
        )
    return secret
