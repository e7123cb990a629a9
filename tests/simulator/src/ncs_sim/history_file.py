# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a load on disk: one JSON object a line, written as it goes.

start    once: `load` (its id), `nodes`, `wall` and `monotonic` (the two clocks at one moment)
attempt  one for each write, when its outcome is known: the fields of history.Attempt
read     one for each node and round of the final read: the fields of history.Reading, and `round`
end      once, behind the final read: `rounds`
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from ncs_sim.errors import SimError
from ncs_sim.history import Attempt, History, Outcome, Reading, Round


class Recorder:
    """The file while the load runs. Threads may share it."""

    def __init__(self, path: Path, load: str, nodes: Sequence[str]) -> None:
        self._lock = threading.Lock()
        try:
            # An older history is evidence, too.
            self._file = open(path, "x", encoding="ascii")  # noqa: SIM115 - closed by __exit__
        except FileExistsError:
            raise SimError(f"{path} exists already; a history is never overwritten") from None
        clocks = {"wall": time.time(), "monotonic": time.monotonic()}
        self._write([{"kind": "start", "load": load, "nodes": list(nodes), **clocks}])

    def attempt(self, attempt: Attempt) -> None:
        self._write([{"kind": "attempt", **asdict(attempt)}])

    def end(self, rounds: Sequence[Round]) -> None:
        """Write the whole final read."""
        lines = [
            {"kind": "read", "round": index, **asdict(one), "numbers": sorted(one.numbers)}
            for index, readings in enumerate(rounds)
            for one in readings
        ]
        self._write([*lines, {"kind": "end", "rounds": len(rounds)}])

    def _write(self, lines: Sequence[dict[str, Any]]) -> None:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        with self._lock:
            self._file.write(text)
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._file.close()


def load_history(path: Path) -> History:
    """Read a history, perhaps of a load that still runs or was killed. SimError if it is none."""
    try:
        return parse(path.read_text(encoding="ascii"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SimError(f"{path} is not the history of a load: {error}") from error


def parse(text: str) -> History:
    """Return the history; what follows the last line break was being written and is left out."""
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    if not lines or lines[0]["kind"] != "start":
        raise ValueError("it does not begin with a line of the kind start")
    start = lines[0]
    attempts: list[Attempt] = []
    readings: list[tuple[int, Reading]] = []
    rounds = 0
    for line in lines[1:]:
        values = {key: value for key, value in line.items() if key not in ("kind", "round")}
        if line["kind"] == "attempt":
            attempts.append(Attempt(**_with(values, outcome=Outcome)))
        elif line["kind"] == "read":
            found = Reading(**_with(values, numbers=frozenset, listed=tuple, strange=tuple))
            readings.append((int(line["round"]), found))
        elif line["kind"] == "end":
            rounds = int(line["rounds"])
    return History(
        nodes=tuple(start["nodes"]),
        attempts=tuple(attempts),
        # Without the line `end` the final read may be incomplete, and no rounds are taken from it.
        rounds=tuple(
            tuple(one for number, one in readings if number == index) for index in range(rounds)
        ),
        wall=float(start["wall"]) - float(start["monotonic"]),
        started=float(start["monotonic"]),
    )


def _with(values: dict[str, Any], **types: Callable[[Any], Any]) -> dict[str, Any]:
    return {key: types[key](value) if key in types else value for key, value in values.items()}
