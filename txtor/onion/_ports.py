# -*- test-case-name: txtor.test.onion.test_ports -*-
"""
The ports of an onion service, in all forms in which programs write them, and what listens behind them.

A factory as a target is listened for here, on 127.0.0.1 and a port that the system chooses, before Tor is told of the service.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from txtor.errors import InvalidArgument

#: Where a virtual port leads to: a port of 127.0.0.1, ``"address:port"``, ``"unix:/path"``, a listening port, or a factory.
Target: TypeAlias = "int | str | IListeningPort | IProtocolFactory"

#: A virtual port, one and its target, or both in one text, as ``"80 127.0.0.1:8080"``.
ServicePort: TypeAlias = "int | str | tuple[int, Target]"

#: Stands for the port of a factory in what is checked before anything listens.
_NOT_YET = "127.0.0.1:1"


@dataclass(frozen=True)
class OnionPort:
    """
    One virtual port of a service.

    :ivar virtual: the port that clients connect to.
    :ivar target: where Tor connects to, as ``"127.0.0.1:8080"`` or ``"unix:/path"``.
    :ivar factory: for whose protocols a port is still to be opened, or ``None``.
    """

    virtual: int
    target: str
    factory: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.virtual} {self.target}"


def parse_ports(ports: ServicePort | Iterable[ServicePort]) -> tuple[OnionPort, ...]:
    """
    Read the ports of a service.

    :param ports: one, or several.
    :raises InvalidArgument: there is none, or one is not a port of 1 to 65535 with a target that Tor can connect to.
    """
    if isinstance(ports, (int, str)):
        ports = [ports]
    if not isinstance(ports, Iterable):
        raise InvalidArgument(f"The ports of an onion service are a list, not {type(ports).__name__}.")
    found = tuple(_port(port) for port in ports)
    if not found:
        raise InvalidArgument("An onion service needs at least one port.")
    return found


def _port(port: object) -> OnionPort:
    if isinstance(port, tuple):
        if len(port) != 2:
            raise InvalidArgument("A port of an onion service is a virtual port, or one and its target.")
        virtual = _number(port[0], "The virtual port of an onion service")
        return _with_target(virtual, port[1])
    if isinstance(port, str):
        first, *rest = re.split("[ ,]", port.strip(" "), maxsplit=1)
        virtual = _number(first, "The virtual port of an onion service")
        return _with_target(virtual, rest[0].strip(" ") if rest and rest[0] else virtual)
    virtual = _number(port, "The virtual port of an onion service")
    return _with_target(virtual, virtual)


def _with_target(virtual: int, target: object) -> OnionPort:
    if isinstance(target, (int, str)):
        return OnionPort(virtual, _words(target))
    if IListeningPort.providedBy(target):
        return OnionPort(virtual, _words(_where(target.getHost())))
    if IProtocolFactory.providedBy(target):
        return OnionPort(virtual, _NOT_YET, target)
    raise InvalidArgument(
        "The target of an onion service's port is a port, text, a listening port or a protocol factory, "
        f"not {type(target).__name__}."
    )


def _where(address: object) -> str:
    """
    The target for something that listens already.
    """
    if isinstance(address, IPv4Address):
        return f"{'127.0.0.1' if address.host == '0.0.0.0' else address.host}:{address.port}"  # noqa: S104  # only compared
    if isinstance(address, IPv6Address):
        return f"[{'::1' if address.host == '::' else address.host}]:{address.port}"
    if isinstance(address, UNIXAddress) and address.name:
        return f"unix:{os.fsdecode(address.name)}"
    raise InvalidArgument(f"Tor cannot connect to what listens at {address!r}.")


def _words(target: int | str) -> str:
    """
    A target as Tor reads it.

    :raises InvalidArgument: it is none.
    """
    what = "The target of an onion service's port"
    if isinstance(target, int) or (target.isascii() and target.isdigit()):
        return f"127.0.0.1:{_number(target, what)}"
    if not target.isprintable() or not set(target).isdisjoint(' "\\'):
        raise InvalidArgument(f"{what} can hold neither blanks nor quotes, which Tor does not take there: {target[:80]!r}")
    if target.startswith("unix:"):
        if not target.startswith("unix:/"):
            raise InvalidArgument(f"{what} must name a socket by its whole path, as 'unix:/run/web.sock': {target[:80]!r}")
        return target
    host, _, port = target.rpartition(":")
    if not host:
        raise InvalidArgument(f"{what} must be a port, 'address:port' or 'unix:/path': {target[:80]!r}")
    if (":" in host) != (host.startswith("[") and host.endswith("]")):
        raise InvalidArgument(f"{what} has an IPv6 address in brackets, as '[::1]:80': {target[:80]!r}")
    return f"{host}:{_number(port, what)}"


def _number(port: object, what: str) -> int:
    if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) <= 5:
        port = int(port)
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        raise InvalidArgument(f"{what} must be an integer from 1 to 65535: {str(port)[:40]!r}")
    return port


class Targets:
    """
    What listens behind a service because the service was given factories.

    :ivar ports: the service's ports, once `open` has been called with the real targets.
    """

    def __init__(self, reactor: Any) -> None:
        """
        :param reactor: an ``IReactorTCP``.
        """
        self._reactor = reactor
        self._listening: list[IListeningPort] = []
        self.ports: tuple[OnionPort, ...] = ()

    async def open(self, ports: Iterable[OnionPort]) -> None:
        """
        Listen for every factory.

        :raises CannotListenError: the system has no port to give.
        """
        opened = []
        for port in ports:
            if port.factory is None:
                opened.append(port)
                continue
            endpoint = TCP4ServerEndpoint(self._reactor, 0, interface="127.0.0.1")
            listening = await endpoint.listen(port.factory)
            self._listening.append(listening)
            opened.append(OnionPort(port.virtual, _where(listening.getHost())))
        self.ports = tuple(opened)

    def take_over(self, other: Targets) -> None:
        """
        What listens for another service listens for this one from now on.
        """
        self._listening += other._listening
        other._listening = []

    def close(self) -> Deferred[None]:
        """
        Listen no more. Connections go on. This may be called again.
        """
        listening, self._listening = self._listening, []
        stopping = [Deferred.fromCoroutine(_stop(port)) for port in listening]
        return gatherResults(stopping, consumeErrors=True).addCallback(lambda _: None)


async def _stop(port: IListeningPort) -> None:
    stopped = port.stopListening()
    if stopped is not None:
        await stopped
