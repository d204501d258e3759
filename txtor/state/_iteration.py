# -*- test-case-name: txtor.test.state.test_changes -*-
"""
What happens, one after another, for ``async for``.

Who iterates holds a `Changes`; who tells holds a `Kept`, which knows nothing of the other but while somebody waits. So an
iterator that nobody holds and nobody waits for is closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred, fail, succeed

from txtor.errors import InvalidArgument, TorError

T = TypeVar("T")

#: How many changes wait for who is slow, if nothing else is said.
LIMIT = 10_000


class TooManyChanges(TorError):
    """
    Who iterates was so slow that changes were lost. Those that were kept were given before this.

    :ivar limit: how many were kept.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"More than {limit} changes were waiting; those after them are lost.")


class Kept(Generic[T]):
    """
    The changes that have happened and were not asked for, or those who ask for what has not happened.

    :param limit: how many are kept.
    :param stop: called once, when nothing more is wanted: what tells it must let go of it.
    :raises InvalidArgument: the limit is no number from 1 on.
    """

    __slots__ = ("_changes", "_error", "_limit", "_over", "_stop", "_waiters")

    def __init__(self, limit: int, stop: Callable[[Kept[T]], None]) -> None:
        if not isinstance(limit, int) or limit < 1:
            raise InvalidArgument(f"Not a number of changes: {limit!r}")
        self._limit = limit
        self._stop = stop
        self._changes: deque[T] = deque()
        self._waiters: deque[Deferred[T]] = deque()
        self._over = False
        self._error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """
        Whether nothing more will be put.
        """
        return self._over

    def put(self, change: T) -> None:
        """
        Something has happened.
        """
        if self._over:
            return
        if self._waiters:
            self._waiters.popleft().callback(change)
        elif len(self._changes) < self._limit:
            self._changes.append(change)
        else:
            self.end(TooManyChanges(self._limit))

    def end(self, error: Exception | None = None) -> None:
        """
        Nothing more will happen.

        :param error: why, where this is no ordinary end.
        """
        if self._over:
            return
        self._over = True
        self._error = error
        self._stop(self)
        while self._waiters:
            self._waiters.popleft().errback(error or StopAsyncIteration())

    def next(self, holder: object) -> Deferred[T]:
        """
        The next change. Cancelling this loses none.

        :param holder: what must not be garbage while this is waited for.
        """
        if self._changes:
            return succeed(self._changes.popleft())
        if self._over:
            return fail(self._error or StopAsyncIteration())
        waiter: Deferred[T] = Deferred(partial(self._give_up, holder))
        self._waiters.append(waiter)
        return waiter

    def _give_up(self, holder: object, waiter: Deferred[T]) -> None:
        self._waiters.remove(waiter)

    def close(self) -> None:
        """
        Nobody wants to know any more.
        """
        self._changes.clear()
        self.end()

    def forget(self) -> None:
        """
        Nobody is there any more who could want to know, or wait.
        """
        self._waiters.clear()
        self.close()


class Changes(Generic[T]):
    """
    What happens from now on, as an asynchronous iterator.

    ``async for`` in any coroutine that a Deferred runs (``Deferred.fromCoroutine``, ``react``) gives one change after another.
    What happens while its body waits for something is kept, and given in order. The iteration ends when there is nothing more to
    come. It fails with `Disconnected` when the connection to Tor goes away, and with `TooManyChanges` when more waited than are
    kept; what was kept is given before.

    An iterator that is left (by ``break``, an error, a cancelled Deferred) and not held any longer is closed; `close` does the
    same at once.
    """

    __slots__ = ("__weakref__", "_kept")

    def __init__(self, kept: Kept[T]) -> None:
        self._kept = kept

    def __aiter__(self) -> Changes[T]:
        return self

    def __anext__(self) -> Deferred[T]:
        return self._kept.next(self)

    def __del__(self) -> None:
        self._kept.forget()

    def close(self) -> None:
        """
        Listen no more; whoever waits comes to the end of the iteration.
        """
        self._kept.close()
