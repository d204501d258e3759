# -*- test-case-name: txtor.test.fleet.test_fleet -*-
"""
The answers of many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred, FirstError, gatherResults
from twisted.python.failure import Failure

from txtor._deferred import deferred

T = TypeVar("T")


@dataclass(frozen=True)
class Gathered(Generic[T]):
    """
    What each member answered.

    :ivar values: by name, the answers.
    :ivar errors: by name, why there is none.
    """

    values: dict[str, T] = field(default_factory=dict)
    errors: dict[str, BaseException] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """
        Whether all have answered.
        """
        return not self.errors


@deferred
async def gather(asked: Mapping[str, Deferred[T]]) -> Gathered[T]:
    """
    Wait for all. Cancelling cancels each.

    :param asked: by name, what will be answered.
    """
    gathered: Gathered[T] = Gathered()

    def failed(failure: Failure, name: str) -> Failure | None:
        if failure.check(CancelledError):
            return failure
        assert failure.value is not None  # a failure without an exception does not exist
        gathered.errors[name] = failure.value
        return None

    def answered(value: T, name: str) -> None:
        gathered.values[name] = value

    waiting: list[Deferred[object]] = [
        one.addCallbacks(answered, failed, callbackArgs=(name,), errbackArgs=(name,)) for name, one in asked.items()
    ]
    try:
        await gatherResults(waiting, consumeErrors=True)
    except FirstError as error:  # we are cancelled, or a member is
        error.subFailure.raiseException()
    return gathered
