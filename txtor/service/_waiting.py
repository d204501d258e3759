# -*- test-case-name: txtor.test.service.test_service -*-
"""
Those who wait for the same thing, each with a Deferred of his own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred

from txtor.errors import TorError

T = TypeVar("T")


class Waiting(Generic[T]):
    """
    Some who wait. Cancelling ends one's waiting alone.
    """

    def __init__(self) -> None:
        self._waiters: list[tuple[Deferred[T], int | None]] = []

    def add(self, failures: int | None = None) -> Deferred[T]:
        """
        One more.

        :param failures: how many failures in a row he bears.
        """
        waiter: Deferred[T] = Deferred(self._forget)
        self._waiters.append((waiter, failures))
        return waiter

    def _forget(self, waiter: Deferred[T]) -> None:
        self._waiters = [entry for entry in self._waiters if entry[0] is not waiter]

    def _take(self, wanted: Callable[[int | None], bool]) -> list[Deferred[T]]:
        taken = [waiter for waiter, failures in self._waiters if wanted(failures)]
        self._waiters = [entry for entry in self._waiters if not wanted(entry[1])]
        return [waiter for waiter in taken if not waiter.called]

    def succeed(self, value: T) -> None:
        """
        It has come.
        """
        for waiter in self._take(lambda failures: True):
            if not waiter.called:  # cancelled by the callback of another
                waiter.callback(value)

    def fail(self, error: TorError, failures: int | None = None) -> None:
        """
        It does not come any more.

        :param failures: tell only those who do not bear so many.
        """
        for waiter in self._take(lambda bears: failures is None or (bears is not None and failures >= bears)):
            if not waiter.called:
                waiter.errback(error)
