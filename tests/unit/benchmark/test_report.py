# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves, and that the page shows what is kept."""

from __future__ import annotations

import socket
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmark import report
from benchmark.__main__ import KEPT, PAGE
from benchmark.chart import chart
from benchmark.figures import GROUPS
from benchmark.machine import described, machine
from benchmark.results import Result
from helpers.modules import ROOT

ABOUT = {"CPU": "a CPU", "cores": "2"}


def test_json_has_all_that_is_shown(results: list[Result]) -> None:
    assert report.parse(report.to_json(ABOUT, results)) == (ABOUT, results)


def test_the_text_has_the_table_the_notes_and_the_machine(results: list[Result]) -> None:
    text = report.text(ABOUT, results)
    assert text.startswith("| figure ")
    assert "\nNOT RUN: status / ping, over SSH" in text
    assert text.endswith("\nMeasured on: CPU a CPU, cores 2.\n")


def test_the_table_is_put_between_the_markers_and_nothing_else_of_the_page_changes() -> None:
    page = f"before\n{report.BEGIN}\n\nold\n\n{report.END}\nafter\n"
    new = report.with_table(page, "new\n")
    assert new == page.replace("old", "new")
    assert report.table_of(new) == "new\n"
    with pytest.raises(ValueError, match="no place"):
        report.with_table("no markers", "new\n")


def test_files_are_written_for_a_run(tmp_path: Path, results: list[Result]) -> None:
    report.write(tmp_path / "out", ABOUT, results)
    assert report.parse((tmp_path / "out" / report.RESULTS).read_text()) == (ABOUT, results)
    ElementTree.parse(tmp_path / "out" / report.CHART)


def test_the_page_shows_the_results_that_are_kept() -> None:
    kept = report.parse((KEPT / report.RESULTS).read_text())
    assert report.table_of(PAGE.read_text()) == report.text(*kept)


def test_the_chart_shows_the_results_that_are_kept() -> None:
    _about, kept = report.parse((KEPT / report.RESULTS).read_text())
    assert (KEPT / report.CHART).read_text() == chart(kept)


def test_the_results_that_are_kept_are_those_of_a_whole_run() -> None:
    _about, kept = report.parse((KEPT / report.RESULTS).read_text())
    wanted = [(group.name, figure) for group in GROUPS for figure in group.figures]
    assert [(one.group, one.figure) for one in kept] == wanted


def test_every_group_is_on_the_page() -> None:
    text = PAGE.read_text()
    assert [group.name for group in GROUPS if f"`{group.name}`" not in text] == []


def test_nothing_that_is_kept_tells_which_machine_it_was() -> None:
    for path in (KEPT / report.RESULTS, KEPT / report.CHART):
        text = path.read_text()
        assert str(ROOT) not in text
        assert f'"{socket.gethostname()}"' not in text


def test_the_machine_is_told_by_what_it_is() -> None:
    about = machine()
    assert list(about) == ["CPU", "cores", "kernel", "Python", "ansible-core"]
    assert all(about.values())
    assert "/" not in described(about)
