# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzz one target: python -m gates.fuzz_one ENGINE TARGET SECONDS CORPUS FINDINGS.

A process of its own, because the fuzzer of atheris ends the process it runs in. CORPUS is a
directory of inputs to start from; an input that fails is written to the directory FINDINGS, and the
exit status is not 0 then.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from helpers import fuzz_inputs

#: Longest input, in bytes. Every bound that counts is lowered until inputs of this size reach it.
MAX_INPUT = 256
#: Longest time for a single input, in seconds, and most memory of the process, in MiB.
MAX_SECONDS, MAX_MEMORY = 10, 1024

#: What is watched for the ways the inputs take through it.
_CLIENT = "ansible_collections.nso.ha.plugins.module_utils.ncs"


def with_atheris(target: str, seconds: int, corpus: Path, findings: Path) -> None:
    """Let coverage lead from one input to the next. Does not return."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=[_CLIENT]):
        fuzzing = importlib.import_module("helpers.fuzzing")
    pieces = findings.with_name("pieces")
    words = [
        "".join(f"\\x{byte:02x}" for byte in bytes.fromhex(piece)) for piece in fuzz_inputs.PIECES
    ]
    pieces.write_text("".join(f'"{word}"\n' for word in words))
    options = [
        f"-dict={pieces}",
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT}",
        f"-timeout={MAX_SECONDS}",
        f"-rss_limit_mb={MAX_MEMORY}",
        f"-artifact_prefix={findings}/",
        "-print_final_stats=1",
    ]
    with fuzzing.small_bounds(target):
        atheris.Setup([sys.argv[0], *options, str(corpus)], fuzzing.CHECKS[target])
        atheris.Fuzz()


def with_hypothesis(target: str, seconds: int, corpus: Path, findings: Path) -> None:
    """Make inputs up, and change those there are, without knowing what they reach."""
    from helpers import fuzzing
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    seeds = [path.read_bytes() for path in sorted(corpus.iterdir())]
    changes = st.lists(st.tuples(st.integers(0, MAX_INPUT), st.integers(0, 255)), max_size=8)
    last = b""
    done = 0

    def changed(seed: bytes, places: list[tuple[int, int]], length: int) -> bytes:
        data = bytearray(seed)
        for place, byte in places:
            data[place % len(data) : place % len(data) + 1] = bytes([byte])
        return bytes(data[:length])

    made = st.builds(changed, st.sampled_from(seeds), changes, st.integers(1, MAX_INPUT))
    free = settings(
        max_examples=1000, database=None, deadline=None, suppress_health_check=[*HealthCheck]
    )

    @free
    @given(st.binary(max_size=MAX_INPUT) | made)
    def attempt(data: bytes) -> None:
        nonlocal last, done
        last = data
        done += 1
        fuzzing.CHECKS[target](data)

    end = time.monotonic() + seconds
    try:
        with fuzzing.small_bounds(target):
            while time.monotonic() < end:
                attempt()
    except Exception:
        # The last input it tries is the smallest that fails.
        (findings / f"crash-{hashlib.sha256(last).hexdigest()}").write_bytes(last)
        traceback.print_exc()
        sys.exit(1)
    finally:
        print(f"stat::number_of_executed_units: {done}")


ENGINES: dict[str, Any] = {"atheris": with_atheris, "hypothesis": with_hypothesis}


if __name__ == "__main__":
    engine, name, limit, start, end_ = sys.argv[1:]
    ENGINES[engine](name, int(limit), Path(start), Path(end_))
