# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate on words finds what it forbids, with file, line and what to write instead."""

from __future__ import annotations

import pytest
from gates import words

#: For each phrase a text that has it, as it stands in prose, comments and literals.
SAMPLES = (
    "The cluster is as wanted.",
    "The cluster is not as wanted.",
    "What the checks below say has to be settled first.",
    "The cluster is no more: every node is none",
    "ops@bastion runs switchover since 2026-11-25",
    'f"{self.owner} runs {self.operation} since {self.taken}"',
    "n1 was the primary in the end, by a switchover",
    "has a transaction id, or its primary has, that is not known",
    "an answer that makes no sense",
    "nothing complete within 30 s",
    "is no primary to copy from",
    "What usually helps: ",
    "Let nobody write to a node",
    "read-only, or let them again",
    "clusters that are steered from outside of NSO",
    "## Every day, and at night",
    "who is primary by now",
    "n3 comes after n2 by name, all else being equal",
    "as is what it copies",
    "which nobody can tell",
    "Whoever connects to it",
    "its primary and the others of it",
    "/tmp/x is no directory",
    "a node that is none can be written to",
    "An answer\n  that makes\n  no sense",
    "# An answer that\n    # makes no sense.",
    'message = "an answer that "\n    "makes no sense"',
    'message = (\n    f"an answer that makes "\n    f"no sense: {term}"\n)',
)


@pytest.mark.parametrize("text", SAMPLES)
def test_a_phrase_is_found_however_the_line_breaks(text: str) -> None:
    assert len(list(words.phrases(text))) == 1


def test_every_phrase_has_a_sample() -> None:
    assert not [
        phrase.pattern
        for phrase in words.PHRASES
        if not any(phrase.expression.search(text) for text in SAMPLES)
    ]


def test_a_phrase_is_reported_with_its_line_and_what_to_write_instead() -> None:
    assert list(words.phrases("\n\nWhat usually helps: wait")) == [
        "3: 'What usually helps:'; write: Hint:"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The cluster matches the plan.",
        "The process runs. It has held the lock since noon.",
        "A step that runs\n\nsince",
        "made in the endpoint",
        "no one can be written off",
    ],
)
def test_what_reads_well_is_left_alone(text: str) -> None:
    assert not list(words.phrases(text))


def test_an_identifier_that_says_nothing_is_found_and_a_text_with_the_word_is_not() -> None:
    assert list(words.names('own = 1\nowner = "own"  # own\n')) == [
        "1: the name 'own' does not say what it holds"
    ]


def test_an_identifier_is_reported_once() -> None:
    assert list(words.names("\none = 1\nprint(one, one)\n")) == [
        "2: the name 'one' does not say what it holds (3 times)"
    ]


def test_a_file_that_is_not_python_yet_is_left_to_ruff() -> None:
    assert not list(words.names("print(\n"))


def test_a_file_with_a_phrase_is_a_fault() -> None:
    texts = {"a.md": "Whoever reads this.", "b.md": "All is well."}
    assert list(words.verdict(texts, words.phrases)) == [
        "a.md:1: 'Whoever'; write: name the person or the node"
    ]
