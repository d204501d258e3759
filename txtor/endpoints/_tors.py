# -*- test-case-name: txtor.test.endpoints.test_tors -*-
"""
Where an onion endpoint has its Tor from: one that runs, to which a connection is made, or one of our own, which is launched.

Each time an endpoint listens it takes a lease, and gives it back when it stops. From the first lease to the last the Tor is kept
at hand: when it is lost, it is connected to or launched again.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor._tor import Tor
from txtor.control import ControlEndpoint, TorControlProtocol
from txtor.process import TIMEOUT_SECONDS, LaunchOptions
from txtor.service import Health, Status, TorService

_log = Logger()


class SharedTor:
    """
    A Tor that is had for its first lease and let go with its last.

    :ivar service: keeps it meanwhile.
    """

    def __init__(self, service: TorService) -> None:
        self.service = service
        self._leases = 0
        service.add_status_listener(_log_loss)

    @deferred
    async def lease(self) -> SharedLease:
        """
        Take it, at once or when the attempt that is made now succeeds.

        :raises TorError: the attempt failed, for which `txtor.connect` and `txtor.launch` have the cause.
        """
        while self.service.health.status is Status.CLOSING:
            await self.service.stopService()  # what those had who were here before
        self._leases += 1
        try:
            self.service.startService()
            waiting = self.service.when_ready(failures=1)
            self.service.retry()  # who comes during an outage does not wait for the next attempt
            return SharedLease(self, await waiting)
        except BaseException:  # also when nobody wants it any more
            await self.give_back()
            raise

    @deferred
    async def give_back(self) -> None:
        """
        One lease less.
        """
        self._leases -= 1
        if not self._leases:
            await self.service.stopService()


class SharedLease:
    """
    A share of a Tor.
    """

    def __init__(self, shared: SharedTor, tor: Tor) -> None:
        self._shared = shared
        self._tor = tor

    @property
    def protocol(self) -> TorControlProtocol:
        """
        The control connection of the Tor that was there when the lease was taken.
        """
        return self._tor.protocol

    def release(self) -> Deferred[None]:
        """
        Give it back.
        """
        return self._shared.give_back()


def _log_loss(health: Health) -> None:
    """
    Of the first failure the one hears who has asked for the Tor. Of a loss nobody else does.
    """
    if health.status is Status.WAITING and health.connections:
        _log.warn("Tor is not there, and had again as soon as can be: {error}", error=health.error)


def connected(reactor: Any, control_endpoint: ControlEndpoint | None = None) -> SharedTor:
    """
    A Tor that runs, over a connection of its own.

    :param control_endpoint: as `txtor.connect` has it; ``None`` tries the usual places.
    :raises InvalidArgument: the string is malformed.
    """
    return SharedTor(TorService(reactor, control_endpoint))


_shared: WeakKeyDictionary[Any, dict[Hashable, SharedTor]] = WeakKeyDictionary()


def launched(
    reactor: Any, shared: bool = True, tor_binary: str | None = None, timeout: float | None = TIMEOUT_SECONDS, **options: Any
) -> SharedTor:
    """
    A Tor of our own.

    :param shared: whether all that ask with the same options, each of which is hashable, share one.
    :param tor_binary: see `txtor.launch`, as for the next.
    :param options: of `txtor.process.LaunchOptions`.
    :raises InvalidArgument: an option cannot be.
    """
    tors = _shared.setdefault(reactor, {}) if shared else {}
    key = (tor_binary, timeout, frozenset(options.items())) if shared else None
    if key not in tors:
        tors[key] = SharedTor(TorService(reactor, LaunchOptions(**options), tor_binary=tor_binary, launch_timeout=timeout))
    return tors[key]
