# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether all hosts of a cluster have the same token, without telling what it is.

Each host states a digest of its token, which `-vvv` prints and a log may keep. A plain digest
would let anyone who reads it try tokens until one fits. So it is keyed, and the key is in no
result: it is in the temporary directory that Ansible makes for itself, and goes with it when
Ansible ends, unless it is killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

_FILE = "key_of_tokens"
_KEY_BYTES = 32

#: How many characters of a digest are stated: enough that two tokens never have the same.
_SHOWN = 32


def digest(token: str, directory: str) -> str:
    """Return a digest of a token that can be compared with others of the same Ansible process.

    `directory` is Ansible's own temporary directory. Where there is no key to be had in it, it is
    "", and nothing is compared.
    """
    try:
        key = _key(Path(directory))
    except OSError:
        return ""
    return hmac.new(key, token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[
        :_SHOWN
    ]


def _key(directory: Path) -> bytes:
    """Return the key of this Ansible process. Raises OSError.

    Hosts state their settings in parallel processes. The first one makes the key for all of them.
    """
    path = directory / _FILE
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=directory) as new:
            new.write(secrets.token_bytes(_KEY_BYTES))
            new.flush()
            # Complete, or not there at all; another process may have been faster.
            with contextlib.suppress(FileExistsError):
                os.link(new.name, path)
    return path.read_bytes()


def differing(digests: Mapping[str, str]) -> list[str]:
    """Return in words that hosts have another token than the others, or nothing.

    `digests` are by host. Hosts without one are not compared.
    """
    hosts_of: dict[str, list[str]] = defaultdict(list)
    for host, of_host in digests.items():
        if of_host:
            hosts_of[of_host].append(host)
    if len(hosts_of) < 2:
        return []
    # The token of most hosts is most likely the right one; of equal groups, that of the first host.
    most, *others = sorted(hosts_of.values(), key=len, reverse=True)
    return [
        f"the token of {_names(hosts)} is not that of {_names(most)}, and a node follows only a "
        "node with the same token. Set one nso_ha_token for the whole group, and remove that of "
        f"{_names(hosts)} from host_vars and from the smaller groups of the inventory"
        for hosts in others
    ]


def _names(hosts: list[str]) -> str:
    return " and ".join([", ".join(hosts[:-1]), hosts[-1]] if len(hosts) > 1 else hosts)
