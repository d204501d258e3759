# -*- test-case-name: txtor.test.endpoints.test_tors -*-
"""
Where an onion endpoint has its Tor from: one that runs, to which a connection is made, or one of our own, which is launched.

Each time an endpoint listens it takes a lease, and gives it back when it stops. A connection of its own ends with the lease; a
Tor that is launched is shared, and ends with the last.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakKeyDictionary

from twisted.internet.defer import Deferred, DeferredLock

from txtor._deferred import deferred
from txtor._tor import Tor, connect, launch
from txtor.control import ControlEndpoint, TorControlProtocol


class ConnectedLease:
    """
    A connection of our own to a Tor that runs.
    """

    def __init__(self, tor: Tor) -> None:
        self._tor = tor

    @property
    def protocol(self) -> TorControlProtocol:
        """
        The control connection.
        """
        return self._tor.protocol

    @deferred
    async def release(self) -> None:
        """
        End the connection.
        """
        await self._tor.close()


def connected(reactor: Any, control_endpoint: ControlEndpoint | None = None) -> Callable[[], Deferred[ConnectedLease]]:
    """
    Leases of a Tor that runs.

    :param control_endpoint: as `txtor.connect` has it; ``None`` tries the usual places.
    """

    @deferred
    async def lease() -> ConnectedLease:
        return ConnectedLease(await connect(reactor, control_endpoint))

    return lease


class SharedTor:
    """
    A Tor that is started for its first lease and ended with its last.
    """

    def __init__(self, start: Callable[[], Deferred[Tor]]) -> None:
        """
        :param start: launches it.
        """
        self._start = start
        self._lock = DeferredLock()
        self._tor: Tor | None = None
        self._leases = 0

    def lease(self) -> Deferred[SharedLease]:
        """
        Take it. Those who come while it is launched wait; if that fails, or who launched it gives up, the next one tries.

        :raises LaunchError: it cannot be launched.
        """
        return self._lock.run(self._lease)

    @deferred
    async def _lease(self) -> SharedLease:
        if self._tor is None:
            tor = self._tor = await self._start()
            self._leases = 0
            tor.protocol.when_disconnected().addCallback(lambda reason: self._ended(tor))
        self._leases += 1
        return SharedLease(self, self._tor)

    def _ended(self, tor: Tor) -> None:
        if self._tor is tor:
            self._tor = None  # it has died: the next lease launches another

    def give_back(self, tor: Tor) -> Deferred[None]:
        """
        One lease less.
        """
        return self._lock.run(self._give_back, tor)

    @deferred
    async def _give_back(self, tor: Tor) -> None:
        if self._tor is not tor:
            await tor.quit()  # what a Tor that has died left behind
            return
        self._leases -= 1
        if not self._leases:
            self._tor = None
            await tor.quit()


class SharedLease:
    """
    A share of a Tor that was launched.
    """

    def __init__(self, shared: SharedTor, tor: Tor) -> None:
        self._shared = shared
        self._tor = tor

    @property
    def protocol(self) -> TorControlProtocol:
        """
        The control connection.
        """
        return self._tor.protocol

    def release(self) -> Deferred[None]:
        """
        Give it back.
        """
        return self._shared.give_back(self._tor)


_shared: WeakKeyDictionary[Any, dict[Hashable, SharedTor]] = WeakKeyDictionary()


def launched(reactor: Any, shared: bool = True, **options: Any) -> Callable[[], Deferred[SharedLease]]:
    """
    Leases of a Tor of our own.

    :param shared: whether all that ask with the same options share one.
    :param options: for `txtor.launch`, each hashable.
    """

    def start() -> Deferred[Tor]:
        return launch(reactor, **options)

    if not shared:
        return SharedTor(start).lease
    tors = _shared.setdefault(reactor, {})
    return tors.setdefault(frozenset(options.items()), SharedTor(start)).lease
