# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comes behind what `antsibull-docs sphinx-init` writes into conf.py, so what is here wins."""

from pygments.lexers.special import TextLexer  # type: ignore[import-untyped]
from sphinx.application import Sphinx

# Not here: intersphinx, which fetches lists of link targets from other sites while it builds. The
# site is built without a network. Not here either: autodoc, which nothing uses.
extensions = ["sphinx_antsibull_ext", "myst_parser"]

# The source is a copy of the whole project, so that a link that works there works here. These files
# are the pages; any other one that a page links to is offered for download.
include_patterns = [
    "index.md",
    "README.md",
    "docs/*.md",
    "docs/dev/**.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.rst",
    "reference/ansible.md",
    # Of what antsibull-docs writes, its own start page and its list of environment variables, which
    # is empty, are left out.
    "reference/*_module.rst",
    "reference/*_role.rst",
    "reference/*_lookup.rst",
    "reference/*_callback.rst",
]

# Directives between colons are read as text by what does not know them.
myst_enable_extensions = ["colon_fence"]

# Headings can be linked to as on the usual forges.
myst_heading_anchors = 4

# A block of code without a language is plain text.
highlight_language = "none"

html_title = "nso.ha"


def setup(app: Sphinx) -> None:
    """Show diagrams as the text that they are written in: what draws them loads scripts."""
    app.add_lexer("mermaid", TextLexer)


# The link to the incident runbook at the top of every page.
templates_path = ["templates"]
html_static_path = ["site"]
html_css_files = ["site.css"]

# Variables of Ansible itself, which the callbacks inherit with their options.
nitpick_ignore_regex = [("envvar", r"ANSIBLE_.*")]
