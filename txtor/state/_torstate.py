# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
A live picture of one Tor: its circuits, streams, relays and the rest, as they are at every moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any, Protocol, TypeVar, runtime_checkable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from txtor._deferred import deferred
from txtor.commands import ExtendCircuit, GetInfo
from txtor.control import TorControlProtocol, find_socks_endpoint, resolve
from txtor.errors import Disconnected, InvalidArgument

from ._attaching import Attaching
from ._circuit import Circuit
from ._export import state_as_dict, state_as_table
from ._listeners import (
    AddrListenerMixin,
    CircuitListenerMixin,
    IAddrListener,
    ICircuitListener,
    IRouterListener,
    IStreamListener,
    Listeners,
    StreamListenerMixin,
)
from ._mirror import Mirror
from ._model import AddressMapping, EntryGuard, Model
from ._router import Router
from ._routers import RouterMap
from ._stream import Stream

F = TypeVar("F", bound=Callable[..., object])


@runtime_checkable
class Chooser(Protocol):
    """
    What chooses a path, as `PathRules` do.
    """

    def choose(self, routers: RouterMap) -> list[Router]:
        """
        Choose relays, in order.
        """


class TorState:
    """
    The picture of one Tor, which follows it.

    Made by `from_protocol` or ``Tor.create_state()``. Reading costs what is read; nothing is asked of Tor meanwhile.

    :ivar reactor: for time, and for connections to Tor's SocksPort.
    :ivar protocol: the connection that it follows.
    :ivar model: circuits, streams and the rest, as plain containers. They are the real ones: read, do not write.
    :ivar routers: the relays, a mapping by fingerprint, which finds by nickname, address and flag too.

    See control-spec 4.1.
    """

    def __init__(self, reactor: Any, protocol: TorControlProtocol) -> None:
        self.reactor = reactor
        self._clock: IReactorTime = reactor
        self.protocol = protocol
        self.model = Model()
        self.routers = RouterMap(self, reactor)
        self.attaching = Attaching(self, reactor)
        self.circuit_listeners: Listeners[Any] = Listeners(ICircuitListener)
        self.stream_listeners: Listeners[Any] = Listeners(IStreamListener)
        self.router_listeners: Listeners[Any] = Listeners(IRouterListener)
        self.address_listeners: Listeners[Any] = Listeners(IAddrListener)
        self._mirror = Mirror(self)
        self._expiry: IDelayedCall | None = None
        self._next_expiry: datetime | None = None

    @classmethod
    def from_protocol(cls, reactor: Any, protocol: TorControlProtocol) -> Deferred[TorState]:
        """
        The picture of the Tor at the other end of a connection that is authenticated.

        :return: fires when the picture is complete.
        :raises TorRefused: Tor, or a filter in front of it, does not let us listen or look.
        :raises Disconnected: the connection went away before.
        """
        state = cls(reactor, protocol)
        return state._mirror.follow(protocol).addCallback(lambda _: state)

    @deferred
    async def follow(self, protocol: TorControlProtocol) -> None:
        """
        Follow the same Tor over a new connection. Listeners are told what changed meanwhile; objects that still exist stay.

        :param protocol: a connection that is authenticated.
        """
        self.protocol = protocol
        await self._mirror.follow(protocol)
        await self.attaching.restore()

    @deferred
    async def close(self) -> None:
        """
        Follow no more, and leave nothing behind: no listener, no timer, no attacher.
        """
        await self.attaching.close()
        await self._mirror.stop()
        if self._expiry is not None and self._expiry.active():
            self._expiry.cancel()

    def lost(self, reason: Disconnected) -> None:
        """
        The connection is gone: whoever waits for a circuit or stream is told. The mirror calls this.
        """
        for circuit in list(self.model.circuits.values()):
            circuit.forsake(reason)
        for stream in list(self.model.streams.values()):
            stream.forsake(reason)

    # -- looking -------------------------------------------------------------------------------------------------------

    @property
    def circuits(self) -> dict[str, Circuit]:
        """
        The circuits that exist, by id.
        """
        return self.model.circuits

    @property
    def streams(self) -> dict[str, Stream]:
        """
        The streams that exist, by id.
        """
        return self.model.streams

    @property
    def entry_guards(self) -> dict[str, EntryGuard]:
        """
        The relays that Tor may use as first hops, by fingerprint.
        """
        return self.model.guards

    def find_circuit(self, circuit_id: str | int) -> Circuit:
        """
        A circuit by its id.

        :raises InvalidArgument: there is none.
        """
        try:
            return self.model.circuits[str(circuit_id)]
        except KeyError:
            raise InvalidArgument(f"There is no circuit {circuit_id!r}.") from None

    def router_from_id(self, name: str) -> Router:
        """
        A relay by ``$fingerprint~nickname`` or less. One that is in no consensus is there with its name alone.

        :raises InvalidArgument: this is no name of a relay, or of more than one.
        """
        return self.routers.find(name)

    def as_dict(self, routers: bool = False) -> dict[str, Any]:
        """
        The picture as plain data, for JSON and the like. SOCKS passwords are left out.

        :param routers: with the relays, of which there may be ten thousand.
        """
        return state_as_dict(self, routers)

    def as_table(self) -> str:
        """
        The circuits and streams as text in columns.
        """
        return state_as_table(self)

    # -- listening -----------------------------------------------------------------------------------------------------

    def add_circuit_listener(self, listener: Any) -> None:
        """
        Tell an `ICircuitListener` what happens to circuits.

        :raises InvalidArgument: it provides no such Interface.
        """
        self.circuit_listeners.add(listener)

    def remove_circuit_listener(self, listener: Any) -> None:
        """
        Tell it no more.
        """
        self.circuit_listeners.remove(listener)

    def add_stream_listener(self, listener: Any) -> None:
        """
        Tell an `IStreamListener` what happens to streams.

        :raises InvalidArgument: it provides no such Interface.
        """
        self.stream_listeners.add(listener)

    def remove_stream_listener(self, listener: Any) -> None:
        """
        Tell it no more.
        """
        self.stream_listeners.remove(listener)

    def on(self, happening: str, function: F) -> F:
        """
        Call a function at one kind of happening.

        :param happening: a method of `ICircuitListener`, `IStreamListener` or `IAddrListener`, as ``"circuit_built"``.
        :return: the function, so that this can be used in a decorator.
        :raises InvalidArgument: there is no such happening.
        """
        for prefix, mixin, listeners in (
            ("circuit_", CircuitListenerMixin, self.circuit_listeners),
            ("stream_", StreamListenerMixin, self.stream_listeners),
            ("addrmap_", AddrListenerMixin, self.address_listeners),
        ):
            if happening.startswith(prefix) and hasattr(mixin, happening):
                listener = mixin()
                setattr(listener, happening, function)
                listeners.add(listener)
                return function
        raise InvalidArgument(f"Nothing is called {happening!r}.")

    # -- acting --------------------------------------------------------------------------------------------------------

    @deferred
    async def build_circuit(
        self,
        routers: Iterable[Router | str] | Chooser | None = None,
        purpose: str | None = None,
    ) -> Circuit:
        """
        Have Tor build a circuit.

        :param routers: the relays, in order; or rules by which they are chosen; with ``None`` Tor chooses.
        :param purpose: ``"controller"``: Tor puts nobody else's streams on it; ``"general"``.
        :return: fires with the circuit when Tor has begun; `Circuit.when_built` waits for the end.
        :raises InternalTorError: Tor cannot build one now.
        :raises UnrecognizedEntity: Tor does not know a relay.
        :raises InvalidArgument: no path fits the rules.
        """
        path = routers.choose(self.routers) if isinstance(routers, Chooser) else routers
        names = [str(router) for router in path] if path is not None else None
        circuit_id = await self.protocol.send(ExtendCircuit("0", names or (), purpose))
        circuit = self.model.circuits.get(circuit_id)
        if circuit is None:  # its first event follows the answer
            circuit = self.model.circuits[circuit_id] = Circuit(self, circuit_id)
        return circuit

    @deferred
    async def close_circuit(self, circuit: Circuit | str, if_unused: bool = False) -> Circuit:
        """
        Close a circuit; see `Circuit.close`.
        """
        target = self.find_circuit(circuit) if isinstance(circuit, str) else circuit
        return await target.close(if_unused)

    def set_attacher(self, attacher: Any, reactor: object = None) -> Deferred[None]:
        """
        Let an `IStreamAttacher` choose the circuits of new and detached streams.

        Tor's ``__LeaveStreamsUnattached`` is set for that, and put back by `undo_attacher` and when the reactor stops.

        :param attacher: ``None`` is `undo_attacher`.
        :param reactor: not needed; programs for txtorcon give it.
        :raises InvalidArgument: it provides no such Interface.
        """
        if attacher is None:
            return self.attaching.undo()
        return self.attaching.set(attacher)

    def undo_attacher(self) -> Deferred[None]:
        """
        Let Tor choose again. The streams that wait are given to it.
        """
        return self.attaching.undo()

    def resolve(self, name: str, reverse: bool = False) -> Deferred[str]:
        """
        Have Tor look up a name over the control port. The answer is an address mapping too.

        :param reverse: the name is an IPv4 address, whose name is wanted.
        :return: the address, or the name.
        :raises HostUnreachableError: there is none.
        """
        return resolve(self._clock, self.protocol, name, reverse)

    def socks_endpoint(self) -> Deferred[str]:
        """
        Where Tor takes SOCKS, as an endpoint string: its first SocksPort, on TCP or a unix socket.

        :raises SocksPortNotFound: it has none.
        """
        return find_socks_endpoint(self.protocol)

    @deferred
    async def country_of(self, address: str) -> str:
        """
        The country of an address, by Tor's own tables: two lower-case letters, or ``"??"``.

        :raises InternalTorError: this Tor has no tables.
        """
        key = f"ip-to-country/{address}"
        return (await self.protocol.send(GetInfo((key,))))[key]

    # -- addresses that expire -----------------------------------------------------------------------------------------

    def address_mapped(self, mapping: AddressMapping) -> None:
        """
        A mapping is new. The mirror calls this.
        """
        if self.address_listeners.calls:
            self.address_listeners.call("addrmap_added", mapping)
        expires = mapping.expires
        if expires is not None and (self._next_expiry is None or expires < self._next_expiry):
            self._expire_at(expires)

    def _expire_at(self, moment: datetime) -> None:
        self._next_expiry = moment
        seconds = max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
        if self._expiry is not None and self._expiry.active():
            self._expiry.reset(seconds)
        else:
            self._expiry = self._clock.callLater(seconds, self._expire)

    def address_expired(self, source: str) -> None:
        """
        A mapping has ended.
        """
        if self.model.addresses.pop(source, None) is not None:
            self.address_listeners.call("addrmap_expired", source)

    def _expire(self) -> None:
        now = datetime.now(timezone.utc)
        self._next_expiry = None
        for mapping in list(self.model.addresses.values()):
            if mapping.expires is not None and mapping.expires <= now:
                self.address_expired(mapping.source)
        later = [mapping.expires for mapping in self.model.addresses.values() if mapping.expires is not None]
        if later:
            self._expire_at(min(later))
