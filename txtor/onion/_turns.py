# -*- test-case-name: txtor.test.onion.test_service -*-
"""
How many services of one connection are published at the same time.

Each service makes a dozen or two circuits to directories. When Tor is asked for many services at once, it has too many circuits
pending, and most of the uploads come to nothing, without a word: of 50 services at once on tor 0.4.9.11, 258 of 700 uploads, and
no more within two minutes. Four at a time were all published in 34 s. So those who wait take turns.
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
