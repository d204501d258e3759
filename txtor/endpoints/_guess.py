# -*- test-case-name: txtor.test.endpoints.test_client -*-
"""
Where Tor's SocksPort usually is, for programs that say nothing.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IReactorTCP, IStreamClientEndpoint
from zope.interface import implementer

from txtor._deferred import deferred
from txtor.errors import InvalidArgument, SocksPortNotFound

#: A system's tor, and that of Tor Browser.
USUAL_PORTS = (9050, 9150)


@implementer(IStreamClientEndpoint)
class GuessedSocksEndpoint:
    """
    The first usual SOCKS port of this machine that accepts: 9050, then 9150. Each connection guesses anew.
    """

    def __init__(self, reactor: IReactorTCP) -> None:
        self._reactor = reactor

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803  # Twisted's
        """
        Connect to the first port that accepts.

        :return: a Deferred that fires with the protocol.
        :raises SocksPortNotFound: in the Deferred: none does. The error says what happened at each.
        """
        return self._connect(protocolFactory)

    @deferred
    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        attempts: list[tuple[str, Exception]] = []
        for port in USUAL_PORTS:
            try:
                return await TCP4ClientEndpoint(self._reactor, "127.0.0.1", port).connect(factory)
            except ConnectError as error:
                attempts.append((f"127.0.0.1:{port}", error))
        raise SocksPortNotFound(attempts)


def running_reactor() -> Any:
    """
    The reactor that the program has installed, for arguments that were left out. None is installed here.

    :raises InvalidArgument: the program has none yet.
    """
    installed = sys.modules.get("twisted.internet.reactor")
    if installed is None:
        raise InvalidArgument("No reactor is installed yet: pass reactor=, or begin when it runs.")
    return installed
