# -*- test-case-name: txtor.test.state.test_changes -*-
"""
Listening to one circuit or stream alone, and iterating over what happens: built upon the listeners, so that it costs nothing to
who does not use it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from txtor.errors import Disconnected, InvalidArgument

from ._changes import (
    AddressChanged,
    CircuitChanged,
    ConsensusChanged,
    GuardChanged,
    LivenessChanged,
    RouterChanged,
    RoutersChanged,
    StreamChanged,
)
from ._circuit import Circuit
from ._iteration import Changes, Kept
from ._listeners import ICircuitListener, IStreamListener, Listeners
from ._stream import Stream

if TYPE_CHECKING:
    from ._model import AddressMapping
    from ._router import Router
    from ._torstate import TorState

S = TypeVar("S", Circuit, Stream)
T = TypeVar("T")

class Singles(Generic[S]):
    """
    The listeners of single circuits, or of single streams. However many there are, an event costs one look-up.

    :param listeners: those of all circuits, or of all streams.
    :param interface: what a listener must provide.
    :param last: the happening that is told after all others of an event.
    :param there: those that exist, by id.
    """

    def __init__(self, listeners: Listeners[Any], interface: Any, last: str, there: dict[str, S]) -> None:
        self._listeners = listeners
        self._interface = interface
        self._last = last
        self._there: dict[str, S] = there
        self._of: dict[S, Listeners[Any]] = {}
        self._functions = {name: partial(self._tell, name) for name in listeners.happenings}

    def is_there(self, subject: S) -> bool:
        """
        Whether anything more will be heard of it.
        """
        return self._there.get(subject.id) is subject

    def change(self, subject: S, change: Callable[[Listeners[Any]], None]) -> None:
        """
        Add or remove listeners of one that exists.

        :param change: does it.
        """
        listeners = self._of.get(subject) or Listeners(self._interface, (self._last,))
        change(listeners)
        if listeners.all and self.is_there(subject):
            self._keep(subject, listeners)
        else:
            self._forget(subject)

    def _keep(self, subject: S, listeners: Listeners[Any]) -> None:
        if not self._of:
            for name, function in self._functions.items():
                self._listeners.add_function(name, function)
        self._of[subject] = listeners

    def _forget(self, subject: S) -> None:
        if self._of.pop(subject, None) is not None and not self._of:
            for name, function in self._functions.items():
                self._listeners.remove_function(name, function)

    def _tell(self, happening: str, subject: S, *arguments: object, **keywords: object) -> None:
        listeners = self._of.get(subject)
        if listeners is not None:
            listeners.call(happening, subject, *arguments, **keywords)
            if happening == self._last and not self.is_there(subject):
                self._forget(subject)


class Source(NamedTuple):
    """
    Where changes come from.

    :ivar listeners: of what kind.
    :ivar happening: the name of what is listened to.
    :ivar made: makes a change of what a listener is told.
    """

    listeners: Listeners[Any]
    happening: str
    made: Callable[..., object]


def _sources(state: TorState) -> dict[type, tuple[Source, ...]]:
    """
    By kind of change, where such changes come from.
    """
    others = state.other_listeners
    return {
        CircuitChanged: (Source(state.circuit_listeners, "circuit_changed", _circuit_changed),),
        StreamChanged: (Source(state.stream_listeners, "stream_changed", _stream_changed),),
        RoutersChanged: (Source(state.router_listeners, "routers_changed", RoutersChanged),),
        AddressChanged: (
            Source(state.address_listeners, "addrmap_added", _address_added),
            Source(state.address_listeners, "addrmap_expired", _address_expired),
        ),
        GuardChanged: (Source(others, "guard_changed", GuardChanged),),
        LivenessChanged: (Source(others, "liveness_changed", LivenessChanged),),
        ConsensusChanged: (Source(others, "consensus_changed", ConsensusChanged),),
    }


def _circuit_changed(circuit: Circuit) -> CircuitChanged:
    return CircuitChanged(circuit, circuit.event)


def _stream_changed(stream: Stream) -> StreamChanged:
    return StreamChanged(stream, stream.event)


def _address_added(mapping: AddressMapping) -> AddressChanged:
    return AddressChanged(mapping.source, mapping)


def _address_expired(name: str) -> AddressChanged:
    return AddressChanged(name, None)


class Watching:
    """
    All who listen to single things of one Tor, or iterate over what happens.
    """

    def __init__(self, state: TorState) -> None:
        self._state = state
        self.circuits: Singles[Circuit] = Singles(
            state.circuit_listeners, ICircuitListener, "circuit_changed", state.model.circuits
        )
        self.streams: Singles[Stream] = Singles(state.stream_listeners, IStreamListener, "stream_changed", state.model.streams)
        self._kept: set[Kept[Any]] = set()

    def end(self, error: Disconnected | None = None) -> None:
        """
        End all iterations.

        :param error: why, where this is no ordinary end.
        """
        for kept in list(self._kept):
            kept.end(error)

    def _begin(self, kept: Kept[T], is_there: bool = True) -> Changes[T]:
        if self._state.gone is not None:
            kept.end(self._state.gone)
        elif not is_there:
            kept.end()
        else:
            self._kept.add(kept)
        return Changes(kept)

    def all_changes(self, kinds: tuple[type, ...], limit: int) -> Changes[Any]:
        """
        What happens to anything; see `txtor.TorState.changes`.
        """
        known = _sources(self._state)
        for kind in kinds:
            if kind not in known:
                raise InvalidArgument(f"Not a kind of change: {kind!r}")
        taken: list[tuple[Listeners[Any], str, Callable[..., None]]] = []

        def stop(kept: Kept[Any]) -> None:
            self._kept.discard(kept)
            for listeners, happening, function in taken:
                listeners.remove_function(happening, function)

        kept: Kept[Any] = Kept(limit, stop)
        changes = self._begin(kept)
        if not kept.is_over:
            for kind in kinds or known:
                for listeners, happening, made in known[kind]:
                    taken.append((listeners, happening, partial(_put, kept, made)))
                    listeners.add_function(*taken[-1][1:])
        return changes

    def circuit_changes(self, circuit: Circuit, limit: int) -> Changes[CircuitChanged]:
        """
        What happens to one circuit; see `txtor.state.Circuit.changes`.
        """
        return self._single(self.circuits, circuit, "circuit_changed", _circuit_changed, limit)

    def stream_changes(self, stream: Stream, limit: int) -> Changes[StreamChanged]:
        """
        What happens to one stream; see `txtor.state.Stream.changes`.
        """
        return self._single(self.streams, stream, "stream_changed", _stream_changed, limit)

    def _single(
        self, singles: Singles[S], subject: S, happening: str, made: Callable[[S], T], limit: int
    ) -> Changes[T]:
        def told(each: S) -> None:
            kept.put(made(each))
            if not singles.is_there(each):
                kept.end()

        def stop(kept: Kept[T]) -> None:
            self._kept.discard(kept)
            singles.change(subject, lambda listeners: listeners.remove_function(happening, told))

        kept: Kept[T] = Kept(limit, stop)
        changes = self._begin(kept, singles.is_there(subject))
        if not kept.is_over:
            singles.change(subject, lambda listeners: listeners.add_function(happening, told))
        return changes

    def router_changes(self, router: Router, limit: int) -> Changes[RouterChanged]:
        """
        What happens to one relay; see `txtor.state.Router.changes`.
        """
        listeners = self._state.router_listeners
        last = router.status

        def told(*routers: object) -> None:
            nonlocal last
            if not router.in_consensus:
                kept.put(RouterChanged(router, "left"))
                kept.end()
            elif router.status is not last and router.status != last:
                kept.put(RouterChanged(router, "changed"))
            last = router.status

        def stop(kept: Kept[RouterChanged]) -> None:
            self._kept.discard(kept)
            listeners.remove_function("routers_changed", told)

        kept: Kept[RouterChanged] = Kept(limit, stop)
        changes = self._begin(kept, router.in_consensus)
        if not kept.is_over:
            listeners.add_function("routers_changed", told)
        return changes


def _put(kept: Kept[Any], made: Callable[..., object], *told: object) -> None:
    kept.put(made(*told))
