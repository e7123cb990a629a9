# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m ncs_sim`: the same as the command `ncs-sim`."""

import sys

from ncs_sim.cli import main

if __name__ == "__main__":
    sys.exit(main())
