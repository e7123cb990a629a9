# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a tree of HTML pages can be read from disk: links that lead nowhere, things to load."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """What a page points to, as pairs of tag and target, and the names that can be pointed at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[tuple[str, str]] = []
        self.names: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets.append((tag, value))
            elif name == "id" and value:
                self.names.add(value)


def faults(root: Path) -> list[str]:
    """Return a line for every fault in the pages below `root`."""
    pages = {path.resolve(): _Page(path) for path in sorted(root.rglob("*.html"))}
    return [
        f"{path.relative_to(root.resolve())}: {target}: {fault}"
        for path, page in pages.items()
        for tag, target in page.targets
        if (fault := _fault(path, tag, target, pages))
    ]


def _fault(path: Path, tag: str, target: str, pages: dict[Path, _Page]) -> str | None:
    parts = urlsplit(target)
    if parts.scheme == "data":
        return None
    if parts.scheme or parts.netloc:
        # A reader may follow a link into the world; the page itself may load nothing from there.
        return None if tag == "a" else "would be loaded from elsewhere"
    if parts.path.startswith("/"):
        return "starts at the root of the disk"
    there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not there.is_file():
        return "no such file"
    if tag == "a" and parts.fragment and there in pages:
        return None if unquote(parts.fragment) in pages[there].names else "no such place there"
    return None
