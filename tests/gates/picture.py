# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw docs/images/cluster.svg: a cluster, before and after a switchover.

It has a background of its own and is dark where the reader prefers that, so it can be read on any
page. It is narrow, so that a phone shows it without making it smaller.
"""

from __future__ import annotations

import sys
from xml.sax.saxutils import escape

from gates.tree import ROOT

TARGET = ROOT / "docs" / "images" / "cluster.svg"

_WIDTH, _HEIGHT = 360, 434
_BOX_WIDTH, _BOX_HEIGHT, _GAP = 100, 54, 16
_MARGIN = (_WIDTH - 3 * _BOX_WIDTH - 2 * _GAP) // 2
_NODES = ("nso-1", "nso-2", "nso-3")
_TITLE = "A switchover of a cluster of three NSO nodes"
_STORY = (
    "Before: clients write to nso-1, the primary; nso-2 and nso-3 copy it. After "
    "nso.ha.switchover: clients write to nso-2, the primary; nso-1 and nso-3 copy it."
)
_STYLE = """
    text { font: 14px system-ui, sans-serif; text-anchor: middle; fill: #1f2933; }
    .small { font-size: 12px; fill: #52606d; }
    .name { font-weight: 600; }
    .command { font: 13px ui-monospace, monospace; fill: #1f2933; }
    .card { fill: #f7f9fb; stroke: #d5dce3; }
    .shell { fill: #e6ebf0; stroke: none; }
    .node { fill: #ffffff; stroke: #7b8794; stroke-width: 1.5; }
    .primary { fill: #0b6e4f; stroke: #0b6e4f; }
    .on-primary { fill: #ffffff; }
    .line { fill: none; stroke: #52606d; stroke-width: 1.5; }
    .clients { stroke: #0b6e4f; stroke-width: 2.5; }
    .tip { fill: #52606d; }
    .clients-tip { fill: #0b6e4f; }
    @media (prefers-color-scheme: dark) {
      text, .command { fill: #e4e7eb; }
      .small { fill: #b3bec9; }
      .card { fill: #161b22; stroke: #39424d; }
      .shell { fill: #252d37; }
      .node { fill: #1f2630; stroke: #7b8794; }
      .primary { fill: #3fb68b; stroke: #3fb68b; }
      .on-primary { fill: #0c1510; }
      .line { stroke: #b3bec9; }
      .clients { stroke: #3fb68b; }
      .tip { fill: #b3bec9; }
      .clients-tip { fill: #3fb68b; }
    }"""


def drawing() -> str:
    """Return the picture as SVG."""
    # REUSE-IgnoreStart
    parts = [
        "<!-- SPDX-FileCopyrightText: 2026 The nso.ha authors -->",
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "<!-- Drawn by tests/gates/picture.py; run it again instead of editing this file. -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-labelledby="title story">',
        f'  <title id="title">{escape(_TITLE)}</title>',
        f'  <desc id="story">{escape(_STORY)}</desc>',
        f"  <style>{_STYLE}\n  </style>",
        "  <defs>",
        _tip("tip"),
        _tip("clients-tip"),
        "  </defs>",
        f'  <rect class="card" x="0.5" y="0.5" width="{_WIDTH - 1}" '
        f'height="{_HEIGHT - 1}" rx="8"/>',
        *_cluster(0, primary=0),
        *_command(192),
        *_cluster(242, primary=1),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _tip(name: str) -> str:
    return (
        f'    <marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="{name}" d="M0 0 L8 4 L0 8 Z"/></marker>'
    )


def _command(top: int) -> list[str]:
    """Return the command between the two states of the cluster."""
    return [
        f'  <rect class="shell" x="{_MARGIN}" y="{top}" width="{_WIDTH - 2 * _MARGIN}" '
        'height="34" rx="6"/>',
        f'  <text class="command" x="{_WIDTH // 2}" y="{top + 22}">'
        "$ ansible-playbook nso.ha.switchover</text>",
    ]


def _cluster(top: int, primary: int) -> list[str]:
    """Return the nodes, who writes to the primary, and who copies it."""
    box_top = top + 72
    middle = _middle(primary)
    parts = [
        f'  <text x="{middle}" y="{top + 30}">clients write</text>',
        f'  <path class="line clients" marker-end="url(#clients-tip)" '
        f'd="M{middle} {top + 38} V{box_top - 3}"/>',
    ]
    for index, name in enumerate(_NODES):
        parts += _node(index, name, box_top, index == primary)
        if index != primary:
            parts.append(_copy(primary, index, box_top + _BOX_HEIGHT))
    parts.append(
        f'  <text class="small" x="{_WIDTH // 2}" y="{box_top + _BOX_HEIGHT + 50}">'
        "secondaries copy the primary</text>"
    )
    return parts


def _node(index: int, name: str, top: int, is_primary: bool) -> list[str]:
    box, text = ("node primary", " on-primary") if is_primary else ("node", "")
    role = "primary" if is_primary else "secondary"
    left = _MARGIN + index * (_BOX_WIDTH + _GAP)
    return [
        f'  <rect class="{box}" x="{left}" y="{top}" width="{_BOX_WIDTH}" '
        f'height="{_BOX_HEIGHT}" rx="6"/>',
        f'  <text class="name{text}" x="{_middle(index)}" y="{top + 23}">{name}</text>',
        f'  <text class="{text.strip()}" x="{_middle(index)}" y="{top + 42}">{role}</text>',
    ]


def _copy(source: int, target: int, bottom: int) -> str:
    """Return the line from the primary to a node that copies it, below the boxes."""
    # Two lines that leave the primary begin side by side.
    begin = _middle(source) + (8 if target > source else -8) * abs(target - source)
    end = _middle(target)
    depth = bottom + 24 + 10 * (abs(target - source) - 1)
    return (
        f'  <path class="line" marker-end="url(#tip)" '
        f'd="M{begin} {bottom} C{begin} {depth} {end} {depth} {end} {bottom + 3}"/>'
    )


def _middle(index: int) -> int:
    return _MARGIN + index * (_BOX_WIDTH + _GAP) + _BOX_WIDTH // 2


def main() -> int:
    """Draw the picture."""
    TARGET.write_text(drawing(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
