# -*- test-case-name: txtor.test.endpoints.test_shared -*-
"""
The SocksPort of a Tor that all endpoints of a program share which name it in the same way.

The Tor is had when the first of them connects, and kept until the reactor stops. When it is lost, the next one who connects has
it anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from twisted.internet.defer import CancelledError, Deferred, fail, gatherResults, succeed
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from txtor._deferred import deferred
from txtor.control import LazySocksEndpoint
from txtor.errors import Disconnected, TorError

from ._tors import SharedLease, connected, launched


@implementer(IStreamClientEndpoint)
class SharedSocksEndpoint:
    """
    The SocksPort of a shared Tor.
    """

    def __init__(self, reactor: Any, take: Callable[[], Deferred[SharedLease]]) -> None:
        """
        :param take: has the Tor; its Deferred can be cancelled.
        """
        self._reactor = reactor
        self._take = take
        self._opening: Deferred[Any] | None = None
        self._waiting: list[Deferred[LazySocksEndpoint]] = []
        self._lease: SharedLease | None = None
        self._socks: LazySocksEndpoint | None = None
        self._ending: list[Deferred[None]] = []
        self._trigger: Any = None
        self._is_over = False

    def __repr__(self) -> str:
        return "<the SocksPort of a Tor that is shared>"

    @deferred
    async def connect(self, protocolFactory: IProtocolFactory) -> IProtocol:  # noqa: N803  # Twisted's
        """
        Connect to it. Those who come while the Tor is awaited wait for the same; when all of them give up, so does this.

        :raises TorError: in the Deferred: the Tor cannot be had, or has no SocksPort.
        """
        socks = await self._socks_port()
        return await socks.connect(protocolFactory)

    def _socks_port(self) -> Deferred[LazySocksEndpoint]:
        if self._is_over:
            return fail(Disconnected("The reactor stops."))
        if self._socks is not None:
            return succeed(self._socks)
        waiting: Deferred[LazySocksEndpoint] = Deferred(self._given_up)
        self._waiting.append(waiting)
        if self._opening is None:
            self._open()
        return waiting

    # -- having it -----------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if self._trigger is None:  # this keeps us, too, while nobody has an endpoint
            self._trigger = self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        opening: Deferred[Any] = self._take()
        self._opening = opening
        opening.addCallbacks(self._opened, self._failed, callbackArgs=(opening,), errbackArgs=(opening,))

    def _opened(self, lease: SharedLease, opening: Deferred[Any]) -> Deferred[None] | None:
        if self._opening is not opening:
            return lease.release()  # it came although it was given up
        self._opening = None
        self._lease = lease
        self._socks = socks = LazySocksEndpoint(self._reactor, lease.protocol)
        lease.protocol.when_disconnected().addCallback(lambda reason: self._lost(lease))
        for waiting in self._nobody_waits():
            waiting.callback(socks)
        return None

    def _failed(self, failure: Failure, opening: Deferred[Any]) -> None:
        if self._opening is not opening:
            failure.trap(CancelledError, ConnectingCancelledError, TorError)  # it was given up: nobody is left who could be told
            return
        self._opening = None
        for waiting in self._nobody_waits():
            waiting.errback(failure)

    def _nobody_waits(self) -> list[Deferred[LazySocksEndpoint]]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def _given_up(self, waiting: Deferred[LazySocksEndpoint]) -> None:
        """
        One of those who wait does not want it any more.
        """
        self._waiting.remove(waiting)
        if not self._waiting:
            self._cancel()

    # -- losing it -----------------------------------------------------------------------------------------------------

    def _cancel(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            self._end(opening)
            opening.cancel()

    def _lost(self, lease: SharedLease) -> None:
        if self._lease is lease:
            self._lease = self._socks = None
            self._end(lease.release())

    def _end(self, ending: Deferred[Any]) -> None:
        """
        Remember what is ending, so that the program can wait for it.
        """
        done: Deferred[None] = Deferred()
        self._ending.append(done)

        def ended(result: Any) -> Any:
            self._ending.remove(done)
            done.callback(None)
            return result

        ending.addBoth(ended)

    def close(self) -> Deferred[Any]:
        """
        Give the Tor back.

        :return: fires when everything has ended.
        """
        if self._trigger is not None:
            self._reactor.removeSystemEventTrigger(self._trigger)
            self._trigger = None
        return self._close()

    def _stop(self) -> Deferred[Any]:
        """
        The reactor stops, and waits for us.
        """
        self._trigger = None
        self._is_over = True
        return self._close()

    def _close(self) -> Deferred[Any]:
        waiting = self._nobody_waits()
        self._cancel()
        for each in waiting:
            each.errback(Disconnected("The reactor stops."))
        if self._lease is not None:
            self._lost(self._lease)
        return gatherResults(self._ending[:])


#: By reactor and the string of the control port; ``None`` is the Tor of our own. A value is kept by the endpoints that use it,
#: and by its reactor while its Tor is there; as it keeps the reactor, no other reactor can have the same identity meanwhile.
_known: WeakValueDictionary[tuple[int, str | None], SharedSocksEndpoint] = WeakValueDictionary()


def socks_of_control(reactor: Any, control_endpoint: str) -> SharedSocksEndpoint:
    """
    The SocksPort of a Tor that runs.

    :param control_endpoint: the string of an endpoint. All that name it in the same way share one connection.
    :raises InvalidArgument: the string is malformed.
    """
    return _shared(reactor, control_endpoint)


def socks_of_launched(reactor: Any) -> SharedSocksEndpoint:
    """
    The SocksPort of a Tor of our own, which is launched when it is first needed. Onion endpoints share it that want no other.
    """
    return _shared(reactor, None)


def _shared(reactor: Any, control_endpoint: str | None) -> SharedSocksEndpoint:
    key = id(reactor), control_endpoint
    endpoint = _known.get(key)
    if endpoint is None:
        tor = launched(reactor) if control_endpoint is None else connected(reactor, control_endpoint)
        endpoint = _known[key] = SharedSocksEndpoint(reactor, tor.lease)
    return endpoint
