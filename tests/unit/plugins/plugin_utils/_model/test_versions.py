# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes can follow which, by the versions that their daemons announce."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.nso.ha.plugins.plugin_utils._model.observation import from_ha
from ansible_collections.nso.ha.plugins.plugin_utils._model.topology import Topology
from ansible_collections.nso.ha.plugins.plugin_utils._model.versions import LinkVersions
from helpers.cases import N1, N2, N3, SILENT, Observed, answer, status

ALL = Topology([N1, N2, N3])


def speaking(n1: int | None, n2: int | None, n3: int | None) -> Observed:
    """Return nodes that are none and speak these versions."""
    versions = {"n1": n1, "n2": n2, "n3": n3}
    return {host: replace(answer("none"), protocol=spoken) for host, spoken in versions.items()}


def test_nodes_of_different_versions_do_not_follow_each_other() -> None:
    versions = LinkVersions(ALL, speaking(86, 86, 87))
    assert not versions.why_not("n2", "n1")
    assert versions.why_not("n3", "n1") == (
        "it speaks version 87 of the IPC protocol and n1 speaks version 86, so they run different "
        "NSO releases, which refuse each other (HA_BADVSN)"
    )
    assert versions.why_not("n1", "n3")


def test_what_is_not_known_is_no_obstacle() -> None:
    observed = {**speaking(86, None, 87), "n1": SILENT}
    versions = LinkVersions(ALL, observed)
    assert not versions.why_not("n2", "n3")
    assert not versions.why_not("n3", "n1")


def test_versions_that_are_connected_can_be_in_both_directions() -> None:
    spoken = speaking(86, 86, 87)
    follower = replace(answer("secondary", N1), protocol=87)
    for listed, ok in (([N3], True), ([], False)):
        primary = replace(answer("primary", None, *listed), protocol=86)
        versions = LinkVersions(ALL, {**spoken, "n1": primary, "n3": follower})
        assert (not versions.why_not("n2", "n3")) is ok
        assert (not versions.why_not("n3", "n2")) is ok


def test_the_version_is_that_of_the_handshake() -> None:
    ha = status(answer("none"))
    assert from_ha(ha).protocol is None
    assert from_ha({**ha, "server": {"protocol_version": 86}}).protocol == 86
