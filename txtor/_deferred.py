# -*- test-case-name: txtor.test.test_deferred -*-
"""
How a public asynchronous call is written: an ``async def`` inside, a `Deferred` that has started outside.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

P = ParamSpec("P")
T = TypeVar("T")


def deferred(f: Callable[P, Coroutine[Deferred[Any], Any, T]]) -> Callable[P, Deferred[T]]:
    """
    Make of a coroutine function one that returns a Deferred and has started when it returns.

    Cancelling the Deferred cancels what the coroutine waits for; ``CancelledError`` is raised inside it and its ``finally`` runs.

    :param f: a coroutine function.
    :return: the same function, for callers who want a Deferred.
    """

    @wraps(f)
    def start(*args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return Deferred.fromCoroutine(f(*args, **kwargs))

    return start


def forget_cancelled(failure: Failure) -> None:
    """
    An errback for what is cancelled once nobody wants it any more.
    """
    failure.trap(CancelledError)


class OneAtATime:
    """
    Lets one coroutine at a time into a piece of work; the others wait, first come, first served.

    A ``DeferredLock`` hands itself on from inside ``release``: when some hundred wait for it and have little to do, that ends in
    a ``RecursionError``. Here those who wait are woken in a loop.
    """

    def __init__(self) -> None:
        self._busy = False
        self._waking = False
        self._waiting: list[Deferred[None]] = []

    async def __aenter__(self) -> None:
        while self._busy:
            turn: Deferred[None] = Deferred(self._waiting.remove)
            self._waiting.append(turn)
            await turn
        self._busy = True

    async def __aexit__(self, *error: object) -> None:
        self._busy = False
        if self._waking:  # who leaves was woken by the loop below, which goes on
            return
        self._waking = True
        while self._waiting and not self._busy:
            self._waiting.pop(0).callback(None)
        self._waking = False
