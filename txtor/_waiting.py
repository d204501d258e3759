# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
Deferreds for whoever waits for one thing to happen, each its own.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from twisted.internet.defer import Deferred, fail, succeed

T = TypeVar("T")


class Waiting(Generic[T]):
    """
    Something that happens once, or fails once.
    """

    __slots__ = ("_error", "_value", "_waiters")

    def __init__(self) -> None:
        self._waiters: list[Deferred[T]] = []
        self._value: T | None = None
        self._error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """
        Whether it has happened or failed.
        """
        return self._value is not None or self._error is not None

    def wait(self) -> Deferred[T]:
        """
        A Deferred of the caller's own. Cancelling it forgets it.
        """
        if self._error is not None:
            return fail(self._error)
        if self._value is not None:
            return succeed(self._value)
        waiter: Deferred[T] = Deferred(self._waiters.remove)
        self._waiters.append(waiter)
        return waiter

    def happened(self, value: T) -> None:
        """
        Tell everybody. What happens a second time is not told.
        """
        if not self.is_over:
            self._value = value
            while self._waiters:  # a callback may cancel another's Deferred, which leaves the list
                self._waiters.pop(0).callback(value)

    def failed(self, error: Exception) -> None:
        """
        Tell everybody that it will not happen.
        """
        if not self.is_over:
            self._error = error
            while self._waiters:
                self._waiters.pop(0).errback(error)
