# -*- test-case-name: txtor.test.balance.test_balancer -*-
"""
Looking at back ends: whether each is there, and which introduction points it has.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore, FirstError, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Factory, Protocol

from txtor._deferred import deferred
from txtor.errors import InvalidArgument
from txtor.onion import DescriptorRequest, InnerLayer, OnionAddress, OnionDescriptorContent, get_onion_descriptor
from txtor.socks import IsolationToken

from ._machine import Found
from ._rings import Rings

if TYPE_CHECKING:
    from txtor._tor import Tor

#: How many are looked at together, so that Tor does not have too many circuits pending.
AT_A_TIME = 4

#: Sees whether a back end does its work: it does unless this fails. It may return a Deferred or coroutine.
Check: TypeAlias = "Callable[[Tor, OnionAddress], Deferred[Any] | Coroutine[Any, Any, Any] | None]"


def connects_to(port: int) -> Check:
    """
    A check that connects to each back end through Tor, each time by new circuits, and hangs up.

    A circuit that waits for an answer of a back end that died would be used again for minutes.

    :param port: the virtual port.
    :raises InvalidArgument: it is no port.
    """
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        raise InvalidArgument(f"A port is a number from 1 to 65535, not {port!r}.")

    @deferred
    async def check(tor: Tor, address: OnionAddress) -> None:
        endpoint = tor.stream_via(address.hostname, port, isolation=IsolationToken.new())
        protocol: Any = await endpoint.connect(Factory.forProtocol(Protocol))
        protocol.transport.abortConnection()

    return check


class BackEnds:
    """
    What is known of the back ends of one front end.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        check: Check | None,
        random: Random,
        now: Callable[[], datetime],
        *,
        patience: float,
        timeout: float,
    ) -> None:
        """
        :param check: see `Check`.
        :param random: chooses the directory that is asked.
        :param now: tells the time, at which certificates must be good.
        :param patience: for how many seconds one is kept whose descriptor cannot be fetched.
        :param timeout: seconds that its descriptor may take, and the check.
        """
        self._reactor = reactor
        self._check = check
        self._patience = patience
        self._timeout = timeout
        self._random = random
        self._now = now
        self._known: dict[OnionAddress, tuple[float, OnionDescriptorContent]] = {}

    @property
    def layers(self) -> list[InnerLayer]:
        """
        What the descriptors that are known say besides introduction points.
        """
        return [content.inner for _, content in self._known.values()]

    @deferred
    async def look(self, tor: Tor, rings: Rings, addresses: Iterable[OnionAddress]) -> dict[OnionAddress, Found]:
        """
        Look at each. What goes wrong with one harms no other.
        """
        wanted = list(addresses)
        self._known = {address: known for address, known in self._known.items() if address in wanted}
        turns = DeferredSemaphore(AT_A_TIME)
        looking = [turns.run(self._look_at, tor, rings, address) for address in wanted]
        try:
            found = await gatherResults(looking, consumeErrors=True)
        except FirstError as error:  # it is cancelled; nothing else fails
            error.subFailure.raiseException()
        return dict(zip(wanted, found, strict=True))

    @deferred
    async def _look_at(self, tor: Tor, rings: Rings, address: OnionAddress) -> Found:
        error = None
        try:
            await self._fetch(tor, rings, address)
        except CancelledError:
            raise
        except Exception as reason:  # whatever it is, it is told, and the others go on
            error = reason
            since, _ = self._known.get(address, (float("-inf"), None))
            if self._reactor.seconds() - since > self._patience:
                self._known.pop(address, None)
                return Found((), error)
        try:
            await self._checked(tor, address)
        except CancelledError:
            raise
        except Exception as reason:
            return Found((), reason)
        return Found(self._known[address][1].introduction_points, error)

    async def _fetch(self, tor: Tor, rings: Rings, address: OnionAddress) -> None:
        """
        Fetch the descriptor of a back end, and keep it unless a newer one is known.

        One directory is named, and Tor asks others by itself when that one has nothing. Without a name, Tor would ask none that
        it has asked in the last 15 minutes.
        """
        servers = [self._random.choice(asked)] if (asked := rings.asked(address)) else []
        request = DescriptorRequest(address, servers, self._timeout)
        content = await get_onion_descriptor(self._reactor, tor.protocol, request, now=self._now)
        _, held = self._known.get(address, (0.0, None))
        same_key = held is not None and held.descriptor.blinded_key == content.descriptor.blinded_key
        if same_key and held is not None and held.descriptor.revision_counter > content.descriptor.revision_counter:
            content = held
        self._known[address] = (self._reactor.seconds(), content)

    async def _checked(self, tor: Tor, address: OnionAddress) -> None:
        """
        Have the caller's check look at it, if there is one.
        """
        if self._check is None:
            return
        result = self._check(tor, address)
        if isinstance(result, Coroutine):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            await result.addTimeout(self._timeout, self._reactor)
