# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How the data of nodes compares, as the report says it. Pure functions over plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.nso.ha.plugins.module_utils._node.state import FOLLOWERS, NONE
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId

from .._model import data_rules, links
from .._model.history import PromotionHistory
from .._model.observation import Answer, Observation, Silence, txid_of
from .._model.topology import Topology
from .table import names_of

SAME = "same"
BEHIND = "behind"
NEWER = "newer"
DIFFERS = "differs"
NOT_KNOWN = "not known"
#: Of the primary itself, and of a node that did not answer.
NOTHING = "-"

#: Two times of one clock that are further apart than this say nothing: it was set in between.
_MOST_SECONDS = 10 * 365 * 86400


def compared(
    topology: Topology, observed: Mapping[str, Observation], history: PromotionHistory
) -> dict[str, str]:
    """Return, by host, how its data compares to that of the primary, in a word or a few.

    Where there is not one primary, whether all nodes that answer have the same data.
    """
    answers = {host: answer for host, answer in observed.items() if isinstance(answer, Answer)}
    primary = links.only_primary(observed)
    words = dict.fromkeys(observed, NOTHING)
    if primary:
        for host in answers:
            if host != primary:
                words[host] = _to_primary(topology, observed, history, host, primary)
        return words
    ids = {answer.txid for answer in answers.values()}
    for host, answer in answers.items():
        if answer.txid is None:
            words[host] = NOT_KNOWN
        elif len(answers) > 1:
            words[host] = SAME if len(ids) == 1 else _to_upstream(topology, answers, host)
    return words


def _to_upstream(topology: Topology, answers: Mapping[str, Answer], host: str) -> str:
    """Return how a node compares to the one that it follows, where there is not one primary."""
    named = answers[host].state.primary
    upstream = topology.by_node_id(named.node_id) if named else None
    if upstream is None or upstream.host not in answers:
        return DIFFERS
    same = answers[host].txid == answers[upstream.host].txid
    return f"same as {upstream.host}" if same else DIFFERS


def _to_primary(
    topology: Topology,
    observed: Mapping[str, Observation],
    history: PromotionHistory,
    host: str,
    primary: str,
) -> str:
    txid, last = txid_of(observed[host]), txid_of(observed[primary])
    if txid is None or last is None:
        return NOT_KNOWN
    relation = data_rules.compare(txid, last, history)
    if relation == data_rules.EQUAL:
        return SAME
    if relation == data_rules.NEWER:
        # The primary may have been asked before a transaction that its copy has got since.
        return SAME if _copies(topology, observed, host, primary) else NEWER
    if relation == data_rules.BEHIND or _copies(topology, observed, host, primary):
        return _behind(txid, last)
    return DIFFERS


def _copies(
    topology: Topology, observed: Mapping[str, Observation], host: str, primary: str
) -> bool:
    answer = observed[host]
    if not isinstance(answer, Answer) or answer.state.role not in FOLLOWERS:
        return False
    return links.copies_from(topology, observed, host, primary)


def _behind(txid: TransactionId, last: TransactionId) -> str:
    """Return by how much an older id is behind, where one clock has given both."""
    if txid.primary_id != last.primary_id:
        return BEHIND
    seconds = _seconds(last) - _seconds(txid)
    if not 0 < seconds <= _MOST_SECONDS:
        return BEHIND
    return f"{BEHIND} by {duration(seconds)}"


def _seconds(txid: TransactionId) -> float:
    mega, seconds, micro = txid.timestamp
    return mega * 1e6 + seconds + micro / 1e6


def duration(seconds: float) -> str:
    """Return a length of time in the unit that suits it."""
    if seconds < 0.95:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} days"


def left_behind(
    topology: Topology, observed: Mapping[str, Observation], history: PromotionHistory
) -> list[str]:
    """Return a sentence on each node that has, or may have, writes that the primary lacks.

    For the end of a failover. A node that copies the primary has none, nor has one whose last
    transaction the promotion history has as an ancestor of the primary's data.
    """
    primary = links.only_primary(observed)
    if not primary:
        return []
    has: list[str] = []
    may_have: list[str] = []
    for host, observation in observed.items():
        if host == primary or topology.members[host].role == NONE:
            continue
        if isinstance(observation, Silence):
            may_have.append(host)
            continue
        relation = data_rules.compare(txid_of(observation), txid_of(observed[primary]), history)
        if relation in data_rules.SAFE or _copies(topology, observed, host, primary):
            continue
        newer = relation in (data_rules.NEWER, data_rules.DIVERGED)
        (has if newer else may_have).append(host)
    return [*_to_keep(has, "has", "have"), *_to_keep(may_have, "may have", "may have")]


def _to_keep(hosts: Sequence[str], singular: str, plural: str) -> list[str]:
    if not hosts:
        return []
    names = names_of(hosts)
    they = f"it {singular}" if len(hosts) == 1 else f"they {plural}"
    return [f"Keep the data of {names}: {they} writes that no other node has."]
