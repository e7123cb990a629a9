# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The promotion history of a node: which node was made primary when, and on which data.

Plain data; contents.py has the file. An entry is a line, and carries a checksum of the rest of the
line, so that a change of any byte is detected. It may have more keys than are known here.
"""

from __future__ import annotations

import hashlib
from typing import Any, Callable, Dict, Iterable, Mapping

from .._node.transaction_id import TransactionId, parse_timestamp
from . import json_lines, plain_json

Entry = Dict[str, Any]

FIELDS = ("epoch", "primary", "txid", "start", "at", "operation", "run_id")

#: How many entries are stored, the newest, and how many bytes they may take.
MAX_ENTRIES = 1000
MAX_BYTES = 4 * 1024 * 1024

#: Keys that a line has beside those of its entry.
_OF_THE_LINE = ("sum", plain_json.KEY)

_MAX_TEXT = 255
_MAX_NUMBER = 2**63


def check_entry(entry: object) -> Entry:
    """Return an entry, or raise ValueError that says what is wrong with it."""
    if not isinstance(entry, dict):
        raise ValueError("an entry is not a dictionary")
    plain_json.check_keys(entry, FIELDS)
    for name in _OF_THE_LINE:
        if name in entry:
            raise ValueError(f"it has the key {name!r}, which is not one of an entry")
    plain_json.check_texts(entry, ("primary", "at", "operation", "run_id"), _MAX_TEXT)
    epoch = entry["epoch"]
    if not _is_number(epoch) or epoch < 1:
        raise ValueError("epoch is not a whole number above 0")
    _checked("start", parse_timestamp, entry["start"])
    if entry["txid"] is not None:
        _checked("txid", TransactionId.from_dict, entry["txid"])
    plain_json.dump(entry)
    return dict(entry)


def _checked(name: str, validate: Callable[[object], object], value: object) -> None:
    try:
        validate(value)
    except ValueError as problem:
        raise ValueError(f"{name} {problem}") from None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_NUMBER


def dump_entry(entry: Entry) -> str:
    """Return the line for an entry, without the newline."""
    return _with_sum({**entry, plain_json.KEY: plain_json.FORMAT})


def _with_sum(fields: Mapping[str, Any]) -> str:
    total = hashlib.sha256(plain_json.dump(fields).encode("ascii")).hexdigest()
    return plain_json.dump({**fields, "sum": total})


def dump_entries(entries: Iterable[Entry]) -> bytes:
    """Return the file with these entries."""
    return "".join(f"{dump_entry(entry)}\n" for entry in entries).encode("ascii")


def parse_entries(data: bytes, path: str) -> tuple[list[Entry], list[str]]:
    """Return the entries in a file, and what is damaged in it, in words. Raises Unusable."""
    return json_lines.parse(data, path, _parse_line)


def _parse_line(data: bytes) -> Entry:
    fields = plain_json.load_object(data)
    total = fields.pop("sum", None)
    if total is None:
        raise ValueError("it has no sum")
    entry = check_entry(fields)
    # There is one way to write each entry in each format, so this checks the sum and all else.
    if data.decode("ascii", "replace") not in (dump_entry(entry), _with_sum(entry)):
        raise ValueError("its sum does not fit")
    return entry


def merge_entries(*several: Iterable[Entry]) -> list[Entry]:
    """Return all entries once, oldest first; of more than MAX_ENTRIES, the newest.

    Two that differ only in keys that are not known here are the same, and become one with the keys
    of both.
    """
    by_text: dict[str, Entry] = {}
    for entries in several:
        for entry in entries:
            text = plain_json.dump({name: entry[name] for name in FIELDS})
            same = by_text.get(text)
            by_text[text] = entry if same is None or same == entry else _joined(same, entry)
    ordered = sorted(by_text.items(), key=lambda item: (*_age(item[1]), item[0]))
    newest = [entry for _text, entry in ordered[-MAX_ENTRIES:]]
    sizes = [len(dump_entry(entry)) + 1 for entry in newest]
    # A file that is too long to be read again is never written.
    while sum(sizes) > MAX_BYTES:
        del newest[0], sizes[0]
    return newest


def _joined(first: Entry, second: Entry) -> Entry:
    """Return an entry with the keys of both; of two values, the same whichever comes first."""
    return {
        name: max((entry[name] for entry in (first, second) if name in entry), key=plain_json.dump)
        for name in {**first, **second}
    }


def _age(entry: Entry) -> tuple[int, list[int], str]:
    return entry["epoch"], entry["start"], entry["primary"]
