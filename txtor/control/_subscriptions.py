# -*- test-case-name: txtor.test.control.test_subscriptions -*-
"""
Who listens to which events, and what Tor was told about it.

SETEVENTS replaces the whole set and changes nothing when it is refused. So one is under way at a time, each carries what Tor has
agreed to plus or minus what is asked for, and a refusal falls on those alone who asked for it. See control-spec 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from txtor._deferred import OneAtATime
from txtor._listener import watch_result
from txtor.commands import SetEvents
from txtor.events import EVENT_CLASSES, Event, UnknownEvent
from txtor.grammar import bare

Listener = Callable[[Any], object]
Deliver = Callable[[str], object]

_log = Logger()

_FAILED = "A listener for {keyword} failed: {listener!r}"


def report_failure(listener: Listener, keyword: str) -> None:
    """
    Log that a listener has just raised something, which is his own affair.
    """
    _log.failure(_FAILED, keyword=keyword, listener=listener)


def watch_listener(result: object, listener: Listener, keyword: str) -> None:
    """
    A listener may return a Deferred or a coroutine; its failure is logged as one that is raised.
    """
    watch_result(_log, _FAILED, result, keyword=keyword, listener=listener)


def _call(listener: Listener, event: Event | str, keyword: str) -> None:
    try:
        result = listener(event)
    except Exception:  # one listener's failure harms no other
        report_failure(listener, keyword)
    else:
        if result is not None:
            watch_listener(result, listener, keyword)


def _to_one(listener: Listener, make: Callable[[str], object], keyword: str) -> Deliver:
    """
    The same as `_call` for one listener, without the cost of a second call.
    """

    def deliver(text: str) -> None:
        try:
            result = listener(make(text))
        except Exception:  # the listener's failure harms nobody else
            report_failure(listener, keyword)
        else:
            if result is not None:
                watch_listener(result, listener, keyword)

    return deliver


def _make_deliver(keyword: str, listeners: tuple[tuple[Listener, bool], ...]) -> Deliver:
    """
    What takes the text of an event. An event object is made only if somebody wants one; who alone listens to the text gets it.
    """
    event_class = EVENT_CLASSES.get(keyword)
    make: Callable[[str], Event] = event_class or (lambda text: UnknownEvent(text, keyword))
    if len(listeners) == 1:
        ((listener, wants_text),) = listeners
        return listener if wants_text else _to_one(listener, make, keyword)

    def deliver(text: str) -> None:
        event = make(text)
        for listener, wants_text in listeners:
            _call(listener, text if wants_text else event, keyword)

    return deliver


def _nothing() -> None:
    """
    What is to be done when nobody waits for a removal any more.
    """


class Subscriptions:
    """
    The listeners of one connection.

    :param send: sends a SETEVENTS.
    :ivar deliver: by event keyword, what takes the text of an event of one line. What it raises goes to `report_failure`, and
        what it returns, unless ``None``, to `watch_listener`. This is the hot path: a dict look-up and a call.
    """

    def __init__(self, send: Callable[[SetEvents], Deferred[None]]) -> None:
        self._send = send
        self._turn = OneAtATime()
        self._listeners: dict[str, tuple[tuple[Listener, bool], ...]] = {}
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
        for listener, wants_text in self._listeners.get(event.keyword, ()):
            _call(listener, event.text if wants_text else event, event.keyword)

    def _set(self, keyword: str, listeners: tuple[tuple[Listener, bool], ...]) -> None:
        if not listeners:
            self._listeners.pop(keyword, None)
            self.deliver.pop(keyword, None)
            return
        self._listeners[keyword] = listeners
        self.deliver[keyword] = _make_deliver(keyword, listeners)

    def add(self, listeners: Mapping[str, Listener], text_listeners: Mapping[str, Listener]) -> Deferred[None]:
        """
        Add a listener to each of some events, in one SETEVENTS.

        The listeners are in place before it is sent, so that no event is missed.

        :param text_listeners: those that get the text of the events instead of event objects.
        :raises UnrecognizedEntity: Tor has no such event. The listeners are gone again and nothing else has changed.
        """
        added = [
            (bare(keyword, "The name of an event").upper(), listener, wants_text)
            for wants_text, some in ((False, listeners), (True, text_listeners))
            for keyword, listener in some.items()
        ]
        for keyword, listener, wants_text in added:
            self._set(keyword, (*self._listeners.get(keyword, ()), (listener, wants_text)))
        return self._shielded(self._add(added), lambda: self._withdraw(added))

    def _withdraw(self, added: Iterable[tuple[str, Listener, bool]]) -> None:
        for keyword, listener, _ in added:
            self._discard(keyword, listener)
        self._shielded(self._prune(), _nothing).addErrback(
            lambda failure: _log.debug("SETEVENTS failed: {failure}", failure=failure)
        )

    async def _add(self, added: Iterable[tuple[str, Listener, bool]]) -> None:
        try:
            async with self._turn:
                await self._agree(self._agreed.union(keyword for keyword, _, _ in added))
        except BaseException:  # whatever stopped it, its listeners must not stay behind
            for keyword, listener, _ in added:
                self._discard(keyword, listener)
            raise

    async def _agree(self, wanted: frozenset[str]) -> None:
        if wanted != self._agreed:
            await self._send(SetEvents(sorted(wanted)))
            self._agreed = wanted

    def _discard(self, keyword: str, listener: Listener) -> None:
        listeners = self._listeners.get(keyword, ())
        for place, (known, _) in enumerate(listeners):
            if known == listener:
                self._set(keyword, (*listeners[:place], *listeners[place + 1 :]))
                break

    def remove(self, listeners: Mapping[str, Listener]) -> Deferred[None]:
        """
        Remove each listener from its event; it is called no more, and Tor is told when it was the last.
        """
        for keyword, listener in listeners.items():
            self._discard(keyword.upper(), listener)
        return self._shielded(self._prune(), _nothing)

    async def _prune(self) -> None:
        async with self._turn:
            await self._agree(self._agreed.intersection(self._listeners))

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
