# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
One circuit, from its first event to its last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IStreamClientEndpoint

from txtor._deferred import deferred
from txtor._waiting import Waiting
from txtor.commands import CloseCircuit, ExtendCircuit, SetCircuitPurpose
from txtor.control import LazySocksEndpoint
from txtor.errors import TorError, UnrecognizedEntity
from txtor.events import CircuitDescription

from ._changes import CircuitChanged
from ._circuit_said import CircuitSaid
from ._iteration import LIMIT, Changes

if TYPE_CHECKING:
    from twisted.web.client import HTTPConnectionPool
    from twisted.web.iweb import IAgent

    from ._router import Router
    from ._stream import Stream
    from ._torstate import TorState
    from ._via_circuit import CircuitEndpoint


class CircuitFailed(TorError):
    """
    A circuit did not build, or has ended.

    :ivar circuit: which.
    :ivar reason: Tor's word, as ``"TIMEOUT"``, or ``None``.
    :ivar remote_reason: the word of the relay that ended it, or ``None``.

    See control-spec 4.1.1.
    """

    def __init__(self, circuit: Circuit, what: str) -> None:
        self.circuit = circuit
        self.reason = circuit.reason
        self.remote_reason = circuit.remote_reason
        why = "/".join(word for word in (self.reason, self.remote_reason) if word)
        super().__init__(f"Circuit {circuit.id} {what}{why and f': {why}'}.")


class Circuit(CircuitSaid):
    """
    A circuit of Tor's. It stays the same object for the circuit's life, and tells its last state afterwards.

    :ivar id: as Tor writes it.
    :ivar status: LAUNCHED, EXTENDED, GUARD_WAIT, BUILT, FAILED or CLOSED, or a word of a newer Tor. Tor tells GUARD_WAIT when it
        is asked, at the beginning and after a reconnection, and in no event: a circuit that gets there later stays EXTENDED here.
    :ivar text: what Tor said last of it, unread.
    :ivar is_awaited: whether anybody waits for anything. The mirror asks this at every event, so it is kept and not made.

    See control-spec 4.1.1, CIRC.
    """

    __slots__ = ("__weakref__", "_built", "_closed", "_state", "id", "is_awaited")

    def __init__(self, state: TorState, circuit_id: str) -> None:
        self._state = state
        self.id = circuit_id
        self.status = ""
        self.text = circuit_id
        self._event: CircuitDescription | None = None
        self._built: Waiting[Circuit] | None = None
        self._closed: Waiting[Circuit] | None = None
        self.is_awaited = False

    def __repr__(self) -> str:
        path = " ".join(name.nickname or f"${name.fingerprint}" for name in self.route)
        return f"<Circuit {self.id} {self.status} {self.purpose or ''} [{path}]>"

    # -- what it is part of --------------------------------------------------------------------------------------------

    @property
    def path(self) -> list[Router]:
        """
        The relays that it goes through, as far as it is built. One that is in no consensus is there with its name alone.
        """
        return [self._state.routers.named(name) for name in self.route]

    @property
    def streams(self) -> list[Stream]:
        """
        The streams that are attached to it.
        """
        return list(self._state.model.streams_on(self.id))

    # -- waiting -------------------------------------------------------------------------------------------------------

    def when_built(self) -> Deferred[Circuit]:
        """
        A Deferred of the caller's own that fires when the circuit is built, or at once if it is.

        :raises CircuitFailed: it failed or closed, with Tor's reason.
        :raises Disconnected: the connection to Tor went away meanwhile or before, or the state was closed.
        """
        if self._built is None:
            if self.is_built:
                return succeed(self)
            if self._state.gone is not None and not self.is_over:
                return fail(self._state.gone)
            self._built = Waiting()
            self.is_awaited = True
            if self.is_over:
                self._built.failed(CircuitFailed(self, "did not build"))
        return self._built.wait()

    def when_closed(self) -> Deferred[Circuit]:
        """
        A Deferred of the caller's own that fires when the circuit has failed or closed, or at once if it has.

        :raises Disconnected: the connection to Tor went away meanwhile or before, or the state was closed.
        """
        if self._closed is None:
            if self.is_over:
                return succeed(self)
            if self._state.gone is not None:
                return fail(self._state.gone)
            self._closed = Waiting()
            self.is_awaited = True
        return self._closed.wait()

    @property
    def last_router(self) -> Router | None:
        """
        The last relay of its path, found without reading the rest.
        """
        words = self.text.split(" ", 3)
        if len(words) < 3 or words[2][:1] != "$":
            return None
        return self._state.routers.with_long_name(words[2].rpartition(",")[2])

    def tell(self) -> None:
        """
        Fire what the present status makes fire. The mirror calls this.
        """
        if self._built is not None:
            if self.is_built:
                self._built.happened(self)
                self._built = None  # it may be extended and built again
            elif self.is_over:
                self._built.failed(CircuitFailed(self, "did not build"))
        if self._closed is not None and self.is_over:
            self._closed.happened(self)
        self.is_awaited = self._built is not None or self._closed is not None

    def forsake(self, error: Exception) -> None:
        """
        Fail whoever waits, since nothing is heard of this circuit for now. The mirror calls this.
        """
        waits, self._built, self._closed = (self._built, self._closed), None, None
        self.is_awaited = False
        for waiting in waits:
            if waiting is not None:
                waiting.failed(error)

    # -- listening -----------------------------------------------------------------------------------------------------

    def listen(self, listener: Any) -> None:
        """
        Tell an `ICircuitListener` what happens to this circuit alone, until it is closed. Adding it twice is adding it once.

        :raises InvalidArgument: it provides no such Interface.
        """
        self._state.watching.circuits.change(self, lambda listeners: listeners.add(listener))

    def unlisten(self, listener: Any) -> None:
        """
        Tell it no more. One that was never told is no error.
        """
        self._state.watching.circuits.change(self, lambda listeners: listeners.remove(listener))

    def changes(self, limit: int = LIMIT) -> Changes[CircuitChanged]:
        """
        What happens to this circuit from now on, for ``async for``. It ends when the circuit is closed, or the state.

        :param limit: how many changes are kept while nobody asks for them.
        :return: gives one value for each thing that Tor says of it. It fails with `Disconnected` when the connection to Tor goes
            away, and with `TooManyChanges` when there were more than the limit.
        :raises InvalidArgument: the limit is no number from 1 on.
        """
        return self._state.watching.circuit_changes(self, limit)

    # -- acting --------------------------------------------------------------------------------------------------------

    @deferred
    async def close(self, if_unused: bool = False) -> Circuit:
        """
        Close the circuit.

        :param if_unused: only if no stream is on it; then this fires when Tor has taken the command.
        :return: fires with the circuit when it has closed, also if it had before.
        """
        if not self.is_over:
            try:
                await self._state.protocol.send(CloseCircuit(self.id, if_unused))
            except UnrecognizedEntity:  # it is gone already, and its event is on the way or came
                if if_unused:
                    return self
        return self if if_unused else await self.when_closed()

    @deferred
    async def extend(self, routers: list[Router | str]) -> Circuit:
        """
        Extend the circuit by some relays.

        :return: fires when Tor has begun; then `when_built` waits for the end.
        """
        await self._state.protocol.send(ExtendCircuit(self.id, [str(router) for router in routers]))
        return self

    def stream_via(
        self, host: str, port: int, tls: Any = False, socks_endpoint: IStreamClientEndpoint | str | None = None
    ) -> CircuitEndpoint:
        """
        An endpoint whose connections go over this circuit and no other.

        It can be connected any number of times, and at once. A circuit that ends fails those that are on their way.

        :param host: a name or an address.
        :param port: 1 to 65535.
        :param tls: whether to speak TLS; see `txtor.socks.TorSocksEndpoint`.
        :param socks_endpoint: Tor's SocksPort; ``None`` asks Tor for it.
        :raises InvalidArgument: an argument cannot be used.
        """
        from ._via_circuit import CircuitEndpoint  # which needs this class

        return CircuitEndpoint(self._state, self, host, port, tls, socks_endpoint)

    def web_agent(
        self, pool: HTTPConnectionPool | None = None, socks_endpoint: IStreamClientEndpoint | str | None = None
    ) -> IAgent:
        """
        An agent for twisted.web and treq whose connections go over this circuit and no other.

        :param pool: keep connections in this pool.
        :param socks_endpoint: Tor's SocksPort; ``None`` asks Tor for it.
        """
        from txtor.web import tor_agent  # twisted.web is wanted by few

        endpoint = socks_endpoint if socks_endpoint is not None else LazySocksEndpoint(self._state.reactor, self._state.protocol)
        return tor_agent(self._state.reactor, endpoint, circuit=self, pool=pool)

    @deferred
    async def set_purpose(self, purpose: str) -> None:
        """
        Change what the circuit is for.

        :param purpose: ``"general"``: Tor may put anybody's streams on it; ``"controller"``: only ours.
        """
        await self._state.protocol.send(SetCircuitPurpose(self.id, purpose))
