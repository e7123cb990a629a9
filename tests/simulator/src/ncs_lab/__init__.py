# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab on one Linux machine: hosts of their own, reached by SSH, with a simulated node on each.

A host is a network namespace with an address on a bridge. The operator, who runs Ansible, is in the
machine's own namespace and has an address on the bridge, too. Needs root.
"""
