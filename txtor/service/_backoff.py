# -*- test-case-name: txtor.test.service.test_backoff -*-
"""
How long to wait before the next attempt.
"""

from __future__ import annotations

from dataclasses import dataclass

from txtor.errors import InvalidArgument


@dataclass(frozen=True)
class Backoff:
    """
    Waiting longer after each failure, and never all programs at the same moment.

    :ivar initial: seconds before the first new attempt.
    :ivar factor: by how much each wait is longer than the one before.
    :ivar maximum: the longest wait, in seconds.
    :ivar jitter: which part of a wait is left to chance, from 0 to 1.
    :ivar stable: after how many seconds a connection counts as good, so that the next wait is the first again.
    :raises InvalidArgument: a number is out of its range.
    """

    initial: float = 0.1
    factor: float = 2.0
    maximum: float = 60.0
    jitter: float = 0.3
    stable: float = 10.0

    def __post_init__(self) -> None:
        if not (0 <= self.initial <= self.maximum < float("inf") and self.factor >= 1):
            raise InvalidArgument("A back-off has 0 <= initial <= maximum, and a factor of at least 1.")
        if not (0 <= self.jitter <= 1 and self.stable >= 0):
            raise InvalidArgument("A back-off has a jitter from 0 to 1, and a stable time that is not negative.")

    def delay(self, failures: int, chance: float) -> float:
        """
        How long to wait.

        :param failures: how often it has failed since it last was good; 0 and 1 give the first wait.
        :param chance: a random number from 0 to 1.
        :return: seconds.
        """
        delay = self.initial
        for _ in range(1, failures):
            delay *= self.factor
            if delay >= self.maximum or not delay:
                break
        return min(delay, self.maximum) * (1 - self.jitter * chance)
