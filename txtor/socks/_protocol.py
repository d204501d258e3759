# -*- test-case-name: txtor.test.socks.test_endpoint -*-
"""
The shell round the negotiation, which gives the transport away when it is over.

After the reply the transport calls the application's protocol itself, exactly as if it had been connected without SOCKS: nothing
of txtor runs for a chunk, half-close is found where Twisted looks for it, and ``connectionLost`` gets the transport's reason.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IProtocol, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from txtor.errors import SocksError

from ._messages import SocksReply
from ._negotiation import Core, Established, Send, new_negotiation


class SocksProtocol(Protocol):
    """
    The protocol of a connection to a SOCKS server, until the server has answered.
    """

    def __init__(
        self,
        core: Core,
        established: Callable[[SocksProtocol, SocksReply, bytes], None],
        refused: Callable[[SocksError], None],
    ) -> None:
        """
        :param core: what is wanted.
        :param established: called with this protocol, the reply, and what came behind it.
        :param refused: called instead with the error; the transport is closed already.
        """
        self._core = core
        self._established = established
        self._refused = refused
        self._negotiation = new_negotiation(core)
        self._application: IProtocol | None = None

    def connectionMade(self) -> None:
        """
        The SOCKS server is there.
        """
        self._negotiation.connected()
        self._act()

    def dataReceived(self, data: bytes) -> None:
        """
        The SOCKS server said something.
        """
        if self._application is None:
            self._negotiation.received(data)
            self._act()
        else:
            self._application.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The transport is gone.
        """
        if self._application is None:
            self._negotiation.connection_lost(reason.getErrorMessage())
            self._act()
        else:
            self._application.connectionLost(reason)

    def give_transport_to(self, application: IProtocol) -> None:
        """
        Make a protocol the one that the transport calls. It is not connected yet.

        Where something unknown stands between the transport and this protocol, all calls are passed on instead.
        """
        self._application = application
        # A transport keeps its protocol as ``protocol``, a wrapping one (TLS) as ``wrappedProtocol``. Neither is of an
        # Interface, and Twisted's endpoints put a private wrapper between, which passes everything on. Whatever is not
        # known to lead to us and nowhere else is left alone: to take TLS away from a connection would be no gain.
        for name in ("wrappedProtocol", "protocol"):
            called = getattr(self.transport, name, None)
            if called is self or getattr(called, "_wrappedProtocol", None) is self:
                setattr(self.transport, name, application)
                return

    def abort(self) -> None:
        """
        Close the transport without waiting for the server.
        """
        if self.transport is not None:
            abort(self.transport)

    def _act(self) -> None:
        """
        Do what the machine has decided.
        """
        for effect in self._core.drain():
            if isinstance(effect, Send):
                assert self.transport is not None
                self.transport.write(effect.message)
            elif isinstance(effect, Established):
                self._established(self, effect.reply, effect.surplus)
            else:
                self.abort()
                self._refused(effect.error)


def abort(transport: ITransport) -> None:
    """
    Close a transport at once where it can do that, or else as soon as it has written what it has.
    """
    getattr(transport, "abortConnection", transport.loseConnection)()
