# -*- test-case-name: txtor.test.fleet.test_fleet -*-
"""
Many Tors as one service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from txtor._deferred import deferred
from txtor._listener import tell
from txtor._tor import Tor
from txtor.commands import Command
from txtor.errors import Disconnected, InvalidArgument, TorError
from txtor.events import Event
from txtor.service import Health, Outage, TorService

from ._gather import Gathered, gather
from ._member import Choice, Member, choose
from ._stream import FleetEndpoint

T = TypeVar("T")

_log = Logger()


@dataclass(frozen=True)
class FleetEvent:
    """
    An event, and whose it is.

    :ivar member: the name of the Tor in the fleet.
    :ivar event: what it told.
    """

    member: str
    event: Event


def _cannot_listen(failure: Failure, name: str, event: str) -> None:
    failure.trap(TorError)
    _log.warn("{name} has no event {event}: {error}", name=name, event=event, error=failure.value)


class Fleet(MultiService):
    """
    Many Tors as one. It is a service whose children are services for one Tor each: starting it starts all, stopping it stops all.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._members: dict[str, Member] = {}
        self._turn = 0
        self._event_listeners: list[tuple[str, Callable[[FleetEvent], object]]] = []
        self._status_listeners: list[Callable[[str, Health], object]] = []

    # -- who is in it --------------------------------------------------------------------------------------------------

    def add(self, name: str, service: TorService) -> None:
        """
        Take in a Tor. It is started if the fleet runs, and the listeners of the fleet listen to it too.

        :param name: its name, of which there is one in the fleet.
        :raises InvalidArgument: there is another of that name, or the service is in a fleet already.
        """
        if not isinstance(name, str) or name in self._members:
            raise InvalidArgument(f"The name of a Tor in a fleet is text, and each has one of its own: {name!r}")
        if service.parent is not None:
            raise InvalidArgument("The service has a parent already.")
        member = self._members[name] = Member(name, service)
        for event, listener in self._event_listeners:
            self._listen(member, event, listener).addErrback(_cannot_listen, name, event)

        def changed(health: Health) -> None:
            for listener in list(self._status_listeners):
                tell(listener, name, health)

        member.status_listener = changed
        service.add_status_listener(changed)
        service.setName(name)  # type: ignore[no-untyped-call]  # Twisted's
        service.setServiceParent(self)  # type: ignore[no-untyped-call]  # Twisted's

    @deferred
    async def remove(self, name: str) -> TorService:
        """
        Let a Tor go, and stop its service. What goes through it is cut, if the Tor was launched by it.

        :return: fires with the service when it has stopped.
        :raises InvalidArgument: there is none of that name.
        """
        member = self._member(name)
        del self._members[name]
        await maybeDeferred(member.service.disownServiceParent)
        for event, _, wrapped in member.wrapped:  # there is no Tor any more that would have to be asked
            await member.service.remove_event_listener(event, wrapped)
        if member.status_listener is not None:
            member.service.remove_status_listener(member.status_listener)
        return member.service

    def _member(self, name: str) -> Member:
        member = self._members.get(name)
        if member is None:
            raise InvalidArgument(f"No Tor of the fleet is called {name!r}.")
        return member

    @property
    def members(self) -> Mapping[str, TorService]:
        """
        The services, by name, in the order in which they came.
        """
        return MappingProxyType({name: member.service for name, member in self._members.items()})

    @property
    def health(self) -> dict[str, Health]:
        """
        How each does, by name.
        """
        return {name: member.service.health for name, member in self._members.items()}

    @property
    def loads(self) -> dict[str, int]:
        """
        How many connections and calls that the fleet has given to each are under way, by name.
        """
        return {name: member.load for name, member in self._members.items()}

    # -- all of them ---------------------------------------------------------------------------------------------------

    def when_ready(self, failures: int | None = None) -> Deferred[Gathered[Tor]]:
        """
        Wait for each; see `TorService.when_ready`.
        """
        return gather({name: member.service.when_ready(failures) for name, member in self._members.items()})

    def send(self, command: Command[T], timeout: float | None = None, outage: Outage | None = "fail") -> Deferred[Gathered[T]]:
        """
        Send a command to each.

        :param timeout: seconds for each.
        :param outage: what becomes of it where there is no Tor now: ``"fail"``, ``"wait"``, or with ``None`` what the service
            does.
        :return: what each answered, or why it did not: one that fails does not keep the answers of the others.
        """
        return gather({name: member.service.send(command, timeout, outage) for name, member in self._members.items()})

    def use(self, function: Callable[[Tor], Deferred[T]], outage: Outage | None = "fail") -> Deferred[Gathered[T]]:
        """
        Call a function with each; see `send`.
        """
        return gather({name: member.service.use(function, outage) for name, member in self._members.items()})

    # -- one of them ---------------------------------------------------------------------------------------------------

    def _take(self, how: Choice) -> tuple[TorService, Callable[[], None]]:
        member = choose(self._members.values(), how)
        self._turn += 1
        return member.service, member.begin(self._turn)

    def choose(self, how: Choice = "round-robin") -> TorService:
        """
        The Tor whose turn it is, of those that are ready.

        :param how: ``"round-robin"``: each in turn; ``"least-loaded"``: one through which least goes of what the fleet has given
            out by `stream_via` and `use_one`.
        :raises Disconnected: none is ready.
        :raises InvalidArgument: there is no such way to choose.
        """
        service, end = self._take(how)
        end()
        return service

    @deferred
    async def use_one(self, function: Callable[[Tor], Deferred[T]], how: Choice = "round-robin") -> T:
        """
        Call a function with the Tor whose turn it is, and count it as its load until its Deferred fires.

        :raises Disconnected: none is ready.
        """
        service, end = self._take(how)
        try:
            if service.tor is None:
                raise Disconnected("The Tor that was chosen is gone.")
            return await function(service.tor)
        finally:
            end()

    def stream_via(
        self, host: str | bytes, port: int, tls: Any = False, isolation: Any = None, how: Choice = "round-robin"
    ) -> FleetEndpoint:
        """
        An endpoint for a host and a port. Each of its connections goes through the Tor whose turn it is then, and counts as its
        load until it ends.

        :param tls: see `Tor.stream_via`, as for ``isolation``.
        :param how: see `choose`.
        """
        if how not in ("round-robin", "least-loaded"):
            raise InvalidArgument(f"One is chosen by 'round-robin' or 'least-loaded', not by {how!r}.")
        return FleetEndpoint(lambda: self._take(how), host, port, {"tls": tls, "isolation": isolation})

    # -- what they tell ------------------------------------------------------------------------------------------------

    def add_event_listener(self, event: str, listener: Callable[[FleetEvent], object]) -> Deferred[Gathered[None]]:
        """
        Call a function with each event of a kind, of every Tor that is or comes in the fleet.

        :return: what each answered: a Tor that has no such event is among the errors, and the others are listened to.
        """
        self._event_listeners.append((event, listener))
        return gather({name: self._listen(member, event, listener) for name, member in self._members.items()})

    def _listen(self, member: Member, event: str, listener: Callable[[FleetEvent], object]) -> Deferred[None]:
        def wrapped(told: Event) -> object:
            return listener(FleetEvent(member.name, told))

        member.wrapped.append((event, listener, wrapped))
        return member.service.add_event_listener(event, wrapped)

    def remove_event_listener(self, event: str, listener: Callable[[FleetEvent], object]) -> Deferred[Gathered[None]]:
        """
        Call it no more.
        """
        if (event, listener) in self._event_listeners:
            self._event_listeners.remove((event, listener))
        removed: dict[str, Deferred[None]] = {}
        for name, member in self._members.items():
            found = next((entry for entry in member.wrapped if entry[:2] == (event, listener)), None)
            if found is not None:
                member.wrapped.remove(found)
                removed[name] = member.service.remove_event_listener(event, found[2])
        return gather(removed)

    def add_status_listener(self, listener: Callable[[str, Health], object]) -> None:
        """
        Call a function with the name of a Tor and each new `Health` of it.
        """
        self._status_listeners.append(listener)

    def remove_status_listener(self, listener: Callable[[str, Health], object]) -> None:
        """
        Call it no more.
        """
        if listener in self._status_listeners:
            self._status_listeners.remove(listener)
