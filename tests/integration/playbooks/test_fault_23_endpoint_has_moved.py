# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary lives and nothing listens where it is asked: it is not taken for a dead one."""

from __future__ import annotations

from pathlib import Path

from helpers.clusters import assert_refused
from helpers.frozen import Frozen
from helpers.playbooks import edit
from helpers.simulated import Simulation


def test_a_primary_whose_endpoint_has_moved_needs_fencing(
    simulation: Simulation, tmp_path: Path
) -> None:
    with Frozen(simulation, tmp_path) as frozen:
        n1, inventory = frozen.n1, frozen.cluster.inventory
        socket = str(tmp_path / "no-such-socket")
        unused = simulation.port()
        a_socket = {"nso_ha_path": socket, "nso_ha_ip": None, "nso_ha_port": None}
        for change, found in (
            ({"nso_ha_port": unused}, f"Something listens at {n1.address}:4569"),
            (a_socket, f"Something listens on HA port 4570 at {n1.address}"),
        ):
            refused = frozen.failover(inventory=edit(inventory, {"n1": change}))
            assert_refused(refused, "(fenced failed) n1", found, "nso_ha_path")

        # With another HA port besides, its process tells.
        hidden = {**a_socket, "nso_ha_ha_port": unused}
        process = {**hidden, "nso_ha_process": f"^python.* ncs_sim .*{n1.directory}"}
        refused = frozen.failover(inventory=edit(inventory, {"n1": process}))
        assert_refused(refused, "(fenced failed) n1", f"Process {n1.pid} (", "nso_ha_process")

        # A daemon that really does not run needs none.
        n1.kill()
        done = frozen.failover(inventory=edit(inventory, {"n1": process}))
        assert done.status == 0, done.output
        assert "no process is a daemon" in done.node("n1")["problem"]
        frozen.assert_one_primary()


def test_a_primary_that_listens_at_another_default_than_the_inventory_says_needs_fencing(
    simulation: Simulation, tmp_path: Path
) -> None:
    # Its HA port is another one as well, so that only the endpoint tells.
    with Frozen(simulation, tmp_path, ha_port=simulation.port()) as frozen:
        n1 = frozen.n1
        wrong = edit(
            frozen.cluster.inventory,
            {"n1": {"nso_ha_port": simulation.port(), "nso_ha_ha_port": None}},
        )
        refused = frozen.failover(inventory=wrong)
        found = f"Something listens at {n1.address}:4569"
        assert_refused(refused, "(fenced failed) n1", found, "set nso_ha_path or nso_ha_port")
        assert n1.frozen
        frozen.assert_one_primary()
