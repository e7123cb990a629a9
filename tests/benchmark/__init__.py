# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks of the collection, run by `make bench`.

Each figure compares two things that are measured in turn in one run, so that what the machine does
besides happens to both. What is measured is in a module of its own for each group of figures; what
is made of it (results.py, table.py, chart.py) are pure functions over plain data.
"""
