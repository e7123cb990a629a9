# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What nodes tell of themselves that matters beside their roles. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.nso.ha.plugins.module_utils._node.state import PRIMARY, RELAY

from .observation import Answer, Observation, Silence


def ha_of_its_own(host: str, answer: Answer) -> list[str]:
    """Return the kinds of NSO's own HA that are at work on a node, in words, with what to do.

    The vendor supports external HA beside them, only one kind at a time (docs/protocol.md, "Reading
    state without the HA socket").
    """
    reasons = []
    if answer.facts.rule_based_ha:
        reasons.append(
            f"{host} has NSO's rule-based HA enabled, which gives roles by itself, and only one "
            f"kind of HA may be at work. Set /high-availability/enabled to false on {host}"
        )
    if answer.facts.raft:
        reasons.append(
            f"{host} takes part in NSO's HA Raft, which gives roles by itself, and only one kind "
            f"of HA may be at work. Disable it in ncs.conf of {host} (/ncs-config/ha-raft/enabled)"
        )
    return reasons


def not_enabled(host: str, answer: Answer) -> list[str]:
    """Return that HA is not enabled on a node, in words, with what to do; nothing if it may be."""
    if answer.facts.ha_enabled is not False:
        return []
    return [
        f"{host} has HA not enabled in ncs.conf, so it takes no role. Set /ncs-config/ha/enabled "
        f"to true on {host}, and restart NSO there"
    ]


def other_ha(observed: Mapping[str, Observation]) -> list[str]:
    """Return a sentence for each node with NSO's own HA at work, or with HA not enabled."""
    return [
        f"{reason}."
        for host, observation in observed.items()
        if isinstance(observation, Answer)
        for reason in (*ha_of_its_own(host, observation), *not_enabled(host, observation))
    ]


def untold(observed: Mapping[str, Observation]) -> list[str]:
    """Return a sentence on each node that does not tell whom it follows, or who follows it."""
    sentences = [_untold_upstream(host) for host in _untold_upstreams(observed)]
    return sentences + [
        f"{host} does not tell which secondaries are connected to it, so that is known from them "
        "alone. Hint: with nso_ha_look=ha_socket it is asked by its HA socket."
        for host, observation in observed.items()
        if isinstance(observation, Answer)
        and observation.state.role in (PRIMARY, RELAY)
        and observation.state.secondaries is None
    ]


def as_silent(observed: Mapping[str, Observation]) -> dict[str, Observation]:
    """Return the observations for a plan: a node that does not tell whom it follows is silent.

    Without that nothing can be said of what it needs, or of its data.
    """
    silent = {
        host: Silence(_untold_upstream("it"), reachable=True)
        for host in _untold_upstreams(observed)
    }
    return {**observed, **silent}


def leaves_open(observation: Observation) -> bool:
    """Return whether a node follows another, and it is not known which."""
    return isinstance(observation, Answer) and observation.upstream_untold


def _untold_upstreams(observed: Mapping[str, Observation]) -> list[str]:
    return [host for host, observation in observed.items() if leaves_open(observation)]


def _untold_upstream(who: str) -> str:
    return (
        f"{who} does not tell which node it follows, and no node says that it has it for a "
        "follower. Hint: with nso_ha_look=operational_state,ha_socket it is asked by its HA socket."
    )
