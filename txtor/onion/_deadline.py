# -*- test-case-name: txtor.test.onion.test_service -*-
"""
One time limit for several steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txtor.errors import CommandTimeout

T = TypeVar("T")


class Deadline:
    """
    A time that begins now.
    """

    def __init__(self, clock: IReactorTime, seconds: float | None) -> None:
        """
        :param seconds: until it is over, or ``None`` for never.
        """
        self._clock = clock
        self._seconds = seconds
        self._begun = clock.seconds()

    @property
    def remaining(self) -> float | None:
        """
        The seconds until it is over, or ``None``.
        """
        return None if self._seconds is None else max(0.0, self._begun + self._seconds - self._clock.seconds())

    def limit(self, waiter: Deferred[T], keyword: str) -> Deferred[T]:
        """
        Give up on a step when the time is over: it is cancelled.

        :param keyword: names the step.
        :raises CommandTimeout: in the Deferred.
        """
        remaining, whole = self.remaining, self._seconds
        if remaining is None or whole is None:
            return waiter

        def give_up(value: object, seconds: float) -> T:
            raise CommandTimeout(keyword, whole)

        return waiter.addTimeout(remaining, self._clock, onTimeoutCancel=give_up)

    def then(self, act: Callable[[float], None]) -> None:
        """
        Hand on what remains, if there is a limit.
        """
        if self.remaining is not None:
            act(self.remaining)
