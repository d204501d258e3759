# -*- test-case-name: txtor.test.test_deferred -*-
"""
How a public asynchronous call is written: an ``async def`` inside, a `Deferred` that has started outside.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred

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
