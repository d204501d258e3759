# -*- test-case-name: txtor.test.control.test_subscriptions -*-
"""
Who listens to which events, and what Tor was told about it.

SETEVENTS replaces the whole set and changes nothing when it is refused. So one is under way at a time, each carries what Tor has
agreed to plus or minus what is asked for, and a refusal falls on those alone who asked for it. See control-spec 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from txtor.commands import SetEvents
from txtor.events import EVENT_CLASSES, Event, UnknownEvent
from txtor.grammar import bare

Listener = Callable[[Any], object]
Deliver = Callable[[str], None]

_log = Logger()


def _report(listener: Listener, keyword: str) -> None:
    _log.failure("A listener for {keyword} failed: {listener!r}", keyword=keyword, listener=listener)


def _watch(result: object, listener: Listener, keyword: str) -> None:
    """
    A listener may return a Deferred or a coroutine; its failure is logged as one that is raised.
    """
    if isinstance(result, Coroutine):
        result = Deferred.fromCoroutine(result)
    if isinstance(result, Deferred):
        result.addErrback(
            lambda failure: _log.failure(
                "A listener for {keyword} failed: {listener!r}", failure, keyword=keyword, listener=listener
            )
        )


def _nothing() -> None:
    """
    What is to be done when nobody waits for a removal any more.
    """


class Subscriptions:
    """
    The listeners of one connection.

    :param send: sends a SETEVENTS.
    :ivar deliver: by event keyword, what takes the text of an event of one line. This is the hot path: a dict look-up and a call.
    """

    def __init__(self, send: Callable[[SetEvents], Deferred[None]]) -> None:
        self._send = send
        self._lock = DeferredLock()
        self._listeners: dict[str, tuple[Listener, ...]] = {}
        self._agreed: frozenset[str] = frozenset()
        self.deliver: dict[str, Deliver] = {}

    @property
    def agreed(self) -> frozenset[str]:
        """
        The events that Tor was told to send.
        """
        return self._agreed

    def deliver_event(self, event: Event) -> None:
        """
        Hand an event to its listeners.
        """
        keyword = event.keyword
        for listener in self._listeners.get(keyword, ()):
            try:
                result = listener(event)
            except Exception:  # one listener's failure harms no other
                _report(listener, keyword)
            else:
                if result is not None:
                    _watch(result, listener, keyword)

    def _set(self, keyword: str, listeners: tuple[Listener, ...]) -> None:
        if not listeners:
            self._listeners.pop(keyword, None)
            self.deliver.pop(keyword, None)
            return
        self._listeners[keyword] = listeners
        event_class = EVENT_CLASSES.get(keyword)
        if event_class is None:
            self.deliver[keyword] = lambda text: self.deliver_event(UnknownEvent(text, keyword))
            return

        def deliver(text: str, make: Callable[[str], Event] = event_class) -> None:
            event = make(text)
            for listener in listeners:
                try:
                    result = listener(event)
                except Exception:  # one listener's failure harms no other
                    _report(listener, keyword)
                else:
                    if result is not None:
                        _watch(result, listener, keyword)

        self.deliver[keyword] = deliver

    def add(self, listeners: Mapping[str, Listener]) -> Deferred[None]:
        """
        Add a listener to each of some events, in one SETEVENTS.

        The listeners are in place before it is sent, so that no event is missed.

        :raises UnrecognizedEntity: Tor has no such event. The listeners are gone again and nothing else has changed.
        """
        keywords = {bare(keyword, "The name of an event").upper(): listener for keyword, listener in listeners.items()}
        for keyword, listener in keywords.items():
            self._set(keyword, (*self._listeners.get(keyword, ()), listener))
        return self._shielded(self._add(keywords), lambda: self._withdraw(keywords))

    def _withdraw(self, listeners: Mapping[str, Listener]) -> None:
        for keyword, listener in listeners.items():
            self._discard(keyword, listener)
        self._shielded(self._prune(), _nothing).addErrback(
            lambda failure: _log.debug("SETEVENTS failed: {failure}", failure=failure)
        )

    async def _add(self, listeners: Mapping[str, Listener]) -> None:
        await self._lock.acquire()
        try:
            wanted = self._agreed.union(listeners)
            if wanted != self._agreed:
                await self._send(SetEvents(sorted(wanted)))
                self._agreed = wanted
        except BaseException:  # whatever stopped it, its listeners must not stay behind
            for keyword, listener in listeners.items():
                self._discard(keyword, listener)
            raise
        finally:
            self._lock.release()

    def _discard(self, keyword: str, listener: Listener) -> bool:
        listeners = list(self._listeners.get(keyword, ()))
        if listener not in listeners:
            return False
        listeners.remove(listener)
        self._set(keyword, tuple(listeners))
        return True

    def remove(self, keywords: Iterable[str], listener: Listener) -> Deferred[None]:
        """
        Remove a listener from some events; it is called no more, and Tor is told when it was the last.
        """
        upper = [keyword.upper() for keyword in keywords]
        for keyword in upper:
            self._discard(keyword, listener)
        return self._shielded(self._prune(), _nothing)

    async def _prune(self) -> None:
        await self._lock.acquire()
        try:
            wanted = self._agreed.intersection(self._listeners)
            if wanted != self._agreed:
                await self._send(SetEvents(sorted(wanted)))
                self._agreed = wanted
        finally:
            self._lock.release()

    @staticmethod
    def _shielded(work: Coroutine[Deferred[Any], Any, None], cancelled: Callable[[], None]) -> Deferred[None]:
        """
        A Deferred for some work that goes on if it is cancelled: what was sent to Tor cannot be taken back.
        """
        caller: Deferred[None] = Deferred(lambda _: cancelled())
        # The answer to what was cancelled comes all the same, and nobody wants it any more.
        Deferred.fromCoroutine(work).addCallbacks(
            lambda _: None if caller.called else caller.callback(None),
            lambda failure: None if caller.called else caller.errback(failure),
        )
        return caller
