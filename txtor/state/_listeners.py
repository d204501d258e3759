# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
Who wants to know what happens to circuits, streams, relays and addresses.

Listeners are objects that provide an Interface, or functions for one kind of happening. A mixin answers what a listener does not
care for. One that fails is logged and harms no other; one that is added or removed while others are called takes effect from the
next event on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from twisted.logger import Logger
from zope.interface import Interface, implementer

from txtor._listener import watch_result
from txtor.errors import InvalidArgument

if TYPE_CHECKING:
    from ._circuit import Circuit
    from ._model import AddressMapping
    from ._router import Router
    from ._stream import Stream

_log = Logger()

_FAILED = "{method!r} failed"

L = TypeVar("L")


class ICircuitListener(Interface):
    """
    Is told what happens to circuits. See control-spec 4.1.1.
    """

    def circuit_new(circuit: Circuit) -> object:
        """
        A circuit is heard of for the first time, whatever its status.
        """

    def circuit_launched(circuit: Circuit) -> object:
        """
        Tor has begun to build a circuit.
        """

    def circuit_extend(circuit: Circuit, router: Router) -> object:
        """
        A circuit has one more hop.
        """

    def circuit_built(circuit: Circuit) -> object:
        """
        A circuit is built.
        """

    def circuit_closed(circuit: Circuit, **kw: str) -> object:
        """
        A circuit has closed; ``kw`` holds ``REASON`` and whatever else Tor said.
        """

    def circuit_failed(circuit: Circuit, **kw: str) -> object:
        """
        A circuit has failed; ``kw`` holds ``REASON`` and whatever else Tor said.
        """


class IStreamListener(Interface):
    """
    Is told what happens to streams. See control-spec 4.1.2.
    """

    def stream_new(stream: Stream) -> object:
        """
        A stream is heard of for the first time.
        """

    def stream_succeeded(stream: Stream) -> object:
        """
        A stream is connected.
        """

    def stream_attach(stream: Stream, circuit: Circuit) -> object:
        """
        A stream was put on a circuit.
        """

    def stream_detach(stream: Stream, **kw: str) -> object:
        """
        A stream was taken from its circuit, and Tor will try again.
        """

    def stream_closed(stream: Stream, **kw: str) -> object:
        """
        A stream has closed.
        """

    def stream_failed(stream: Stream, **kw: str) -> object:
        """
        A stream has failed.
        """


class IRouterListener(Interface):
    """
    Is told how the consensus changes.
    """

    def routers_changed(joined: list[Router], left: list[Router], changed: list[Router]) -> object:
        """
        A consensus, or a part of one, was taken over. The lists hold the relays that are new, that are gone (with what was last
        known of them), and that say something else than before.
        """


class IAddrListener(Interface):
    """
    Is told of address mappings. See control-spec 4.1.7.
    """

    def addrmap_added(mapping: AddressMapping) -> object:
        """
        An address stands for another, from now on.
        """

    def addrmap_expired(name: str) -> object:
        """
        A mapping has come to its end; ``name`` is the address that was mapped.
        """


#: The same Interface under its full name.
IAddressListener = IAddrListener


@implementer(ICircuitListener)
class CircuitListenerMixin:
    """
    Answers every call of `ICircuitListener` with nothing.
    """

    def circuit_new(self, circuit: Circuit) -> object:
        """
        Nothing.
        """

    def circuit_launched(self, circuit: Circuit) -> object:
        """
        Nothing.
        """

    def circuit_extend(self, circuit: Circuit, router: Router) -> object:
        """
        Nothing.
        """

    def circuit_built(self, circuit: Circuit) -> object:
        """
        Nothing.
        """

    def circuit_closed(self, circuit: Circuit, **kw: str) -> object:
        """
        Nothing.
        """

    def circuit_failed(self, circuit: Circuit, **kw: str) -> object:
        """
        Nothing.
        """


@implementer(IStreamListener)
class StreamListenerMixin:
    """
    Answers every call of `IStreamListener` with nothing.
    """

    def stream_new(self, stream: Stream) -> object:
        """
        Nothing.
        """

    def stream_succeeded(self, stream: Stream) -> object:
        """
        Nothing.
        """

    def stream_attach(self, stream: Stream, circuit: Circuit) -> object:
        """
        Nothing.
        """

    def stream_detach(self, stream: Stream, **kw: str) -> object:
        """
        Nothing.
        """

    def stream_closed(self, stream: Stream, **kw: str) -> object:
        """
        Nothing.
        """

    def stream_failed(self, stream: Stream, **kw: str) -> object:
        """
        Nothing.
        """


@implementer(IRouterListener)
class RouterListenerMixin:
    """
    Answers every call of `IRouterListener` with nothing.
    """

    def routers_changed(self, joined: list[Router], left: list[Router], changed: list[Router]) -> object:
        """
        Nothing.
        """


@implementer(IAddrListener)
class AddrListenerMixin:
    """
    Answers every call of `IAddrListener` with nothing.
    """

    def addrmap_added(self, mapping: AddressMapping) -> object:
        """
        Nothing.
        """

    def addrmap_expired(self, name: str) -> object:
        """
        Nothing.
        """


#: The methods that do nothing; nobody needs to call them.
_NOTHING = frozenset(
    method
    for mixin in (CircuitListenerMixin, StreamListenerMixin, RouterListenerMixin, AddrListenerMixin)
    for method in vars(mixin).values()
    if callable(method)
)


class _Function(NamedTuple):
    """
    A function that is called at one kind of happening.
    """

    happening: str
    function: Callable[..., object]


class Listeners(Generic[L]):
    """
    The listeners of one kind.

    :param interface: what they must provide; ``None`` where only functions can listen.
    :param more: happenings that are no methods of the Interface: only functions are told of them.
    :ivar happenings: all that can be listened to.
    :ivar all: those that are there, in the order in which they came.
    :ivar calls: by name of a happening, the functions to call: looked up once, and without those that do nothing.
    """

    __slots__ = ("_interface", "all", "calls", "happenings")

    def __init__(self, interface: Any, more: Iterable[str] = ()) -> None:  # mypy knows an Interface as a class, zope as an object
        self._interface = interface
        self.happenings = (*(() if interface is None else interface.names()), *more)
        self.all: tuple[L | _Function, ...] = ()
        self.calls: dict[str, tuple[Callable[..., object], ...]] = {}

    def add(self, listener: L) -> None:
        """
        Call a listener from the next event on. Adding it twice is adding it once.

        :raises InvalidArgument: it does not provide the Interface.
        """
        if not self._interface.providedBy(listener):
            raise InvalidArgument(f"{listener!r} does not provide {self._interface.__name__}.")
        if listener not in self.all:
            self._set((*self.all, listener))

    def remove(self, listener: L) -> None:
        """
        Call a listener no more. One that was never added is no error.
        """
        self._set(tuple(each for each in self.all if each is not listener))

    def add_function(self, happening: str, function: Callable[..., object]) -> None:
        """
        Call a function at one kind of happening, from the next event on. Adding it twice is adding it once.

        :param happening: one of the `happenings`.
        """
        entry = _Function(happening, function)
        if entry not in self.all:
            self._set((*self.all, entry))

    def remove_function(self, happening: str, function: Callable[..., object]) -> None:
        """
        Call a function no more. One that was never added is no error.
        """
        gone = _Function(happening, function)
        self._set(tuple(each for each in self.all if each != gone))

    def _set(self, listeners: tuple[L | _Function, ...]) -> None:
        self.all = listeners
        calls: dict[str, list[Callable[..., object]]] = {}
        for listener in listeners:
            if isinstance(listener, _Function):
                calls.setdefault(listener.happening, []).append(listener.function)
                continue
            for name in self._interface.names():
                method = getattr(listener, name)
                if getattr(method, "__func__", None) not in _NOTHING:
                    calls.setdefault(name, []).append(method)
        self.calls = {name: tuple(methods) for name, methods in calls.items()}

    def call(self, name: str, *arguments: Any, **keywords: Any) -> None:
        """
        Call a method of each.
        """
        tell_all(self.calls.get(name, ()), arguments, keywords)


def tell_all(methods: tuple[Callable[..., object], ...], arguments: tuple[object, ...], keywords: dict[str, Any]) -> None:
    """
    Call some methods.
    """
    for method in methods:
        try:
            result = method(*arguments, **keywords)
        except Exception:  # one listener's failure harms no other
            _log.failure(_FAILED, method=method)
        else:
            if result is not None:
                watch_result(_log, _FAILED, result, method=method)


def tell_each(methods: tuple[Callable[..., object], ...], subject: object) -> None:
    """
    The same for what is told most, without the cost of what it does not need.
    """
    for method in methods:
        try:
            result = method(subject)
        except Exception:  # one listener's failure harms no other
            _log.failure(_FAILED, method=method)
        else:
            if result is not None:
                watch_result(_log, _FAILED, result, method=method)
