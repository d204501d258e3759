# -*- test-case-name: txtor.test.directory.test_cooperate -*-
"""
Long readings beside a running reactor: a few milliseconds of work, then a turn for everybody else.

The only module of txtor.directory that knows Twisted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from time import perf_counter
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Cooperator, TaskFinished

from txtor._deferred import deferred

T = TypeVar("T")


@deferred
async def cooperate(
    cooperator: Cooperator,
    items: Iterable[T | None],
    consume: Callable[[T], Deferred[None] | None],
    *,
    slice_seconds: float = 0.005,
    clock: Callable[[], float] = perf_counter,
) -> int:
    """
    Go through an iterable, such as what `parse_in_steps` gives, without keeping the reactor from its work.

    Cancelling the Deferred stops it; what is being made by the iterable is closed.

    :param cooperator: who shares out the reactor's time: ``Cooperator(scheduler=lambda f: reactor.callLater(0, f))``, or
        `twisted.internet.task`'s own.
    :param items: ``None`` among them is a step of work that made no item, and is not consumed.
    :param consume: called with each item. Where it returns a Deferred, the next item waits for it.
    :param slice_seconds: after how much work the reactor gets a turn. One item that takes longer is not interrupted.
    :param clock: seconds, from any beginning.
    :return: how many items there were.
    """
    count = 0

    def work() -> Iterator[Deferred[None] | None]:
        nonlocal count
        began = clock()
        for item in items:
            count += item is not None
            waiting = None if item is None else consume(item)
            if waiting is not None or clock() - began >= slice_seconds:
                yield waiting
                began = clock()

    task = cooperator.cooperate(work())
    try:
        await task.whenDone()
    finally:
        # After a cancel the task still runs; otherwise it has finished and says so.
        with suppress(TaskFinished):
            task.stop()
        if isinstance(items, Generator):
            items.close()
    return count
