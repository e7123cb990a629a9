# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The health of a cluster in one line, and the next command.

Health is about the nodes: whether one of them, and only one, is primary and accepts writes, and
whether every other one has its data. What the inventory pins is another matter. Pure functions over
plain data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS

from .._model import itself, links
from .._model.observation import Answer, Observation, Silence, txid_of
from .._model.topology import Member, Topology, led_by
from .stored import Stored, UnderWay
from .table import names_of

HEALTHY = "healthy"
DEGRADED = "degraded"
READ_ONLY = "read_only"
UNDER_WAY = "under_way"
NO_PRIMARY = "no_primary"
TWO_PRIMARIES = "two_primaries"
UNKNOWN = "unknown"

#: The exit status for monitoring.
EXIT_STATUS: Mapping[str, int] = {
    HEALTHY: 0,
    DEGRADED: 1,
    READ_ONLY: 1,
    UNDER_WAY: 1,
    NO_PRIMARY: 2,
    TWO_PRIMARIES: 2,
    UNKNOWN: 3,
}

#: How a line of health begins. What must not be overlooked is in capitals.
_BEGINS = {
    HEALTHY: "healthy",
    DEGRADED: "degraded",
    READ_ONLY: "READ-ONLY",
    UNDER_WAY: "under way",
    NO_PRIMARY: "NO PRIMARY",
    TWO_PRIMARIES: "TWO PRIMARIES",
    UNKNOWN: "unknown",
}

#: How many nodes a sentence names.
_MOST_NAMES = 4

_STATUS = "run nso.ha.status"
_REJOIN = "run nso.ha.rejoin"
_CONVERGE = "run nso.ha.converge"


@dataclass(frozen=True)
class Health:
    """What a person has to know first.

    state: one of those above
    says:  what there is, in words
    then:  what to do next, in words, or "" where nothing has to be done
    """

    state: str
    says: str
    then: str = ""

    def __str__(self) -> str:
        """Return the line of health."""
        return f"{_BEGINS[self.state]}: {self.says}"


def not_asked(why: str) -> Health:
    """Return the health of a cluster of which no node was asked."""
    return Health(UNKNOWN, f"no node was asked: {why}")


def two_primaries(hosts: Sequence[str]) -> Health:
    """Return the health of a cluster with more than one primary."""
    return Health(
        TWO_PRIMARIES,
        f"{_names(hosts)} are primary at the same time, and each takes writes that the other does "
        "not have",
        f"stop what writes to them, then {_REJOIN}",
    )


def assess(
    topology: Topology,
    observed: Mapping[str, Observation],
    stored: Stored,
    now: float,
    problems: Sequence[str] = (),
) -> Health:
    """Return the health of a cluster that was looked at.

    topology: the nodes in the roles that they should have now
    now:      seconds since 1970, for how long a run has been under way
    problems: what is wrong with the topology, so that it does not say what should be
    """
    living = links.primaries(observed)
    if len(living) > 1:
        return two_primaries(living)
    if problems:
        return Health(UNKNOWN, f"what the cluster should be is not clear: {problems[0]}")
    run = next(iter(stored.under_way), None)
    if run is not None:
        who = f"{living[0]} is primary" if living else "no node that answers is primary"
        return Health(UNDER_WAY, f"{_run(run, now)}; {who}", "wait for it")
    if not living:
        return _without_primary(topology, observed, stored)
    return _read_only(observed, stored, living[0]) or _with_primary(topology, observed, living[0])


def _run(run: UnderWay, now: float) -> str:
    """Return who is doing what, and for how long; by the clock of a node, which may differ."""
    seconds = now - datetime.fromisoformat(run.taken.replace("Z", "+00:00")).timestamp()
    since = f"for {_duration(seconds)}" if seconds >= 0 else f"since {run.taken}"
    return f"{run.operation} by {run.owner} {since}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _without_primary(
    topology: Topology, observed: Mapping[str, Observation], stored: Stored
) -> Health:
    silent = [host for host, observation in observed.items() if isinstance(observation, Silence)]
    # A daemon that is known not to run is not primary.
    open_ = [host for host in silent if not _is_stopped(observed[host])]
    not_asked = _not_asked(observed)
    if not_asked:
        return Health(
            UNKNOWN,
            f"no node that was asked is primary; {_were_not_asked(not_asked)}",
            f"to see all nodes, {_STATUS}",
        )
    if len(open_) == len(observed):
        return Health(UNKNOWN, "no node answers", "see that the nodes can be reached")
    for host in open_:
        followers = _followers_of(topology.members[host], observed)
        if followers:
            say = "says that it follows" if len(followers) == 1 else "say that they follow"
            return Health(
                UNKNOWN,
                f"{host} does not answer, and {_names(followers)} {say} it",
                f"see that {host} can be reached; if it is dead, run nso.ha.failover",
            )
    last = stored.history.newest
    former = topology.by_node_id(last.primary) if last is not None else None
    if former is not None and former.host in open_:
        return Health(
            NO_PRIMARY,
            f"{former.host}, the last primary, does not answer, and no other node is primary",
            f"see that {former.host} can be reached; if it is dead, run nso.ha.failover",
        )
    more = f"; {_silent(silent)}" if silent else ""
    if former is None:
        return Health(NO_PRIMARY, f"no node is primary yet{more}", _CONVERGE)
    if former.host in silent:
        return Health(
            NO_PRIMARY,
            f"NSO does not run on {former.host}, the last primary, and no other node is primary",
            f"start NSO on {former.host}, then {_CONVERGE}; if it cannot start, run "
            "nso.ha.failover",
        )
    return Health(NO_PRIMARY, f"no node is primary{more}", _CONVERGE)


def _followers_of(member: Member, observed: Mapping[str, Observation]) -> list[str]:
    """Return the nodes that say that they follow this one."""
    return [
        host
        for host, observation in observed.items()
        if isinstance(observation, Answer)
        and observation.state.role in FOLLOWERS
        and links.names_as_primary(observation.state, member)
    ]


def _read_only(observed: Mapping[str, Observation], stored: Stored, host: str) -> Health | None:
    """Return the health of a cluster whose primary accepts no writes, None where it does."""
    answer = observed[host]
    if not isinstance(answer, Answer):
        return None
    if answer.held:
        mark = stored.marks.get(host)
        by = f"an interrupted {mark.operation} (run {mark.run_id})" if mark else "a run"
        return Health(READ_ONLY, f"{host}, the primary, is held by {by}", _CONVERGE)
    if answer.is_kept_read_only:
        # A run broke off between the promotion and the end of the mode.
        return Health(READ_ONLY, f"{host}, the primary, is still held as a follower", _CONVERGE)
    if answer.admin_read_only:
        return Health(
            READ_ONLY,
            f"{host}, the primary, is in an administrator's read-only mode",
            f"lift it with nso.ha.ncs_ha_read_only on {host} when it is not needed any more",
        )
    return None


def _with_primary(topology: Topology, observed: Mapping[str, Observation], primary: str) -> Health:
    topology = Topology(led_by(topology.members.values(), primary))
    others = [host for host in observed if host != primary]
    not_asked = _not_asked(observed)
    silent = [
        host for host in others if isinstance(observed[host], Silence) and host not in not_asked
    ]
    not_known = [host for host in others if itself.leaves_open(observed[host])]
    apart = [
        host
        for host in others
        if host not in (*silent, *not_known, *not_asked)
        and not _has_its_place(topology, observed, host)
    ]
    faults = [
        *([_silent(silent)] if silent else []),
        *([_apart(apart, observed, primary)] if apart else []),
        *([_untold(not_known)] if not_known else []),
    ]
    if not_asked:
        faults.append(_were_not_asked(not_asked))
    if not_asked and len(faults) == 1:
        then = f"to see all nodes, {_STATUS}"
        return Health(UNKNOWN, f"{primary} is primary; {faults[0]}", then)
    if faults:
        then = _REJOIN if apart else ""
        if not_known and not apart:
            then = f"to ask by the HA socket, {_STATUS} -e nso_ha_look=operational_state,ha_socket"
        stopped = [host for host in silent if _is_stopped(observed[host])]
        if silent and not apart:
            doing = f"start NSO on {_names(silent)}" if stopped == silent else ""
            then = f"{doing or f'see that {_names(silent)} can be reached'}, then {_REJOIN}"
        return Health(DEGRADED, f"{primary} is primary; {'; '.join(faults)}", then)
    copies = [host for host in others if topology.members[host].role in FOLLOWERS]
    if not copies:
        return Health(HEALTHY, f"{primary} is primary, without secondaries")
    last = txid_of(observed[primary])
    same = last is not None and all(txid_of(observed[host]) == last for host in copies)
    # A busy primary and its copy, asked at different moments, have different ids.
    what = "in sync" if same else "connected"
    noun = "secondary" if len(copies) == 1 else "secondaries"
    return Health(HEALTHY, f"{primary} is primary, {len(copies)} of {len(copies)} {noun} {what}")


def _has_its_place(topology: Topology, observed: Mapping[str, Observation], host: str) -> bool:
    """Return whether a node copies the primary, through relays perhaps, or is none as wanted."""
    if not links.is_as_wanted(topology, observed, host):
        return False
    if topology.members[host].role not in FOLLOWERS:
        return True
    return links.copies_from(topology, observed, host, topology.primary.host)


def _not_asked(observed: Mapping[str, Observation]) -> list[str]:
    """Return the nodes that were not asked, of which nothing is known."""
    return [
        host
        for host, observation in observed.items()
        if isinstance(observation, Silence) and not observation.asked
    ]


def _were_not_asked(hosts: Sequence[str]) -> str:
    return f"{_names(hosts)} {'was' if len(hosts) == 1 else 'were'} not asked"


def _untold(hosts: Sequence[str]) -> str:
    verb = "follows" if len(hosts) == 1 else "follow"
    return f"which node {_names(hosts)} {verb} is not known"


def _is_stopped(observation: Observation) -> bool:
    return isinstance(observation, Silence) and observation.stopped


def _silent(hosts: Sequence[str]) -> str:
    return f"{_names(hosts)} {'does' if len(hosts) == 1 else 'do'} not answer"


def _apart(hosts: Sequence[str], observed: Mapping[str, Observation], primary: str) -> str:
    """Return what nodes are that answer, and do not follow the primary."""
    held = [host for host in hosts if getattr(observed[host], "held", False)]
    if held and len(held) == len(hosts):
        return f"{_names(hosts)} {'is' if len(hosts) == 1 else 'are'} held in read-only mode"
    return f"{_names(hosts)} {'does' if len(hosts) == 1 else 'do'} not follow {primary}"


def _names(hosts: Sequence[str]) -> str:
    """Return the names in a sentence."""
    return names_of(hosts, _MOST_NAMES)
