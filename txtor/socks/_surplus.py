# -*- test-case-name: txtor.test.socks.test_endpoint -*-
"""
What the other side has said in the same segment as the SOCKS reply.

Had the bytes come a moment later, the transport would deliver them after ``connectionMade`` and after the connect's Deferred has
fired, and not at all to an application that has paused or closed it by then. They have been read already, so this module does
the same for them. It is used only where there are such bytes.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocol


class Surplus:
    """
    Bytes that wait until the application may have them.

    As long as they wait, the transport's ``pauseProducing`` and ``resumeProducing`` lead here first.
    """

    def __init__(self, data: bytes, transport: Any, application: IProtocol) -> None:
        """
        :param transport: any transport; that it can be paused is in another Interface than `ITransport`.
        """
        self._data = data
        self._transport = transport
        self._application = application
        self._due = False
        self._paused = False
        self._pause, self._resume = transport.pauseProducing, transport.resumeProducing
        transport.pauseProducing, transport.resumeProducing = self.pause, self.resume

    def pause(self) -> None:
        """
        The application wants no data now.
        """
        self._paused = True
        self._pause()

    def resume(self) -> None:
        """
        The application wants data again: first of all these, if their time has come.
        """
        self._paused = False
        self._resume()
        if self._due:
            self.deliver()

    def deliver(self) -> None:
        """
        It is time to deliver them. Who has hung up hears no more.
        """
        self._due = True
        if not self._paused:
            self.withdraw()
            if not getattr(self._transport, "disconnecting", False):
                self._application.dataReceived(self._data)

    def withdraw(self) -> None:
        """
        Let the transport be as it was.
        """
        del self._transport.pauseProducing, self._transport.resumeProducing
