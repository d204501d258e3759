# -*- test-case-name: txtor.test.service.test_service -*-
"""
Timers with names, of which there is one of each at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Timers:
    """
    Some timers.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._running: dict[str, IDelayedCall] = {}

    def later(self, name: str, seconds: float, happened: Callable[[], object]) -> None:
        """
        Call a function after a while, instead of what was to be called under that name.
        """

        def due() -> None:
            del self._running[name]
            happened()

        self.cancel(name)
        self._running[name] = self._clock.callLater(seconds, due)

    def cancel(self, name: str) -> None:
        """
        Do not call it; nothing is done if there is none.
        """
        timer = self._running.pop(name, None)
        if timer is not None:
            timer.cancel()

    def cancel_all(self) -> None:
        """
        Call none of them.
        """
        for name in list(self._running):
            self.cancel(name)
