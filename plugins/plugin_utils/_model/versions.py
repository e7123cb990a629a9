# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which nodes can follow which, by the versions that their daemons announce.

[assumed] docs/protocol.md, "Versions in a cluster": daemons that speak different versions of the
IPC protocol are of different NSO releases, and refuse each other's HA link. Where two of them are
connected, that is seen to be wrong for their versions. A version that is not known is no obstacle.
Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from .links import named_primaries
from .observation import Answer, Observation
from .topology import Topology


class LinkVersions:
    """The versions of the nodes of a cluster."""

    def __init__(self, topology: Topology, observed: Mapping[str, Observation]) -> None:
        self._versions = {
            host: observation.protocol
            for host, observation in observed.items()
            if isinstance(observation, Answer) and observation.protocol is not None
        }
        self._connected = {
            self._pair(host, upstream) for host, upstream in _links(topology, observed)
        }

    def why_not(self, host: str, upstream: str) -> str:
        """Return why a node cannot follow another, or "" where nothing is known against it."""
        pair = self._pair(host, upstream)
        if len(pair) < 2 or pair in self._connected:
            return ""
        return (
            f"it speaks version {self._versions[host]} of the IPC protocol and {upstream} speaks "
            f"version {self._versions[upstream]}, so they run different NSO releases, which refuse "
            "each other (HA_BADVSN)"
        )

    def _pair(self, host: str, other: str) -> frozenset[int]:
        """Return the versions of two nodes that differ; fewer where they do not, or are unknown."""
        known = (self._versions.get(name) for name in (host, other))
        return frozenset(version for version in known if version is not None)


def _links(topology: Topology, observed: Mapping[str, Observation]) -> list[tuple[str, str]]:
    """Return the followers that are connected, as both ends say, each with its upstream."""
    links = []
    for host, peer in named_primaries(observed):
        upstream = topology.by_node_id(peer.node_id)
        above = observed.get(upstream.host) if upstream else None
        lists = isinstance(above, Answer) and above.lists(topology.members[host].node_id)
        if upstream and lists:
            links.append((host, upstream.host))
    return links
