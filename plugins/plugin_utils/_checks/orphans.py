# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Nodes outside the inventory that a plan would cut off from their primary. Pure functions.

Such a node becomes none, accepts writes, and no operation brings it back. So that needs a consent,
by its node id.
"""

from __future__ import annotations

from collections import defaultdict

from .._model import identity
from .._model.identity import Stranger
from .._plan import operations
from .case import FAILED, OVERRIDDEN, Case, Verdict
from .consents import ALLOW_ORPHANS, Consents, option

#: The name of the verdicts on nodes that would be cut off.
ORPHANS = "orphans"


def cut_off(case: Case, consents: Consents) -> list[Verdict]:
    """Return a verdict for each node that lists such nodes and is to change its role.

    A failover whose primary is gone does not wait for them: what is behind a relay has lost its
    primary already.
    """
    if case.operation == operations.FAILOVER and case.promotes:
        return []
    changing = {step.host for step in case.plan.roles}
    orphans: dict[str, list[Stranger]] = defaultdict(list)
    for stranger in identity.connected_strangers(case.topology, case.observed):
        if stranger.host in changing:
            orphans[stranger.host].append(stranger)
    ids = sorted(stranger.node_id for listed in orphans.values() for stranger in listed)
    ask = option(ALLOW_ORPHANS, dict.fromkeys([*sorted(consents.orphans), *ids]))
    verdicts = []
    for host, listed in orphans.items():
        agreed = all(stranger.node_id in consents.orphans for stranger in listed)
        why = (
            f"lists {' and '.join(map(str, listed))} as connected, which the inventory does not "
            "have and which would be cut off"
        )
        if not agreed:
            why += (
                f", have role none and accept writes. Add it to the inventory; or give {ask} to "
                "cut it off"
            )
        verdicts.append(Verdict(ORPHANS, OVERRIDDEN if agreed else FAILED, why, host))
    return verdicts
