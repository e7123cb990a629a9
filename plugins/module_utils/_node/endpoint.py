# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where a node's IPC port is: which of the options, the environment and the defaults counts.

Source of the variables and defaults: docs/protocol.md, "Where a client connects".
"""

from __future__ import annotations

from typing import Callable, Mapping, NamedTuple, Union

from ..ncs import ipc

ENV_PATH = "NCS_IPC_PATH"
ENV_IP = "NCS_IPC_ADDR"
ENV_PORT = "NCS_IPC_PORT"
ENV_ACCESS_FILE = "NCS_IPC_ACCESS_FILE"

#: Where NSO 6.7 and later listen when nothing else is configured.
DEFAULT_PATH = "/tmp/nso/nso-ipc"


class EndpointError(ValueError):
    """Options or environment that name no usable endpoint."""


class UnixEndpoint(NamedTuple):
    """A Unix stream socket."""

    path: str

    def __str__(self) -> str:
        return self.path


class TcpEndpoint(NamedTuple):
    """A TCP port; `ip` is an address or a host name."""

    ip: str
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


Endpoint = Union[UnixEndpoint, TcpEndpoint]


class Options(NamedTuple):
    """The connection options of a task; None or an empty string is one that was not given."""

    path: str | None = None
    ip: str | None = None
    port: int | None = None


def choose(
    options: Options, environment: Mapping[str, str], exists: Callable[[str], bool]
) -> Endpoint:
    """Return the endpoint: task before environment before default, path before ip and port.

    `exists` tells whether a path exists on the target. Raises EndpointError.
    """
    if options.path:
        return UnixEndpoint(options.path)
    env_path = environment.get(ENV_PATH)
    env_ip = environment.get(ENV_IP)
    env_port = environment.get(ENV_PORT)
    task_says_tcp = bool(options.ip) or options.port is not None
    if not task_says_tcp and env_path:
        return UnixEndpoint(env_path)
    if not task_says_tcp and not env_ip and not env_port and exists(DEFAULT_PATH):
        return UnixEndpoint(DEFAULT_PATH)
    port = options.port
    if port is None:
        port = _number(env_port) if env_port else ipc.DEFAULT_PORT
    if not 1 <= port <= 65535:
        raise EndpointError(f"port {port} is not between 1 and 65535")
    return TcpEndpoint(options.ip or env_ip or ipc.DEFAULT_IP, port)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise EndpointError(
            f"the environment variable {ENV_PORT} is {text!r}, not a number"
        ) from None
