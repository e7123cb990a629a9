# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory that looks as /proc does: processes, and who listens on TCP. See proc(5)."""

from __future__ import annotations

import ipaddress
import os
import struct
from pathlib import Path
from typing import Sequence

#: States of a TCP socket as the kernel writes them.
LISTEN, ESTABLISHED, TIME_WAIT = "0A", "01", "06"

_HEADING = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
_REST = "00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0"


class FakeProc:
    """The first process is there, and nothing listens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "net").mkdir(parents=True)
        # Names that are no process ids.
        (path / "self").mkdir()
        (path / "uptime").write_text("1.0 1.0\n")
        self.process(1, ["/sbin/init"], name="systemd")
        self._tables: dict[str, list[str]] = {"tcp": [], "tcp6": []}
        self._write_tables()

    def __str__(self) -> str:
        """Return the path, which is what the code under test takes."""
        return str(self.path)

    def process(
        self,
        pid: int,
        command: Sequence[str],
        *,
        name: str = "",
        executable: str | None = None,
        state: str = "S",
    ) -> Path:
        """Add a process; return its directory. Its name is by default that of the command.

        executable: where its link leads, or None for a link that cannot be read
        """
        directory = self.path / str(pid)
        directory.mkdir()
        known_as = name or os.path.basename(command[0])[:15]
        (directory / "stat").write_bytes(os.fsencode(f"{pid} ({known_as}) {state} 1 1 1 0 -1 0\n"))
        (directory / "cmdline").write_bytes(b"".join(os.fsencode(one) + b"\0" for one in command))
        if executable is not None:
            (directory / "exe").symlink_to(executable)
        return directory

    def socket(self, address: str, port: int, state: str = LISTEN) -> None:
        """Add a socket at this address: a listening one, unless another state is given."""
        packed = ipaddress.ip_address(address).packed
        count = len(packed) // 4
        # The kernel prints each 32 bits of an address as a number of this machine.
        words = struct.unpack(f"={count}I", packed)
        local = "".join(f"{word:08X}" for word in words)
        table = self._tables["tcp" if count == 1 else "tcp6"]
        remote = "0" * 8 * count
        table.append(f"{len(table):4d}: {local}:{port:04X} {remote}:0000 {state} {_REST}\n")
        self._write_tables()

    def table(self, name: str) -> Path:
        """Return the path of a table: tcp or tcp6."""
        return self.path / "net" / name

    def _write_tables(self) -> None:
        for name, lines in self._tables.items():
            self.table(name).write_text(_HEADING + "".join(lines))
