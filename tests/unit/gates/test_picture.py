# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the start page is what its script draws."""

from __future__ import annotations

from xml.etree import ElementTree

from gates import picture


def test_the_picture_in_the_documents_is_the_one_that_is_drawn() -> None:
    assert picture.TARGET.read_text(encoding="utf-8") == picture.drawing()


def test_the_picture_is_xml_and_says_what_it_shows() -> None:
    root = ElementTree.fromstring(picture.drawing())
    told = {child.tag.rpartition("}")[2]: child.text for child in root}
    assert told["title"]
    assert told["desc"]
    assert "prefers-color-scheme: dark" in str(told["style"])
