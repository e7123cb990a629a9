# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an operator agrees to, and how a message asks for it.

A consent to lose data is for a node as it is: for its last transaction. It does not hold for data
that the node gets later, so it can stay where it was given. A bare name holds for whatever the node
has, for as long as it is given. Plain data and pure functions.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.nso.ha.plugins.module_utils._node import transaction_id
from ansible_collections.nso.ha.plugins.module_utils._node.transaction_id import TransactionId

from .._model.observation import Observation, txid_of

ALLOW_OVERWRITE = "nso_ha_allow_overwrite"
ALLOW_DATA_LOSS = "nso_ha_allow_data_loss"
ALLOW_ORPHANS = "nso_ha_allow_orphans"

#: What an entry of an option may be made of that needs no quoting anywhere.
_PLAIN = re.compile(r"[A-Za-z0-9._%/@:+-]+")


@dataclass(frozen=True)
class Nodes:
    """The nodes for which an operator gives a consent.

    named: whatever data they have
    exact: by node and transaction id, as text: for as long as that is the node's last transaction
    """

    named: frozenset[str] = field(default_factory=frozenset)
    exact: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def cover(self, host: str, txid: TransactionId | None) -> bool:
        """Return whether the consent holds for a node with this last transaction."""
        return host in self.named or (host, _text(txid)) in self.exact

    def void(self, host: str, observed: Mapping[str, Observation]) -> str:
        """Return a sentence on a consent for other data of this node than it has, or ""."""
        now = _text(txid_of(observed[host]))
        others = sorted(text for of, text in self.exact if of == host and text != now)
        if not others or self.cover(host, txid_of(observed[host])):
            return ""
        given = ", ".join(f"{host}@{text}" for text in others)
        owners = [
            other
            for other, observation in observed.items()
            if other != host and _text(txid_of(observation)) in others
        ]
        has = f"; that is what {', '.join(owners)} has" if owners else ""
        return f"The consent {given} does not hold: {host} is at {now}{has}"


@dataclass(frozen=True)
class Consents:
    """What the operator agreed to.

    overwrite:  nodes whose data may be replaced
    data_loss:  nodes whose newer data the next primary may lack
    orphans:    ids of nodes outside the inventory that may lose their primary
    overridden: checks by name
    """

    overwrite: Nodes = field(default_factory=Nodes)
    data_loss: Nodes = field(default_factory=Nodes)
    orphans: frozenset[str] = field(default_factory=frozenset)
    overridden: frozenset[str] = field(default_factory=frozenset)


def entry(host: str, txid: TransactionId | None) -> str:
    """Return the consent for a node as it is, in one word."""
    return f"{host}@{_text(txid)}"


def option(variable: str, entries: Iterable[str]) -> str:
    """Return the option of ansible-playbook that gives a consent, to be pasted."""
    given = list(entries)
    if all(map(_PLAIN.fullmatch, given)):
        return f"-e {variable}={','.join(given)}"
    # Without a blank, as the lines of a report are broken there.
    text = json.dumps({variable: given}, separators=(",", ":")).replace(" ", "\\u0020")
    return f"-e {shlex.quote(text)}"


def value_option(variable: str, value: str) -> str:
    """Return the option of ansible-playbook that gives a variable a text, to be pasted."""
    if _PLAIN.fullmatch(value):
        return f"-e {variable}={value}"
    text = json.dumps({variable: value}, separators=(",", ":")).replace(" ", "\\u0020")
    return f"-e {shlex.quote(text)}"


def _text(txid: TransactionId | None) -> str:
    return transaction_id.UNKNOWN if txid is None else str(txid)
