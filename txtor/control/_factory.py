# -*- test-case-name: txtor.test.control.test_connect -*-
"""
A factory for use with any endpoint.
"""

from __future__ import annotations

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory

from ._authenticate import Password
from ._protocol import TorControlProtocol


class TorProtocolFactory(Factory):
    """
    Makes a `TorControlProtocol` for each connection.

    :param password_function: what `TorProtocolFactory.authenticate` passes on; see `TorControlProtocol.authenticate`.
    :param reactor: the clock for ``timeout=`` and for cutting a connection that does not close.
    """

    noisy = False

    def __init__(self, password_function: Password = None, reactor: IReactorTime | None = None) -> None:
        self.password_function = password_function
        self._reactor = reactor

    def buildProtocol(self, addr: IAddress | None) -> TorControlProtocol:
        """
        A protocol that has not authenticated yet.
        """
        protocol = TorControlProtocol(self._reactor)
        protocol.factory = self
        return protocol
