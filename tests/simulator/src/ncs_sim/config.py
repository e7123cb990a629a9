# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything one node is told when it starts, and the file that keeps it for the next start."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypedDict

from ncs_sim.errors import SimError
from ncs_sim.files import write_private

CONFIG_FILE = "node.json"

# release -> protocol version, docs/protocol.md, "Handshake"
RELEASES = {"5.7": 77, "6.5": 85, "6.6": 86, "6.7": 87}
# protocol version -> library version. The one of 66 is [assumed]: docs/protocol.md has none.
LIBRARY_VERSIONS = {
    66: 0x06060000,
    77: 0x07070100,
    85: 0x08050600,
    86: 0x08060800,
    87: 0x08070200,
}


# How refusals are told: docs/protocol.md, "HA socket" and "MAAPI socket". In the order of how much
# they say.
REFUSALS = ("code", "reason", "tag")

# What becomes of a secondary whose node id is already connected.
SAME_ID = ("refuse", "replace")

# Leaves that a release may lack: docs/protocol.md, "Reading state without the HA socket".
LEAVES = (
    "version",
    "daemon-status",
    "read-only-mode",
    "admin-configured-read-only-mode",
    "ha/mode",
    "ha/node-id",
    "ha/primary-node-id",
    "ha/connected-secondary",
    "high-availability/enabled",
    "ha-raft/status/role",
)


class NodeOptions(TypedDict, total=False):
    """What a caller may set for a node, apart from its directory and address."""

    ipc_address: str
    ipc_port: int
    ipc_path: str | None
    ha_port: int
    northbound_address: str
    northbound_port: int
    release: str
    protocol_version: int | None
    otp: int
    handshake_status: int
    access_check: str
    access_secret_file: str | None
    start_phase: int
    tick_timeout: float
    packages: str
    stream_config: str
    ha_enabled: bool
    ha_path: str
    own_ha: str
    lacks: tuple[str, ...]
    refuse_sessions: int
    refusals: str
    same_id: str
    tls_directory: str | None
    tls_names: tuple[str, ...]
    exit_with_pid: int
    launcher: tuple[str, ...]


@dataclass(frozen=True)
class NodeConfig:
    """One node."""

    directory: str
    address: str
    ipc_address: str = ""  # empty: the same as address
    ipc_port: int = 4569
    ipc_path: str | None = None  # a Unix socket instead of TCP
    ha_port: int = 4570
    northbound_address: str = ""  # of the port that is open on the primary only; empty: as address
    northbound_port: int = 0  # 0: no such port
    release: str = "6.6"
    protocol_version: int | None = None  # None: what the release speaks
    otp: int = 25
    handshake_status: int = 0
    access_check: str = "off"
    access_secret_file: str | None = None
    start_phase: int = 2
    tick_timeout: float = 20.0  # seconds; 0 switches ticks off
    packages: str = ""
    stream_config: str = ""
    ha_enabled: bool = True
    ha_path: str = ""  # "new" or "old"; empty: that of the release
    own_ha: str = ""  # "rule-based" or "raft": NSO's own HA, which is at work
    lacks: tuple[str, ...] = ()  # which of LEAVES this node does not have
    refuse_sessions: int = 0  # the code with which user sessions are refused; 0: they are not
    refusals: str = "code"  # one of REFUSALS
    same_id: str = "refuse"  # one of SAME_ID
    tls_directory: str | None = None  # has the authority of the cluster; None: links without TLS
    tls_names: tuple[str, ...] = ()  # what the certificate names; empty: the address
    exit_with_pid: int = 0  # 0: live until stopped
    # Put in front of the command that starts the node, such as ("ip", "netns", "exec", NAME).
    launcher: tuple[str, ...] = ()

    @property
    def version(self) -> int:
        """The protocol version this node speaks."""
        return self.protocol_version or RELEASES[self.release]

    @property
    def library_version(self) -> int:
        return LIBRARY_VERSIONS[self.version]

    @property
    def has_relays(self) -> bool:
        return self.release != "6.7"

    @property
    def has_old_ha_path(self) -> bool:
        """Whether the HA state is where it was up to 6.6.5; all of 6.6 counts as that."""
        return (self.ha_path or ("new" if self.release == "6.7" else "old")) == "old"

    @property
    def ipc_host(self) -> str:
        return self.ipc_address or self.address

    @property
    def northbound_host(self) -> str:
        return self.northbound_address or self.address

    @property
    def silence_limit(self) -> float | None:
        """Seconds without a word from a peer after which it is taken for dead."""
        return 3 * self.tick_timeout or None

    def absolute(self) -> NodeConfig:
        """The same with paths that do not depend on the working directory."""
        secret, socket, tls = self.access_secret_file, self.ipc_path, self.tls_directory
        return replace(
            self,
            directory=str(Path(self.directory).absolute()),
            access_secret_file=secret and str(Path(secret).absolute()),
            ipc_path=socket and str(Path(socket).absolute()),
            tls_directory=tls and str(Path(tls).absolute()),
        )

    def check(self) -> None:
        """Raise SimError for the first option that cannot be."""
        addresses = {
            "address": self.address,
            "IPC address": self.ipc_host,
            "northbound address": self.northbound_host,
        }
        for what, value in addresses.items():
            try:
                ipaddress.ip_address(value)
            except ValueError:
                raise SimError(f"{what} {value!r} is not an IP address") from None
        for what, port in (("IPC port", self.ipc_port), ("HA port", self.ha_port)):
            if not 0 < port < 65536:
                raise SimError(f"{what} {port} is not between 1 and 65535")
        if not 0 <= self.northbound_port < 65536:
            raise SimError(f"northbound port {self.northbound_port} is not between 0 and 65535")
        if self.release not in RELEASES:
            raise SimError(f"release {self.release!r} is not one of {', '.join(RELEASES)}")
        if self.version not in LIBRARY_VERSIONS:
            known = ", ".join(map(str, LIBRARY_VERSIONS))
            raise SimError(f"protocol version {self.version} is not one of {known}")
        if self.access_check not in ("off", "v1", "v2"):
            raise SimError(f"access check {self.access_check!r} is not off, v1 or v2")
        if (self.access_check == "off") != (self.access_secret_file is None):
            raise SimError("--access-check v1|v2 and --access-secret-file need each other")
        if self.start_phase not in (0, 1, 2):
            raise SimError(f"start phase {self.start_phase} is not 0, 1 or 2")
        if self.otp not in (25, 26):
            raise SimError(f"OTP {self.otp} is not 25 or 26")
        if self.handshake_status not in (0, 2):
            raise SimError(f"handshake status {self.handshake_status} is not 0 or 2")
        if self.ha_path not in ("", "new", "old"):
            raise SimError(f"HA path {self.ha_path!r} is not new or old")
        if self.own_ha not in ("", "rule-based", "raft"):
            raise SimError(f"own HA {self.own_ha!r} is not rule-based or raft")
        if self.refusals not in REFUSALS:
            raise SimError(f"refusals {self.refusals!r} is not one of {', '.join(REFUSALS)}")
        if self.same_id not in SAME_ID:
            raise SimError(f"same id {self.same_id!r} is not one of {', '.join(SAME_ID)}")
        if self.tls_names and self.tls_directory is None:
            raise SimError("names for a certificate need TLS")
        for leaf in self.lacks:
            if leaf not in LEAVES:
                raise SimError(f"leaf {leaf!r} is not one of {', '.join(LEAVES)}")
        if not 0 <= self.tick_timeout < 1_000_000:
            raise SimError(f"tick timeout {self.tick_timeout} is not a number of seconds")
        if self.ipc_path is not None and len(self.ipc_path.encode()) > 107:
            raise SimError(f"IPC path {self.ipc_path} is longer than a Unix socket path may be")

    def save(self) -> None:
        """Keep this in the node's directory, for the next start."""
        text = json.dumps(asdict(self), indent=2) + "\n"
        write_private(Path(self.directory) / CONFIG_FILE, text)

    @classmethod
    def load(cls, directory: Path) -> NodeConfig:
        path = directory / CONFIG_FILE
        try:
            values = json.loads(path.read_text())
            known = {field.name for field in fields(cls)} & set(values)
            config = cls(**{key: _tuple_of(values[key]) for key in known})
        except FileNotFoundError:
            raise SimError(f"{directory} holds no node ({CONFIG_FILE} is missing)") from None
        except (OSError, ValueError, TypeError) as error:
            raise SimError(f"cannot read {path}: {error}") from error
        return replace(config, directory=str(directory))


def _tuple_of(value: Any) -> Any:
    """A list as a tuple, which JSON does not have; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value
