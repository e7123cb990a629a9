# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's data on disk: string keys to string values, and the transaction id.

Two files: `snapshot`, replaced whole by an atomic rename, and `log.G`, where G is the generation
the snapshot names. A commit appends one record to the log and syncs it before it counts. Starting
a new generation writes an empty log first and renames the snapshot last, so that a crash at any
point leaves either the old pair or the new pair, never a mixture.

Syncing happens in the event loop on purpose: a commit is then indivisible for everything else in
the node, and it takes a few milliseconds at most.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from ncs_sim.errors import StoreError
from ncs_sim.txid import TxId

COMPACT_AT = 4 * 1024 * 1024
_HEADER = 8  # length and CRC-32, 4 bytes each


def _now_micros() -> int:
    return time.time_ns() // 1000


class Store:
    """The data of one node. Whatever `commit` and `replace` return from is on disk."""

    def __init__(self, directory: Path, now: Callable[[], int] = _now_micros) -> None:
        self._directory = directory
        self._now = now
        self._generation = 0
        self._log = -1
        self._log_size = 0
        self._broken = False
        self._clock = 0
        self.data: dict[str, str] = {}
        self.txid = TxId(None, 0)
        self.is_new = False  # no earlier process had it
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if (directory / "snapshot").exists():
                self._load()
            else:
                self.is_new = True
                first = TxId(None, now())
                self._clock = first.micros
                self._begin_generation(first, {})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"cannot open {directory}: {error}") from error

    def next_txid(self, primary_id: str | None) -> TxId:
        """A new id, later than every id this node has made or stored."""
        return TxId(primary_id, max(self._now(), self._clock + 1))

    def commit(self, txid: TxId, changes: Mapping[str, str]) -> None:
        """Apply changes under a new transaction id."""
        if self._broken:
            raise StoreError("the log ends in half a record that cannot be removed")
        payload = _dump({"txid": txid.pack(), "set": dict(changes)})
        record = len(payload).to_bytes(4, "big") + zlib.crc32(payload).to_bytes(4, "big") + payload
        try:
            _write_all(self._log, record)
            os.fdatasync(self._log)
        except OSError as error:
            self._cut_back()
            raise StoreError(f"cannot write the log: {error}") from error
        self._log_size += len(record)
        self._apply(txid, changes)
        if self._log_size > COMPACT_AT:
            # The commit is safe either way; a log that stays long is no reason to fail it.
            with contextlib.suppress(StoreError):
                self._rewrite(self.txid, self.data)

    def replace(self, txid: TxId, data: Mapping[str, str]) -> None:
        """Throw all data away and take these instead."""
        self._rewrite(txid, dict(data))

    def close(self) -> None:
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    def _cut_back(self) -> None:
        """Remove half a record, which must not stay in front of the next whole one."""
        try:
            os.ftruncate(self._log, self._log_size)
            os.fdatasync(self._log)
        except OSError:
            self._broken = True

    def _apply(self, txid: TxId, changes: Mapping[str, str]) -> None:
        self.data.update(changes)
        self.txid = txid
        self._clock = max(self._clock, txid.micros)

    def _rewrite(self, txid: TxId, data: dict[str, str]) -> None:
        try:
            self._begin_generation(txid, data)
        except OSError as error:
            raise StoreError(f"cannot write the snapshot: {error}") from error

    def _begin_generation(self, txid: TxId, data: dict[str, str]) -> None:
        generation = self._generation + 1
        clock = max(self._clock, txid.micros)
        log = self._open_log(generation, os.O_CREAT | os.O_TRUNC)
        try:
            os.fsync(log)
            content = {
                "generation": generation,
                "txid": txid.pack(),
                "clock": clock,
                "data": data,
            }
            temporary = self._directory / "snapshot.new"
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                _write_all(descriptor, _dump(content))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._sync_directory()
            os.rename(temporary, self._directory / "snapshot")
        except OSError:
            os.close(log)
            raise
        self.close()
        self._log, self._log_size, self._generation = log, 0, generation
        self._broken = False
        self.data, self.txid, self._clock = data, txid, clock
        self._sync_directory()
        self._remove_old_logs()

    def _load(self) -> None:
        content = json.loads((self._directory / "snapshot").read_bytes())
        self._generation = int(content["generation"])
        self.txid = TxId.unpack(content["txid"])
        self._clock = int(content["clock"])
        self.data = {str(key): str(value) for key, value in content["data"].items()}
        self._log = self._open_log(self._generation, 0)
        log = (self._directory / f"log.{self._generation}").read_bytes()
        self._log_size = self._replay(log)
        if self._log_size < len(log):
            # The tail is a commit that was cut off, so nobody was told that it succeeded.
            os.ftruncate(self._log, self._log_size)
            os.fsync(self._log)
        self._remove_old_logs()

    def _replay(self, log: bytes) -> int:
        """Apply the whole records of a log; return where the last of them ends."""
        position = 0
        while position + _HEADER <= len(log):
            length = int.from_bytes(log[position : position + 4], "big")
            checksum = int.from_bytes(log[position + 4 : position + _HEADER], "big")
            payload = log[position + _HEADER : position + _HEADER + length]
            if len(payload) < length or zlib.crc32(payload) != checksum:
                break
            record = json.loads(payload)
            self._apply(TxId.unpack(record["txid"]), record["set"])
            position += _HEADER + length
        return position

    def _open_log(self, generation: int, flags: int) -> int:
        path = self._directory / f"log.{generation}"
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _remove_old_logs(self) -> None:
        for path in self._directory.glob("log.*"):
            if path.name != f"log.{self._generation}":
                path.unlink(missing_ok=True)


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
