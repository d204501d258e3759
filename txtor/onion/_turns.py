# -*- test-case-name: txtor.test.onion.test_service -*-
"""
How many services of one connection are published at the same time.

Each service makes a dozen or two circuits to directories, and for each of them a connection waits. With every circuit that
opens, tor looks at all connections that wait, and for each of them at all circuits. Of 50 services at once tor 0.4.9.11
calculates without a pause, uploads hardly anything, and gives the uploads up after five minutes (30 seconds on test networks)
without a word. To let it have more circuits pending (MaxClientCircuitsPending) changes nothing. So those who wait take turns.

Four at a time, 50 are all published in 25 s, for 4 of which tor calculates: else it waits, since it looks after its services
once a second. Eight to 16 at a time take 15 to 21 s; but where tor gets a quarter of the time, 31 s become 34 to 45 s, and
with 25 at a time uploads are lost on a quick machine too.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from twisted.internet.defer import Deferred, DeferredSemaphore

from txtor.control import TorControlProtocol

#: How many services of one connection are waited for at the same time.
AT_A_TIME = 4

_turns: WeakKeyDictionary[TorControlProtocol, DeferredSemaphore] = WeakKeyDictionary()


class Turn:
    """
    The turn of one service. It may be given back more than once.
    """

    def __init__(self, protocol: TorControlProtocol) -> None:
        semaphore = _turns.get(protocol)
        if semaphore is None:
            semaphore = _turns[protocol] = DeferredSemaphore(AT_A_TIME)
        self._semaphore = semaphore
        self._taken = False

    def take(self) -> Deferred[None]:
        """
        Wait for it.
        """
        return self._semaphore.acquire().addCallback(self._take)

    def _take(self, semaphore: object) -> None:
        self._taken = True

    def give_back(self) -> None:
        """
        The next one may.
        """
        if self._taken:
            self._taken = False
            self._semaphore.release()
