# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that knows one address, and not which node answers there."""

from __future__ import annotations

import ipaddress
import socket
import time
from typing import NamedTuple

from ncs_sim.control_path import Answer
from ncs_sim.errors import SimError
from ncs_sim.handle import NotRunning, ask, receive_line
from ncs_sim.northbound import GREETING


class Service(NamedTuple):
    """Where clients write: a node, a floating address, a load balancer."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Service:
        """Read ADDRESS:PORT or [ADDRESS]:PORT; SimError if it is neither."""
        host, _colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        try:
            ipaddress.ip_address(host)
            number = int(port)
        except ValueError:
            raise SimError(f"{text!r} is not ADDRESS:PORT") from None
        if not 0 < number < 65536:
            raise SimError(f"port {port} is not between 1 and 65535")
        return cls(host, number)

    def write(self, key: str, value: str, timeout: float) -> Answer:
        """Write one value on a connection of its own; return what the node that took it says.

        Raises as `NodeHandle.write` does. Nothing is sent before the greeting of a node, so without
        one nothing was written.
        """
        end = time.monotonic() + timeout
        try:
            sock = socket.create_connection((self.host, self.port), timeout)
        except OSError as error:
            raise NotRunning(f"{self} cannot be reached: {error}") from error
        with sock:
            try:
                greeting = receive_line(sock, end)
            except OSError as error:
                raise NotRunning(f"{self} said nothing: {error}") from error
            if greeting != GREETING:
                raise NotRunning(f"{self} closed before it said anything")
            request = {"op": "write", "key": key, "value": value}
            return ask(sock, request, end, str(self))
