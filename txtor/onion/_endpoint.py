# -*- test-case-name: txtor.test.onion.test_endpoint -*-
"""
Server endpoints that listen behind an onion service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocolFactory, IReactorTime, IStreamServerEndpoint
from twisted.logger import Logger
from zope.interface import implementer

from txtor._deferred import deferred
from txtor._listener import tell
from txtor.control import TorControlProtocol
from txtor.errors import InvalidArgument

from ._address import OnionAddress
from ._disk_service import FilesystemOnionService, create_disk_service
from ._disk_terms import DiskTerms
from ._ports import ServicePort, parse_ports
from ._service import EphemeralOnionService, create_service
from ._terms import OnionTerms, ProgressListener

_log = Logger()

AnyOnionService: TypeAlias = "EphemeralOnionService | FilesystemOnionService"

#: What the terms of a service can be: of one without files, or of one with.
AnyTerms: TypeAlias = "OnionTerms | DiskTerms"

#: Where to listen: a port of 127.0.0.1, or an endpoint.
Local: TypeAlias = "int | IStreamServerEndpoint | None"

#: Makes the service of an endpoint in its own way, of what is wished and the ports: ``["80 127.0.0.1:8080"]``. What it gives has
#: an ``address``, a ``hostname`` and ``remove()``.
MakeService: TypeAlias = "Callable[[AnyTerms, Sequence[str]], Deferred[Any]]"


class TorLease(Protocol):
    """
    A Tor for as long as an onion service needs it.
    """

    @property
    def protocol(self) -> TorControlProtocol:
        """
        The control connection.
        """

    def release(self) -> Deferred[None]:
        """
        It is needed no longer.
        """


@implementer(IAddress)
class TorOnionAddress:
    """
    Where an onion service can be reached.

    :ivar onion_service: the service.
    :ivar onion_port: its virtual port.
    """

    def __init__(self, onion_service: AnyOnionService, onion_port: int) -> None:
        self.onion_service = onion_service
        self.onion_port = onion_port

    @property
    def onion_uri(self) -> str:
        """
        The host name, which ends with ``.onion``.
        """
        return self.onion_service.hostname

    @property
    def onion_address(self) -> OnionAddress:
        """
        The address as a value.
        """
        return self.onion_service.address

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.onion_uri}:{self.onion_port}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TorOnionAddress):
            return NotImplemented
        return (self.onion_uri, self.onion_port) == (other.onion_uri, other.onion_port)

    def __hash__(self) -> int:
        return hash((self.onion_uri, self.onion_port))


@implementer(IListeningPort)
class TorOnionListeningPort:
    """
    A port that listens behind an onion service, and the service.

    :ivar onion_service: the service.
    """

    def __init__(self, onion_service: AnyOnionService, port: int, local: IListeningPort, lease: TorLease) -> None:
        self.onion_service = onion_service
        self._address = TorOnionAddress(onion_service, port)
        self._local = local
        self._lease = lease
        self._lock = DeferredLock()
        self._stopped = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._address.onion_uri}:{self._address.onion_port} {self._local!r}>"

    def getHost(self) -> TorOnionAddress:
        """
        The onion address.
        """
        return self._address

    @property
    def local_address(self) -> IAddress:
        """
        Where Tor connects to on this machine.
        """
        return self._local.getHost()

    def startListening(self) -> None:
        """
        Not to be called: an endpoint gives ports that listen already, and one that was stopped is made anew by its endpoint.

        :raises CannotListenError: always.
        """
        raise CannotListenError(self._address.onion_uri, self._address.onion_port, "listen by the endpoint")

    def stopListening(self) -> Deferred[None]:
        """
        Remove the service and close the port. Connections go on until they end. This may be called again.

        :raises TorError: in the Deferred: Tor did not remove the service. The port is closed all the same.
        """
        return self._lock.run(self._stop)

    @deferred
    async def _stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        try:
            await close_port(self._local)
            await self.onion_service.remove()
        finally:
            await self._lease.release()


async def close_port(port: IListeningPort) -> None:
    """
    Stop listening, and wait for it.
    """
    stopped = port.stopListening()
    if stopped is not None:
        await stopped


@implementer(IStreamServerEndpoint)
class TorOnionEndpoint:
    """
    Listens on this machine, behind an onion service.

    Nothing is connected, launched or opened before `listen`, which may be called again: each time it makes another service, or
    fails where the same key or directory is in use.
    """

    def __init__(
        self,
        reactor: Any,
        get_tor: Callable[[], Deferred[Any]],
        port: int,
        terms: AnyTerms,
        local: Local = None,
        *,
        make: MakeService | None = None,
    ) -> None:
        """
        :param reactor: for the port on this machine, and as a clock.
        :param get_tor: gives a `TorLease`.
        :param port: the virtual port, 1 to 65535.
        :param terms: of the service.
        :param local: where to listen on this machine; by default a port of 127.0.0.1 that the system chooses.
        :param make: makes the service; by default the Tor is asked for it.
        :raises InvalidArgument: a port is none.
        """
        (checked,) = parse_ports([port])
        self._reactor = reactor
        self._get_tor = get_tor
        self._port = checked.virtual
        self._terms = terms.with_progress(self._tell)
        self._local = _local_endpoint(reactor, local)
        self._own_make = make
        self._listeners: list[ProgressListener] = [] if terms.progress is None else [terms.progress]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for port {self._port}>"

    def add_progress_listener(self, listener: ProgressListener) -> None:
        """
        Call a function with percent, a word and a sentence for each step of a publication.
        """
        self._listeners.append(listener)

    def _tell(self, percent: int, word: str, sentence: str) -> None:
        for listener in list(self._listeners):
            tell(listener, percent, word, sentence)

    def listen(  # type: ignore[override]  # the Interface promises less
        self, protocolFactory: IProtocolFactory  # noqa: N803  # Twisted's
    ) -> Deferred[TorOnionListeningPort]:
        """
        Listen, make the service, and wait until it is published as the terms say.

        Whatever goes wrong, and if it is cancelled, nothing stays behind.

        :raises CannotListenError: in the Deferred: the port on this machine is in use.
        :raises TorError: as `txtor.Tor.create_onion_service`, `txtor.connect` and `txtor.launch` do.
        """
        return self._listen(protocolFactory)

    @deferred
    async def _listen(self, factory: IProtocolFactory) -> TorOnionListeningPort:
        local = await self._local.listen(factory)
        lease = None
        try:
            ports = [str(port) for port in parse_ports([(self._port, local)])]
            lease = await self._get_tor()
            if self._own_make is not None:
                service = await self._own_make(self._terms, ports)
            else:
                service = await make_onion_service(self._reactor, lease.protocol, self._terms, ports)
        except BaseException:  # whatever stopped it, nothing may stay open
            await close_port(local)
            if lease is not None:
                await lease.release()
            raise
        listening = TorOnionListeningPort(service, self._port, local, lease)
        # Who listens by a string, as twist does, has no other place to read the address.
        _log.info("Listening behind {hostname}:{port}", hostname=service.hostname, port=self._port)
        return listening


@deferred
async def make_onion_service(
    reactor: IReactorTime, protocol: TorControlProtocol, terms: AnyTerms, ports: ServicePort | Iterable[ServicePort]
) -> AnyOnionService:
    """
    Make a service of either kind; see `txtor.Tor.create_onion_service` and `txtor.Tor.create_filesystem_onion_service`.

    :param reactor: for listening, where a target is a factory, and as a clock.
    :param protocol: the control connection of its Tor.
    """
    if isinstance(terms, OnionTerms):
        return await create_service(EphemeralOnionService, reactor, protocol, parse_ports(ports), terms)
    return await create_disk_service(FilesystemOnionService, reactor, protocol, parse_ports(ports), terms)


def _local_endpoint(reactor: IReactorTime, local: Local) -> IStreamServerEndpoint:
    """
    Where to listen on this machine.

    :raises InvalidArgument: it is neither a port nor an endpoint.
    """
    if local is None or (isinstance(local, int) and not isinstance(local, bool) and 0 <= local <= 65535):
        return TCP4ServerEndpoint(reactor, local or 0, interface="127.0.0.1")
    if IStreamServerEndpoint.providedBy(local):
        return local
    raise InvalidArgument(f"Where to listen on this machine is a port or an endpoint, not {str(local)[:80]!r}.")


class KeptTor:
    """
    A lease of a Tor that stays when it is released.
    """

    def __init__(self, protocol: TorControlProtocol) -> None:
        self.protocol = protocol

    @deferred
    async def release(self) -> None:
        """
        Leave it as it is.
        """
