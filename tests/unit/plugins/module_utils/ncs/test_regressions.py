# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fuzzer once found, and all that it starts from, checked again at every run."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Callable
from unittest import mock

import pytest
from ansible_collections.nso.ha.plugins.module_utils.ncs import cdb, error, frames, terms
from helpers import fuzz_inputs, fuzzing


@pytest.mark.parametrize("path", fuzz_inputs.regressions(), ids=lambda path: path.stem)
def test_what_was_found_once_is_not_there_again(path: Path) -> None:
    fuzzing.check_at_both_bounds(fuzz_inputs.target_of(path), fuzz_inputs.read(path))


@pytest.mark.parametrize("target", fuzz_inputs.TARGETS)
def test_everything_that_the_fuzzer_starts_from_passes_its_check(target: str) -> None:
    seeds = fuzz_inputs.seeds(target)
    assert len(seeds) >= 45
    for seed in seeds:
        fuzzing.check_at_both_bounds(target, seed)


def test_no_regression_is_overlooked() -> None:
    there = [path for path in fuzz_inputs.REGRESSIONS.iterdir() if path.is_file()]
    assert there
    assert sorted(there) == fuzz_inputs.regressions()
    assert {fuzz_inputs.target_of(path) for path in there} <= set(fuzz_inputs.TARGETS)
    assert all(fuzz_inputs.read(path) for path in there)


def test_each_target_has_a_check_and_each_function_a_seed() -> None:
    assert tuple(fuzzing.CHECKS) == fuzz_inputs.TARGETS
    assert len(fuzzing.READERS) == fuzz_inputs.ANSWERS
    assert {seed[0] for seed in fuzz_inputs.seeds("answers")} >= set(range(fuzz_inputs.ANSWERS))


def test_a_finding_is_written_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz_inputs, "REGRESSIONS", tmp_path / "regressions")
    data = bytes(range(256))
    written = fuzz_inputs.write("frames", data, "why " * 50)
    assert fuzz_inputs.regressions("frames") == [written]
    assert fuzz_inputs.target_of(written) == "frames"
    assert fuzz_inputs.read(written) == data


# That the checks see what they are there for: each fault below has to be found among the seeds.


def _raising(kind: type[Exception]) -> Callable[..., Any]:
    def broken(*_unused: object, **_named: object) -> None:
        raise kind

    return broken


def _own_decode(size: int) -> Callable[[bytes], terms.Term]:
    decode = terms.decode
    return lambda data: decode(data) if len(data) < size else list(bytes(10**6))


def _unbounded(bound: str) -> Callable[[bytes], tuple[terms.Term, int]]:
    """As the real one, but as good as without one of its bounds."""
    read = terms._read

    def broken(data: bytes) -> tuple[terms.Term, int]:
        with mock.patch.object(terms, bound, 10**6):
            return read(data)

    return broken


def _eager_receive(sock: Any, count: int, limit: frames.Deadline) -> bytes:
    """As the real one, but with room for all that was announced."""
    data = b""
    while len(data) < count:
        sock.settimeout(limit.remaining())
        piece = sock.recv(count - len(data))
        if not piece:
            raise error.EOF
        data += piece
    return data


def _lazy_receive(sock: Any, count: int, limit: frames.Deadline) -> bytes:
    """As the real one, but content with the first piece."""
    sock.settimeout(limit.remaining())
    data: bytes = sock.recv(min(count, 65536)) if count else b""
    if count and not data:
        raise error.EOF
    return data


def _patient_receive(sock: Any, count: int, limit: frames.Deadline) -> bytes:
    """As the real one, but each byte has the whole time."""
    data = b""
    while len(data) < count:
        sock.settimeout(limit.seconds)
        try:
            piece = sock.recv(1)
        except OSError:
            raise limit.passed() from None
        if not piece:
            raise error.EOF
        data += piece
    return data


FAULTS: dict[str, tuple[str, object, str, object]] = {
    "an exception of another kind": ("terms", terms, "_read", _raising(KeyError)),
    "more memory than there is input": ("terms", terms, "decode", _own_decode(40)),
    "no bound on the elements": ("terms", terms, "_read", _unbounded("MAX_ELEMENTS")),
    "no bound on the depth": ("terms", terms, "_read", _unbounded("MAX_DEPTH")),
    "a value that is written otherwise": ("terms", terms, "_integer", lambda _value: b"\x61\x2a"),
    "an announced length that takes memory": ("frames", frames, "receive", _eager_receive),
    "half a frame": ("frames", frames, "receive", _lazy_receive),
    "a longer wait than allowed": ("frames", frames, "receive", _patient_receive),
    "no bound on the length": ("frames", frames, "MAX_FRAME", 2**32),
    "a break that is taken for certain": ("answers", frames, "answering", contextlib.nullcontext),
    "an answer that is taken on trust": ("answers", cdb, "_FLAGS", None),
}


#: Inputs that no daemon would send, for the faults that only such show.
EXTRA = {
    "terms": [bytes.fromhex("83 6c0000000d" + "6a" * 14)],
    "frames": [
        b"\x00\xff\x3c" + bytes([0, 0, 0, 40]) + bytes(40),
        b"\xff\xff\x00" + bytes([0, 16, 0, 0]) + bytes(40),
        b"\xff\xff\x00" + bytes([1, 0, 0, 1]),
    ],
}


def _passes(target: str, data: bytes) -> bool:
    try:
        fuzzing.CHECKS[target](data)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("fault", FAULTS)
def test_a_check_finds(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, where, name, broken = FAULTS[fault]
    inputs = fuzz_inputs.seeds(target) + EXTRA.get(target, [])
    with fuzzing.small_bounds(target):
        assert all(_passes(target, data) for data in inputs)
        monkeypatch.setattr(where, name, broken)
        assert not all(_passes(target, data) for data in inputs)
