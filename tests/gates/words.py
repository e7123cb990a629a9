# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and phrases that the project does not use, in any of its files.

Two checks:

- `PHRASES`, in every text file: English that has to be read twice.
- `NAMES`, in the Python of plugins/: identifiers that do not say what the thing is.

docs/dev/glossary.md has the words that are used instead.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gates.tree import ROOT, files

#: What is between two words of a phrase: blanks, line ends, and what ends and begins a line of a
#: comment or of a text that is put together from several literals.
_GAP = r"""(?:[\s#>|]|["']\s+f?["'])+"""


class Phrase(NamedTuple):
    """A phrase as a regular expression, in which a blank stands for any gap, and what to write."""

    pattern: str
    instead: str

    @property
    def expression(self) -> re.Pattern[str]:
        """Return what finds the phrase in a file, in any case."""
        return re.compile(self.pattern.replace(" ", _GAP), re.IGNORECASE)


PHRASES = (
    Phrase(r"cluster is (?:not )?as wanted", "The cluster matches the plan."),
    Phrase(r"has to be settled first", "Resolve the failed checks below."),
    Phrase(r"cluster is no more\b", "The cluster has been torn down."),
    Phrase(r"\bruns \S+ since\b", "has been running a switchover since"),
    Phrase(r"\bin the end\b", "afterwards, at last; or name the moment"),
    Phrase(r"or its primary has, that is not known", "cannot be compared: ... is unknown"),
    Phrase(r"\banswers? that makes? no sense", "malformed reply from the daemon"),
    Phrase(r"nothing complete within", "no complete reply within 30 s"),
    Phrase(r"is no primary to copy", "is not a primary, so it cannot be copied"),
    Phrase(r"what usually helps:", "Hint:"),
    Phrase(r"\blets? nobody write|\bor lets? them again", "Enable or disable read-only mode"),
    Phrase(r"steered from outside", "managed by an external HA framework"),
    Phrase(r"every day, and at night", "Playbooks"),
    Phrase(r"primary by now", "has become primary in the meantime"),
    Phrase(r"all else being equal", "name what is equal"),
    Phrase(r"\bas is what\b", "name the thing"),
    Phrase(r"nobody can tell", "it is not known, it cannot be determined"),
    Phrase(r"\bwhoever\b", "name the person or the node"),
    Phrase(r"\bthe others of it\b", "the remaining secondaries"),
    Phrase(r"\bis no directory\b", "is not a directory"),
    Phrase(r"\bcan be written to\b", "accepts writes"),
)

#: Identifiers that say nothing about what they hold.
NAMES = frozenset(
    {
        "found",
        "keeping",
        "kept",
        "made",
        "mine",
        "one",
        "own",
        "stamp",
        "theirs",
        "there",
        "timeline",
        "wished",
    }
)

#: Returns a line for everything that it finds in a text.
Search = Callable[[str], Iterator[str]]

_HERE = "tests/gates/words.py"
#: Files that must quote what they forbid, or that nobody here wrote.
_NOT_OURS = ("LICENSES/", "tests/vectors/", _HERE, "tests/unit/gates/test_words.py")


def main() -> int:
    """Print what was found; return 1 if that is anything."""
    texts = dict(_texts(files()))
    code = {name: text for name, text in texts.items() if _is_plugin(name)}
    faults = [*verdict(texts, phrases), *verdict(code, names)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def phrases(text: str) -> Iterator[str]:
    """Yield a line for every phrase in a text: where it is, and what to write instead."""
    for phrase in PHRASES:
        for match in phrase.expression.finditer(text):
            words = " ".join(match.group().split())
            yield f"{_line(text, match.start())}: {words!r}; write: {phrase.instead}"


def names(text: str) -> Iterator[str]:
    """Yield a line for every identifier in a Python source that says nothing, however often."""
    lines: dict[str, list[int]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME and token.string in NAMES:
                lines.setdefault(token.string, []).append(token.start[0])
    except (tokenize.TokenError, SyntaxError):
        # What cannot be parsed is for ruff to report.
        return
    for name, places in lines.items():
        times = f" ({len(places)} times)" if len(places) > 1 else ""
        yield f"{places[0]}: the name {name!r} does not say what it holds{times}"


def verdict(texts: Mapping[str, str], search: Search) -> Iterator[str]:
    """Yield a line for every fault in these files: name of the file, line, and what is wrong."""
    for name, text in texts.items():
        yield from (f"{name}:{fault}" for fault in search(text))


def _texts(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield name and content of every file of the project that is text and its own."""
    for path in paths:
        name = path.as_posix()
        if name.startswith(_NOT_OURS):
            continue
        try:
            yield name, (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _is_plugin(name: str) -> bool:
    return name.startswith("plugins/") and name.endswith(".py")


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


if __name__ == "__main__":
    sys.exit(main())
