# -*- test-case-name: txtor.test.socks.test_endpoint -*-
"""
One attempt: from the call of ``connect`` or ``resolve`` until its Deferred has fired, exactly once.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import NoProtocol
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from txtor.errors import SocksError, SocksProtocolViolation, SocksServerUnreachable

from ._hosts import AddressType, Target
from ._messages import Command, Credentials, SocksReply
from ._negotiation import Core
from ._protocol import SocksProtocol
from ._surplus import Surplus

T = TypeVar("T")


@implementer(IProtocolFactory)
class Attempt(Generic[T]):
    """
    What a look-up and a connection have in common. A subclass says what happens when the server has answered.

    :ivar result: the caller's Deferred. Cancelling it closes the connection to the SOCKS server in every phase.
    """

    def __init__(self, command: Command, target: Target, credentials: Credentials | None) -> None:
        self._command = command
        self._target = target
        self._credentials = credentials
        self._over = False
        # An endpoint that tries several addresses may connect to more than one of them.
        self._shells: list[SocksProtocol] = []
        self.result: Deferred[T] = Deferred(self._cancel)

    def start(self, socks_endpoint: IStreamClientEndpoint) -> Deferred[T]:
        """
        Connect to the SOCKS server.

        :return: `result`.
        """
        self._connecting = socks_endpoint.connect(self)
        self._connecting.addErrback(self._unreachable)
        return self.result

    def doStart(self) -> None:
        """
        The SOCKS server's endpoint has begun.
        """

    def doStop(self) -> None:
        """
        Its connection has ended.
        """

    def buildProtocol(self, addr: IAddress | None) -> SocksProtocol | None:
        """
        The SOCKS server has accepted a connection; ``None`` if that is too late.
        """
        if self._over:
            return None
        shell = SocksProtocol(Core(self._command, self._target, self._credentials), self._established, self._fail)
        self._shells.append(shell)
        return shell

    def _established(self, shell: SocksProtocol, reply: SocksReply, surplus: bytes) -> None:
        raise NotImplementedError("A subclass says it.")

    def _end(self, winner: SocksProtocol | None = None) -> None:
        """
        From now on nothing happens; all connections but one are closed.
        """
        self._over = True
        self._credentials = None
        shells, self._shells = self._shells, []
        for shell in shells:
            if shell is not winner:
                shell.abort()

    def _fail(self, error: BaseException | Failure) -> None:
        if not self._over:
            self._end()
            self.result.errback(error)

    def _unreachable(self, failure: Failure) -> None:
        """
        The endpoint of the SOCKS server failed. One that goes through SOCKS itself has said enough.
        """
        if isinstance(failure.value, SocksError):
            self._fail(failure)
        else:
            error = SocksServerUnreachable(f"The SOCKS server cannot be reached: {failure.getErrorMessage()}")
            error.__cause__ = failure.value
            self._fail(error)

    def _cancel(self, result: Deferred[T]) -> None:
        """
        Close what is open. The Deferred fails with ``CancelledError`` by itself.
        """
        self._end()
        self._connecting.cancel()


class Connection(Attempt[IProtocol]):
    """
    A connection for the application's protocol.
    """

    def __init__(self, target: Target, credentials: Credentials | None, factory: IProtocolFactory) -> None:
        super().__init__(Command.CONNECT, target, credentials)
        self._factory = factory

    def doStart(self) -> None:
        """
        The application's factory is in use.
        """
        self._factory.doStart()

    def doStop(self) -> None:
        """
        The application's factory is in use no longer.
        """
        self._factory.doStop()

    def _established(self, shell: SocksProtocol, reply: SocksReply, surplus: bytes) -> None:
        """
        Build the application's protocol and give it the transport; then what the other side has said already.
        """
        if self._over:
            return
        self._end(shell)
        transport = shell.transport
        assert transport is not None
        waiting: Surplus | None = None
        try:
            application = self._factory.buildProtocol(address_of(self._target))
            if application is None:
                raise NoProtocol
            shell.give_transport_to(application)
            if surplus:
                waiting = Surplus(surplus, transport, application)
            application.makeConnection(transport)
        except Exception:  # whatever the application's own code raises is its caller's to see
            shell.abort()
            self.result.errback(Failure())
            return
        self.result.callback(application)
        if waiting is not None:
            waiting.deliver()


class LookUp(Attempt[str]):
    """
    A name or an address that Tor looks up.
    """

    def _established(self, shell: SocksProtocol, reply: SocksReply, surplus: bytes) -> None:
        if self._over:
            return
        self._end(shell)
        assert shell.transport is not None
        shell.transport.loseConnection()
        if reply.address:
            self.result.callback(reply.address)
        else:
            self.result.errback(SocksProtocolViolation(f"{self._target}: the answer is empty."))


def address_of(target: Target) -> Any:
    """
    A target as Twisted's address object. Its three classes have no common type but `IAddress`.
    """
    if target.type is AddressType.IPV4:
        return IPv4Address("TCP", target.host, target.port)
    if target.type is AddressType.IPV6:
        return IPv6Address("TCP", target.host, target.port)
    return HostnameAddress(target.host.encode("ascii"), target.port)
