# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m ncs_lab`."""

import sys

from ncs_lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
