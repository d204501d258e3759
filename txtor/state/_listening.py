# -*- test-case-name: txtor.test.state.test_listening -*-
"""
How others come to hear what happens to the Tor of a `TorState`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from txtor.errors import InvalidArgument

from ._changes import Change
from ._iteration import LIMIT, Changes
from ._listeners import IAddrListener, ICircuitListener, IRouterListener, IStreamListener, Listeners

if TYPE_CHECKING:
    from ._watching import Watching

F = TypeVar("F", bound=Callable[..., object])
C = TypeVar("C")


class Listening:
    """
    The listeners of one Tor.

    There are three ways to hear what happens: objects that provide an Interface, functions for one kind of happening, and
    iteration. Each can be given up as it was taken. One that fails is logged and harms no other.
    """

    watching: Watching

    def __init__(self) -> None:
        self.circuit_listeners: Listeners[Any] = Listeners(ICircuitListener, ("circuit_changed",))
        self.stream_listeners: Listeners[Any] = Listeners(IStreamListener, ("stream_changed",))
        self.router_listeners: Listeners[Any] = Listeners(IRouterListener)
        self.address_listeners: Listeners[Any] = Listeners(IAddrListener)
        self.other_listeners: Listeners[Any] = Listeners(None, ("guard_changed", "liveness_changed", "consensus_changed"))

    # -- objects -------------------------------------------------------------------------------------------------------

    def add_circuit_listener(self, listener: Any) -> None:
        """
        Tell an `ICircuitListener` what happens to circuits.

        :raises InvalidArgument: it provides no such Interface.
        """
        self.circuit_listeners.add(listener)

    def remove_circuit_listener(self, listener: Any) -> None:
        """
        Tell it no more. One that was never added is no error.
        """
        self.circuit_listeners.remove(listener)

    def add_stream_listener(self, listener: Any) -> None:
        """
        Tell an `IStreamListener` what happens to streams.

        :raises InvalidArgument: it provides no such Interface.
        """
        self.stream_listeners.add(listener)

    def remove_stream_listener(self, listener: Any) -> None:
        """
        Tell it no more. One that was never added is no error.
        """
        self.stream_listeners.remove(listener)

    def add_router_listener(self, listener: Any) -> None:
        """
        Tell an `IRouterListener` how the consensus changes.

        :raises InvalidArgument: it provides no such Interface.
        """
        self.router_listeners.add(listener)

    def remove_router_listener(self, listener: Any) -> None:
        """
        Tell it no more. One that was never added is no error.
        """
        self.router_listeners.remove(listener)

    def add_address_listener(self, listener: Any) -> None:
        """
        Tell an `IAddrListener` what addresses stand for others.

        :raises InvalidArgument: it provides no such Interface.
        """
        self.address_listeners.add(listener)

    def remove_address_listener(self, listener: Any) -> None:
        """
        Tell it no more. One that was never added is no error.
        """
        self.address_listeners.remove(listener)

    # -- functions -----------------------------------------------------------------------------------------------------

    def on(self, happening: str, function: F) -> F:
        """
        Call a function at one kind of happening, until `off`.

        :param happening: the name of a method of `ICircuitListener`, `IStreamListener`, `IRouterListener` or `IAddrListener`, as
            ``"circuit_built"`` or ``"routers_changed"``. Besides:

            ``"circuit_changed"`` and ``"stream_changed"``: whatever Tor says of one; called with the `Circuit` or `Stream`, after
            what is more special;
            ``"guard_changed"``: a relay is an entry guard from now on, has another status, or is none any more; called with an
            `EntryGuard`, whose status is ``dropped`` or ``bad`` then;
            ``"liveness_changed"``: called with whether Tor believes that the network is there;
            ``"consensus_changed"``: called with the `Validity` of the consensus that Tor uses now, or ``None``.
        :param function: it may return a Deferred or coroutine. One that fails is logged.
        :return: the function, so that this can be used in a decorator.
        :raises InvalidArgument: there is no such happening.
        """
        self._listeners_of(happening).add_function(happening, function)
        return function

    def off(self, happening: str, function: Callable[..., object]) -> None:
        """
        Call a function no more at that kind of happening. One that was not called is no error.

        :raises InvalidArgument: there is no such happening.
        """
        self._listeners_of(happening).remove_function(happening, function)

    def _listeners_of(self, happening: str) -> Listeners[Any]:
        for listeners in (
            self.circuit_listeners,
            self.stream_listeners,
            self.router_listeners,
            self.address_listeners,
            self.other_listeners,
        ):
            if happening in listeners.happenings:
                return listeners
        raise InvalidArgument(f"Nothing is called {happening!r}.")

    def on_circuit_new(self, function: F) -> F:
        """
        Call a function when a circuit is heard of for the first time; a decorator too. See `on`.
        """
        return self.on("circuit_new", function)

    def on_circuit_launched(self, function: F) -> F:
        """
        Call a function when Tor has begun to build a circuit; a decorator too. See `on`.
        """
        return self.on("circuit_launched", function)

    def on_circuit_extend(self, function: F) -> F:
        """
        Call a function when a circuit has one more hop; it gets the `Router` too; a decorator too. See `on`.
        """
        return self.on("circuit_extend", function)

    def on_circuit_built(self, function: F) -> F:
        """
        Call a function when a circuit is built; a decorator too. See `on`.
        """
        return self.on("circuit_built", function)

    def on_circuit_closed(self, function: F) -> F:
        """
        Call a function when a circuit has closed; a decorator too. See `on`.
        """
        return self.on("circuit_closed", function)

    def on_circuit_failed(self, function: F) -> F:
        """
        Call a function when a circuit has failed; a decorator too. See `on`.
        """
        return self.on("circuit_failed", function)

    def on_stream_new(self, function: F) -> F:
        """
        Call a function when a stream is heard of for the first time; a decorator too. See `on`.
        """
        return self.on("stream_new", function)

    def on_stream_succeeded(self, function: F) -> F:
        """
        Call a function when a stream is connected; a decorator too. See `on`.
        """
        return self.on("stream_succeeded", function)

    def on_stream_attach(self, function: F) -> F:
        """
        Call a function when a stream was put on a circuit; it gets the `Circuit` too; a decorator too. See `on`.
        """
        return self.on("stream_attach", function)

    def on_stream_detach(self, function: F) -> F:
        """
        Call a function when a stream was taken from its circuit; a decorator too. See `on`.
        """
        return self.on("stream_detach", function)

    def on_stream_closed(self, function: F) -> F:
        """
        Call a function when a stream has closed; a decorator too. See `on`.
        """
        return self.on("stream_closed", function)

    def on_stream_failed(self, function: F) -> F:
        """
        Call a function when a stream has failed; a decorator too. See `on`.
        """
        return self.on("stream_failed", function)

    # -- iteration -----------------------------------------------------------------------------------------------------

    @overload
    def changes(self, *, limit: int = LIMIT) -> Changes[Change]: ...

    @overload
    def changes(self, *kinds: type[C], limit: int = LIMIT) -> Changes[C]: ...

    def changes(self, *kinds: type[Any], limit: int = LIMIT) -> Changes[Any]:
        """
        What happens from now on, for ``async for``: to circuits, streams, relays and the rest.

        It ends when the state is closed.

        :param kinds: which of `CircuitChanged`, `StreamChanged`, `RoutersChanged`, `AddressChanged`, `GuardChanged`,
            `LivenessChanged`, `ConsensusChanged`; by default all.
        :param limit: how many changes are kept while nobody asks for them.
        :return: gives values of these kinds. It fails with `Disconnected` when the connection to Tor goes away, and with
            `TooManyChanges` when there were more than the limit.
        :raises InvalidArgument: there is no such kind, or the limit is no number from 1 on.
        """
        return self.watching.all_changes(kinds, limit)
