# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens are compared by a digest from which a token cannot be guessed."""

from __future__ import annotations

import hashlib
import os
from multiprocessing import get_context
from pathlib import Path

import pytest
from ansible_collections.nso.ha.plugins.plugin_utils._run.tokens import differing, digest


def test_the_same_token_has_the_same_digest_in_one_run_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert digest("weak", str(first)) == digest("weak", str(first)) != ""
    assert digest("weak", str(first)) != digest("weal", str(first))
    # What is in a log cannot be compared with the digest of a token that somebody guesses.
    assert digest("weak", str(first)) != digest("weak", str(second))
    assert not hashlib.sha256(b"weak").hexdigest().startswith(digest("weak", str(first)))


def test_processes_that_begin_at_the_same_time_have_one_key(tmp_path: Path) -> None:
    with get_context("fork").Pool(4) as pool:
        digests = pool.starmap(digest, [("secret", str(tmp_path))] * 40, chunksize=1)
    assert len(set(digests)) == 1
    assert digests[0]


def test_the_key_is_for_the_user_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    digest("secret", str(tmp_path))
    (key,) = tmp_path.iterdir()
    assert key.stat().st_mode & 0o077 == 0
    assert len(key.read_bytes()) >= 32
    assert key.stat().st_uid == os.getuid()


def test_without_a_place_for_the_key_nothing_is_compared(tmp_path: Path) -> None:
    assert digest("secret", str(tmp_path / "missing")) == ""


def test_a_token_that_is_no_valid_text_has_a_digest_too(tmp_path: Path) -> None:
    assert digest("\udcff\ud800", str(tmp_path))


@pytest.mark.parametrize(
    "digests",
    [{}, {"n1": "a"}, {"n1": "a", "n2": "a"}, {"n1": "a", "n2": ""}],
)
def test_hosts_with_one_token_have_no_fault(digests: dict[str, str]) -> None:
    assert differing(digests) == []


def test_the_hosts_that_are_fewer_are_named_as_those_that_differ() -> None:
    reasons = differing({"n1": "b", "n2": "a", "n3": "a", "n4": "c"})
    assert [reason.partition(", and")[0] for reason in reasons] == [
        "the token of n1 is not that of n2 and n3",
        "the token of n4 is not that of n2 and n3",
    ]
    assert "Set one nso_ha_token for the whole group, and remove that of n1 from" in reasons[0]
