# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a node: roles, orders, commits. docs/protocol.md, "HA socket".

    none      -- beprimary -->   primary     HA port open, takes writes
    none      -- besecondary --> secondary   follows a primary, refuses writes
    secondary -- berelay -->     relay       a secondary whose HA port is open
    any       -- benone -->      none        alone and writable

An order changes the role under `_transition`. The first copy of a besecondary does not: it runs in
the background as a join, and the role stays none until the data are in place [assumed], so other
clients are served and other orders can be given meanwhile. What an order does in a situation the
documentation is silent about is marked [assumed] where it is decided.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from enum import IntEnum

from ncs_sim.address import Peer
from ncs_sim.config import NodeConfig
from ncs_sim.downstream import Downstream, Stage
from ncs_sim.errors import Code, OutcomeUnknown, Refusal, StoreError
from ncs_sim.events import Broker, HaEvent
from ncs_sim.faults import Faults
from ncs_sim.link import Link
from ncs_sim.listener import HaListener
from ncs_sim.log import log
from ncs_sim.store import Store
from ncs_sim.tasks import spawn
from ncs_sim.terms import Term
from ncs_sim.txid import TxId
from ncs_sim.upstream import Hooks, Upstream


class Role(IntEnum):
    """The numbers are those of the status answer."""

    NONE = 1
    SECONDARY = 2
    PRIMARY = 3
    RELAY = 4


class Node:
    """One simulated daemon, without its client sockets."""

    def __init__(self, config: NodeConfig, store: Store) -> None:
        self.config = config
        self.store = store
        self.events = Broker()
        self.role = Role.NONE
        self.node_id: str | None = None
        self.token = b""
        self.phase = config.start_phase
        self.readonly = False  # the administrator's; not kept over a restart
        self.faults = Faults()
        self._transition = asyncio.Lock()
        self._committing = asyncio.Lock()
        self._epoch = 0  # counts role changes
        self.run = secrets.token_hex(4)  # no other process has it: epochs begin anew in each
        self._listener: HaListener | None = None
        self._downstream: dict[str, Downstream] = {}
        self._upstream: Upstream | None = None
        self._join: _Join | None = None
        self._phase_changed = asyncio.Event()
        #: Called after each change of role or phase.
        self.follow: Callable[[], None] = lambda: None

    # What others may see

    @property
    def primary(self) -> Peer | None:
        """Whose secondary this node is."""
        return self._upstream.primary if self._upstream else None

    @property
    def secondaries(self) -> list[Peer]:
        return [down.peer for down in self._downstream.values() if down.stage is Stage.JOINED]

    @property
    def epoch(self) -> int:
        """How often the role has changed. As long as this stays, the role has."""
        return self._epoch

    @property
    def joining(self) -> bool:
        """A besecondary is under way."""
        return self._join is not None

    def status_term(self) -> Term:
        """The answer to a status order. The node's own id is not in it."""
        upwards = [self.primary] if self.primary else []
        return status_term(self.role, [*upwards, *self.secondaries])

    def describe(self) -> dict[str, object]:
        """Everything the node knows that is not secret."""
        primary = self.primary
        return {
            "running": True,
            "pid": os.getpid(),
            "role": self.role.name.lower(),
            "node_id": self.node_id,
            "primary": primary.to_json() if primary else None,
            "secondaries": [peer.to_json() for peer in self.secondaries],
            "joining": self.joining,
            "epoch": self.epoch,
            "run": self.run,
            "phase": self.phase,
            "readonly": self.readonly,
            "txid": self.store.txid.to_json(),
            "keys": len(self.store.data),
            "subscribers": len(self.events),
            "address": self.config.address,
            "ha_port": self.config.ha_port,
            "ipc_address": None if self.config.ipc_path else self.config.ipc_host,
            "ipc_port": None if self.config.ipc_path else self.config.ipc_port,
            "ipc_path": self.config.ipc_path,
            "release": self.config.release,
            "protocol_version": self.config.version,
            "library_version": f"0x{self.config.library_version:08x}",
        }

    # Start phases

    def set_phase(self, phase: int) -> None:
        self.phase = phase
        self._phase_changed.set()
        self._phase_changed = asyncio.Event()
        self.follow()

    async def phase_change(self) -> None:
        """Return when the phase has changed."""
        await self._phase_changed.wait()

    # Orders

    async def beprimary(self, own_id: str) -> None:
        async with self._transition:
            self._admit_order()
            if self.role is Role.PRIMARY:
                if own_id == self.node_id:
                    return  # [assumed] the same order again succeeds
                # [assumed] a primary does not change its name under its secondaries' feet
                raise Refusal(Code.BADSTATE, "already primary under another id")
            self._abort_join()
            if self.role is Role.RELAY:
                self._leave()  # [assumed] leaving relay goes through none
            listener = await self._listen(own_id)
            try:
                self._adopt_txid(own_id)
            except StoreError as error:
                listener.close()
                raise Refusal(Code.OS, str(error)) from error
            self._drop_links()
            self._listener = listener
            self._enter(Role.PRIMARY, own_id)
            self.events.publish(HaEvent.IS_PRIMARY)

    async def besecondary(self, own_id: str, primary: Peer, wait: bool) -> None:
        """Return when the data are in place, or at once if the order is asynchronous."""
        hold = self.faults.take_hold() if wait else None
        try:
            join = await self._begin_join(own_id, primary)
            if not wait:
                join.outcome.add_done_callback(self._report_result)
                return
            # The client may go away; the join goes on all the same [assumed].
            await asyncio.shield(join.outcome)
        except Refusal as refusal:
            if not wait:
                # [assumed] an order without answer reports refusals by event, too.
                self.events.publish(HaEvent.BESECONDARY_RESULT, refusal.code)
            raise
        finally:
            await self.faults.hold(hold)

    async def benone(self) -> None:
        async with self._transition:
            self._admit_order()
            self._abort_join()
            self._leave()

    async def berelay(self) -> None:
        async with self._transition:
            self._admit_order()
            if not self.config.has_relays:
                raise Refusal(Code.NOT_IMPLEMENTED, "no relays in this release")
            if self.role is not Role.SECONDARY or self.node_id is None:
                raise Refusal(Code.BADSTATE, "not secondary")
            listener = await self._listen(self.node_id)
            if self.role is not Role.SECONDARY:
                listener.close()
                raise Refusal(Code.BADSTATE, "lost the primary meanwhile")
            self._listener = listener
            self._enter(Role.RELAY, self.node_id)

    async def secondary_dead(self, node_id: str) -> None:
        async with self._transition:
            self._admit_order()
            if self.role not in (Role.PRIMARY, Role.RELAY):
                raise Refusal(Code.BADSTATE, "has no secondaries")  # [assumed]
            down = self._downstream.get(node_id)
            if down is not None:  # [assumed] naming a node that is not connected is no error
                was_joined = down.stage is Stage.JOINED
                down.close()
                self._forget(down, "declared dead", was_joined)

    def close(self) -> None:
        """The daemon stops."""
        self._abort_join()
        self._leave()
        self.store.close()

    # Writes

    async def write(self, key: str, value: str, as_primary: bool = False) -> tuple[TxId, int]:
        """Store one value; return once every connected secondary has it on disk too.

        The result is the transaction id and the epoch, which was the same all the time. With
        `as_primary`, only a primary takes the write; no other role can come between that check and
        the commit.
        """
        self._check_writable()
        if as_primary and self.role is not Role.PRIMARY:
            raise Refusal(Code.BADSTATE, f"not primary but {self.role.name.lower()}")
        epoch = self._epoch
        await self.faults.delay_commit()
        async with self._committing:
            # [assumed] Read-only mode is about new writes: one that was let in before still ends
            # well. A change of role ends it, since a copy would overwrite it without a word.
            if self._epoch != epoch or self.joining:
                raise Refusal(Code.HA_ABORT, "the role changed before the commit")
            txid = self.store.next_txid(self.node_id if self.role is Role.PRIMARY else None)
            await self._commit(txid, {key: value})
            if self._epoch != epoch:
                raise OutcomeUnknown("the node changed role before the secondaries had it")
            return txid, epoch

    def _check_writable(self) -> None:
        if self.phase < 2:
            # What listens for clients is started in phase 2.
            raise Refusal(Code.BADSTATE, f"start phase {self.phase}")  # [assumed]
        if self.role in (Role.SECONDARY, Role.RELAY):
            raise Refusal(Code.BADSTATE, f"a {self.role.name.lower()} takes no writes")
        if self.joining:
            # [assumed] What came in now would be overwritten by the copy without anybody's notice.
            raise Refusal(Code.BADSTATE, "becoming secondary")
        if self.readonly:
            raise Refusal(Code.BADSTATE, "read-only mode")

    async def _apply(self, txid: TxId, changes: Mapping[str, str]) -> None:
        """Store a commit that came from the primary, and pass it on if this node is a relay.

        [assumed] As with the first copy, read-only mode does not keep it out: that is for clients.
        """
        async with self._committing:
            await self._commit(txid, changes)

    async def _commit(self, txid: TxId, changes: Mapping[str, str]) -> None:
        self.store.commit(txid, changes)
        # No await between the store and this: a secondary that joins meanwhile either has the
        # commit in its copy or gets it behind the copy, never neither.
        sent = [(down, down.commit(txid, changes)) for down in list(self._downstream.values())]
        for down, number in sent:
            await down.stored(number)

    def _adopt_txid(self, own_id: str) -> None:
        """[assumed] A first-time primary puts its name to the data it has, which stay the same."""
        txid = self.store.txid
        if txid.primary_id is None:
            self.store.commit(TxId(own_id, txid.micros), {})

    # Changes of role

    def _admit_order(self) -> None:
        if self.phase == 0:
            raise Refusal(Code.BADSTATE, "start phase 0")
        self.faults.admit_order()

    async def _listen(self, own_id: str) -> HaListener:
        listener = HaListener(
            self.config, self.faults, own_id, lambda: self.token, self._admit_secondary
        )
        await listener.open()
        return listener

    def _enter(self, role: Role, own_id: str) -> None:
        self.role, self.node_id = role, own_id
        self._epoch += 1
        log(f"is {role.name.lower()} as {own_id}")
        self.follow()

    def _leave(self) -> None:
        """Become none, whatever the role was."""
        self._drop_links()
        if self.role is Role.NONE:
            return
        self.role = Role.NONE
        self._epoch += 1
        log("is none")
        self.follow()
        self.events.publish(HaEvent.IS_NONE)

    def _drop_links(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for down in list(self._downstream.values()):
            down.close()
        self._downstream.clear()
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None

    # Becoming secondary

    async def _begin_join(self, own_id: str, primary: Peer) -> _Join:
        async with self._transition:
            self._admit_order()
            if own_id == primary.node_id:
                raise Refusal(Code.PROTOUSAGE, "a node cannot follow itself")  # [assumed]
            if self.role is Role.RELAY:
                raise Refusal(Code.BADSTATE, "is relay")  # [assumed] it has to be none first
            self._abort_join()
            current = self._upstream
            same = current is not None and (current.own_id, current.primary) == (own_id, primary)
            join = _Join()
            if same:
                join.outcome.set_result(None)  # [assumed] nothing to do for the same order again
                return join
            self._leave()
            self.node_id = own_id
            hooks = Hooks(
                txid=lambda: self.store.txid,
                replace=self.store.replace,
                apply=self._apply,
                lost=self._lose_primary,
            )
            join.upstream = Upstream(self.config, self.faults, own_id, primary, hooks)
            self._join = join
            join.task = spawn(self._finish_join(join, join.upstream), "join")
            return join

    async def _finish_join(self, join: _Join, upstream: Upstream) -> None:
        log(f"joining {upstream.primary.node_id} at {upstream.primary.address.host}")
        try:
            await upstream.join(self.token)
        except Refusal as refusal:
            # [assumed] A failed besecondary leaves the node none.
            log(f"join failed: {refusal}")
            upstream.close()
            self._join = None
            join.fail(refusal)
            return
        self._join = None
        self._upstream = upstream
        self._enter(Role.SECONDARY, upstream.own_id)
        self.events.publish(HaEvent.INITIALIZED, int(upstream.by_copy))
        join.outcome.set_result(None)

    def _abort_join(self) -> None:
        """[assumed] A newer role order ends a besecondary that is still under way."""
        join, self._join = self._join, None
        if join is None:
            return
        if join.task is not None:
            join.task.cancel()
        if join.upstream is not None:
            join.upstream.close()
        # [assumed] The code is that of a first synchronisation that failed.
        join.fail(Refusal(Code.HA_CLOSED, "aborted by another order"))

    def _report_result(self, outcome: asyncio.Future[None]) -> None:
        error = outcome.exception()
        code = error.code if isinstance(error, Refusal) else 0
        self.events.publish(HaEvent.BESECONDARY_RESULT, code)

    def _lose_primary(self, upstream: Upstream, code: int, why: str) -> None:
        if upstream is not self._upstream:
            return
        log(f"lost the primary {upstream.primary.node_id}: {why}")
        self.events.publish(HaEvent.NO_PRIMARY, code)
        self._leave()

    # Secondaries

    def _admit_secondary(self, peer: Peer, link: Link, txid: TxId) -> None:
        old = self._downstream.get(peer.node_id)
        if old is not None and self.config.same_id == "refuse":
            # [assumed] docs/protocol.md, "HA socket": the daemon logs HA_DUPLICATE_NODEID. Neither
            # that it refuses the newcomer nor the code is documented.
            raise Refusal(Code.HA_CLOSED, f"HA_DUPLICATE_NODEID: {peer.node_id} is connected")
        if old is not None:
            was_joined = old.stage is Stage.JOINED
            old.close()
            self._forget(old, "replaced by a new connection", was_joined)
        tick = self.config.tick_timeout
        down = Downstream(peer, link, self.faults, tick, self._secondary_joined, self._forget)
        self._downstream[peer.node_id] = down
        equal = txid == self.store.txid
        log(f"secondary {peer.node_id} comes, {'equal' if equal else 'to be copied'}")
        down.start(None if equal else dict(self.store.data), self.store.txid)

    def _secondary_joined(self, down: Downstream) -> None:
        log(f"secondary {down.peer.node_id} joined")
        self.events.publish(HaEvent.SECONDARY_ARRIVED, down.peer.to_term())

    def _forget(self, down: Downstream, why: str, was_joined: bool) -> None:
        if self._downstream.get(down.peer.node_id) is not down:
            return
        del self._downstream[down.peer.node_id]
        log(f"secondary {down.peer.node_id} gone: {why}")
        if was_joined:
            self.events.publish(HaEvent.SECONDARY_DIED, down.peer.to_term())


def status_term(role: Role, listed: list[Peer]) -> Term:
    return (int(role), [peer.to_term() for peer in listed])


class _Join:
    """A besecondary under way, and what became of it."""

    def __init__(self) -> None:
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Nobody may be left to wait for a failure; that is no mistake.
        self.outcome.add_done_callback(lambda outcome: outcome.exception())
        self.upstream: Upstream | None = None
        self.task: asyncio.Task[None] | None = None

    def fail(self, refusal: Refusal) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(refusal)
