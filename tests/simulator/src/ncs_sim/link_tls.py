# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS on the link between two nodes: who dials wants a certificate that names the address dialled.

certificates.py makes the files. What NSO answers where two nodes do not agree is [assumed]: the
order fails with HA_CONNECT where the caller has TLS, and with HA_CLOSED where only the other has.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from ncs_sim.config import NodeConfig

#: The certificate of a cluster's authority, in the directory that its nodes share.
AUTHORITY = "ca.pem"
#: Certificate and key of a node, in its own directory.
CERTIFICATE = "tls.pem"


def listening(config: NodeConfig) -> ssl.SSLContext | None:
    """What a listener needs; None without TLS."""
    if config.tls_directory is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(config.directory) / CERTIFICATE)
    return context


def dialling(config: NodeConfig) -> ssl.SSLContext | None:
    """What a caller needs; None without TLS."""
    if config.tls_directory is None:
        return None
    return ssl.create_default_context(cafile=str(Path(config.tls_directory) / AUTHORITY))
