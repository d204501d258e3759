# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
A live picture of one Tor: its circuits, streams, relays and the rest, as they are at every moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, Protocol, runtime_checkable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from txtor._deferred import deferred
from txtor.commands import ExtendCircuit, GetInfo
from txtor.control import TorControlProtocol, find_socks_endpoint, resolve
from txtor.errors import Disconnected, InvalidArgument

from ._attaching import DO_NOT_ATTACH, Attaching
from ._circuit import Circuit
from ._export import state_as_dict, state_as_table
from ._listening import Listening
from ._mirror import Mirror
from ._model import AddressMapping, EntryGuard, Model, Validity
from ._paths import PathRules
from ._router import Router
from ._routers import RouterMap
from ._stream import Stream
from ._watching import Watching


@runtime_checkable
class Chooser(Protocol):
    """
    What chooses a path, as `PathRules` do.
    """

    def choose(self, routers: RouterMap) -> list[Router]:
        """
        Choose relays, in order.
        """


class TorState(Listening):
    """
    The picture of one Tor, which follows it.

    Made by `from_protocol` or ``Tor.create_state()``. Reading costs what is read; nothing is asked of Tor meanwhile.

    :ivar reactor: for time, and for connections to Tor's SocksPort.
    :ivar protocol: the connection that it follows.
    :ivar model: circuits, streams and the rest, as plain containers. They are the real ones: read, do not write.
    :ivar routers: the relays, a mapping by fingerprint, which finds by nickname, address and flag too.
    :ivar tor_pid: the id of Tor's process on its machine, or ``None`` where Tor does not tell it.
    :ivar gone: why nothing is followed at the moment: the connection is gone, or the state is closed; ``None`` while all is well.

    See control-spec 4.1.
    """

    #: What an attacher answers to leave a stream waiting; also ``txtor.state.DO_NOT_ATTACH``.
    DO_NOT_ATTACH = DO_NOT_ATTACH

    def __init__(self, reactor: Any, protocol: TorControlProtocol) -> None:
        super().__init__()
        self.reactor = reactor
        self._clock: IReactorTime = reactor
        self.protocol = protocol
        self.model = Model()
        self.routers = RouterMap(self, reactor)
        self.attaching = Attaching(self, reactor)
        self.tor_pid: int | None = None
        self.gone: Disconnected | None = None
        self.watching = Watching(self)
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
        self.gone = None
        await self._mirror.follow(protocol)
        await self.attaching.restore()

    @deferred
    async def close(self) -> None:
        """
        Follow no more, and leave nothing behind: no listener, no timer, no attacher. Whoever waits for a circuit or stream is
        told, and iterations come to their end.
        """
        try:
            await self.attaching.close()
            await self._mirror.stop()
        finally:  # also when Tor did not listen, or nobody wanted to wait for it
            self._forsake(Disconnected("The state is closed: it follows Tor no more."), None)
            if self._expiry is not None and self._expiry.active():
                self._expiry.cancel()

    def lost(self, reason: Disconnected) -> None:
        """
        The connection is gone: whoever waits for anything is told. The mirror calls this.
        """
        self._forsake(reason, reason)

    def _forsake(self, gone: Disconnected, error: Disconnected | None) -> None:
        self.gone = gone
        for circuit in list(self.model.circuits.values()):
            circuit.forsake(gone)
        for stream in list(self.model.streams.values()):
            stream.forsake(gone)
        self.watching.end(error)

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

    @property
    def addrmap(self) -> dict[str, AddressMapping]:
        """
        The addresses that stand for others, by source.
        """
        return self.model.addresses

    @property
    def routers_by_hash(self) -> RouterMap:
        """
        `routers`, under the name that txtorcon gave it: a key is ``$`` and a fingerprint.
        """
        return self.routers

    @property
    def routers_by_name(self) -> Mapping[str, list[Router]]:
        """
        By nickname, in any case, all relays that bear it.
        """
        return self.routers.names

    @property
    def all_routers(self) -> set[Router]:
        """
        All relays of the consensus; ten thousand objects are made for that.
        """
        return set(self.routers.values())

    @property
    def guards(self) -> dict[str, Router]:
        """
        The relays that may be anybody's guard, by fingerprint with ``$``. Those of this Tor are `entry_guards`.
        """
        return {router.id_hex: router for router in self.routers.with_flag("Guard")}

    @property
    def authorities(self) -> dict[str, Router]:
        """
        The directory authorities, by nickname.
        """
        return {router.name: router for router in self.routers.with_flag("Authority")}

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

    def as_table(self, everything: bool = False) -> str:
        """
        The circuits and streams as text in columns.

        :param everything: with the entry guards, the connections to relays and the addresses that stand for others.
        """
        return state_as_table(self, everything)

    # -- acting --------------------------------------------------------------------------------------------------------

    @deferred
    async def build_circuit(
        self,
        routers: Iterable[Router | str] | Chooser | None = None,
        using_guards: bool = False,
        purpose: str | None = None,
    ) -> Circuit:
        """
        Have Tor build a circuit.

        :param routers: the relays, in order; or rules by which they are chosen; with ``None`` Tor chooses.
        :param using_guards: take no other first relay than one of Tor's `entry_guards`. Where Tor chooses it does so anyway;
            rules can ask for it with ``conditions={0: [among(state.entry_guards)]}``.
        :param purpose: ``"controller"``: Tor puts nobody else's streams on it; ``"general"``.
        :return: fires with the circuit when Tor has begun; `Circuit.when_built` waits for the end.
        :raises InternalTorError: Tor cannot build one now.
        :raises UnrecognizedEntity: Tor does not know a relay.
        :raises InvalidArgument: no path fits the rules, or the first relay is no entry guard though it should be.
        """
        path: Iterable[Router | str] | None
        if isinstance(routers, PathRules):
            path = await self.routers.in_slices(routers.choose_in_slices(self.routers))
        elif isinstance(routers, Chooser):
            path = routers.choose(self.routers)
        else:
            path = routers
        names = [str(router) for router in path] if path is not None else None
        if using_guards and names and self.routers.find(names[0]).fingerprint not in self.entry_guards:
            raise InvalidArgument(f"{names[0]} is not one of Tor's entry guards.")
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

    @deferred
    async def close_stream(self, stream: Stream | str, reason: str | int = "MISC") -> Stream:
        """
        Close a stream; see `Stream.close`.

        :raises InvalidArgument: there is no such stream, or no such reason.
        """
        if isinstance(stream, str):
            found = self.model.streams.get(stream)
            if found is None:
                raise InvalidArgument(f"There is no stream {stream!r}.")
            stream = found
        return await stream.close(reason)

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

    # -- what the mirror found out -------------------------------------------------------------------------------------

    def guard_is(self, guard: EntryGuard) -> None:
        """
        Something is new of an entry guard. The mirror calls this.
        """
        self.other_listeners.call("guard_changed", guard)

    def liveness_is(self, up: bool) -> None:
        """
        Tor believes that the network is there, or is not. The mirror calls this.
        """
        before, self.model.liveness = self.model.liveness, up
        if up is not before:
            self.other_listeners.call("liveness_changed", up)

    def validity_is(self, validity: Validity | None) -> None:
        """
        Tor goes by a consensus of these times. The mirror calls this.
        """
        before, self.model.validity = self.model.validity, validity
        if validity != before:
            self.other_listeners.call("consensus_changed", validity)

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
