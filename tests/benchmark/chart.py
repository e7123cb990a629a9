# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as a chart in SVG: how much of what its target allows each figure takes.

Pure functions. A bar is the result by its target, or where more is better, the target by the
result; so a bar that ends left of the line at 1 meets its target. The thin line on it goes from
quartile to quartile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from benchmark.results import Quantity, Result
from benchmark.table import shown

#: Lengths in user units of SVG.
_WIDTH, _ROW, _TOP, _BOTTOM = 1120, 26, 64, 16
_LEFT, _RIGHT = 570, 170
_BAR = 14
#: The share at the right end of the scale; longer bars are cut off there, and say so.
_END = 2.0
_MARKS = (0.0, 0.5, 1.0, 1.5, 2.0)

_STYLE = """
svg { --ground: #ffffff; --text: #1f2328; --faint: #d0d7de; --met: #2f7d4f; --missed: #c4501b }
@media (prefers-color-scheme: dark) {
svg { --ground: #0d1117; --text: #e6edf3; --faint: #3d444d; --met: #4fb37a; --missed: #f0883e }
}
text { font: 13px system-ui, sans-serif; fill: var(--text) }
.title { font-size: 16px; font-weight: 600 }
.ground { fill: var(--ground) }
.grid { stroke: var(--faint) }
.target { stroke: var(--text); stroke-width: 2 }
.met { fill: var(--met) }
.missed { fill: var(--missed) }
.spread { stroke: var(--text); stroke-width: 1.5 }
"""

_LICENSE = """<!--
SPDX-FileCopyrightText: 2026 The nso.ha authors
SPDX-License-Identifier: GPL-3.0-or-later
-->"""


def chart(results: Sequence[Result]) -> str:
    """Return the chart, a whole SVG document."""
    height = _TOP + _ROW * len(results) + _BOTTOM
    return "\n".join(
        [
            _LICENSE,
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            f'width="{_WIDTH}" height="{height}" role="img">',
            "<title>Figures of nso.ha, each as a share of what its target allows</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
            _text(16, 26, "Share of what the target allows (left of 1: met)", "title"),
            *_scale(height),
            *(part for row, one in enumerate(results) for part in _bar(row, one)),
            f'<line class="target" x1="{_x(1)}" x2="{_x(1)}" y1="{_TOP - 6}" '
            f'y2="{height - _BOTTOM}"/>',
            "</svg>",
            "",
        ]
    )


def _scale(height: int) -> Iterator[str]:
    for mark in _MARKS:
        x = _x(mark)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP - 6}" y2="{height - _BOTTOM}"/>'
        yield _text(x, _TOP - 12, f"{mark:g}", anchor="middle")


def _bar(row: int, result: Result) -> Iterator[str]:
    y = _TOP + _ROW * row
    base = y + _ROW / 2 + 4
    yield _text(_LEFT - 12, base, result.figure.title, anchor="end")
    if result.not_run:
        yield _text(_x(0) + 6, base, "NOT RUN")
        return
    value = shown(Quantity(result.value, result.figure.unit))
    share = result.share
    if share is None:
        yield _text(_x(0) + 6, base, f"{value}, no target")
        return
    kind = "met" if result.met else "missed"
    yield (
        f'<rect class="{kind}" x="{_x(0)}" y="{y + (_ROW - _BAR) / 2:g}" '
        f'width="{_x(share) - _x(0):g}" height="{_BAR}"/>'
    )
    low, high = sorted(_x(result.share_of(one) or 0) for one in result.quartiles)
    yield (
        f'<line class="spread" x1="{low:g}" x2="{high:g}" y1="{y + _ROW / 2:g}" '
        f'y2="{y + _ROW / 2:g}"/>'
    )
    cut = ", cut off" if share > _END else ""
    yield _text(_x(_END) + 8, base, f"{value} {kind}{cut}")


def _x(share: float) -> float:
    """Return where a share is on the scale."""
    span = _WIDTH - _LEFT - _RIGHT
    return round(_LEFT + span * min(share, _END) / _END, 1)


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'
