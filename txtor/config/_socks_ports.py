# -*- test-case-name: txtor.test.config.test_socks_ports -*-
"""
From lines of SocksPort to endpoints that connect there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, UNIXClientEndpoint
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IReactorTCP, IReactorUNIX, IStreamClientEndpoint
from zope.interface import implementer

from txtor._deferred import deferred
from txtor.commands import parse_info
from txtor.errors import InvalidArgument, SocksPortNotFound, TorError

from ._ports import PortLine, Target

#: Where Tor listens when no SocksPort is set.
_DEFAULT = PortLine(Target(9050))

_KEY = "net/listeners/socks"
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", None: "127.0.0.1"}  # noqa: S104  # where to connect, not to listen


class ISocksReactor(IReactorTCP, IReactorUNIX):
    """
    A reactor that connects to ports and to unix sockets.
    """


def _configured(lines: Sequence[str]) -> list[PortLine]:
    """
    The lines that really listen.
    """
    found = [PortLine.parse(line) for line in lines] or [_DEFAULT]
    return [line for line in found if line.target.port != 0]


def has_port(lines: Sequence[str], wanted: int | str) -> bool:
    """
    Whether one of the lines listens where a line does.
    """
    target = PortLine.parse(str(wanted)).target
    return any(_is_same(line.target, target) for line in _configured(lines))


def _is_same(one: Target, other: Target) -> bool:
    return (one.port, one.path) == (other.port, other.path) and (None in (one.host, other.host) or one.host == other.host)


def matching(lines: Sequence[str], wanted: int | str | None) -> PortLine:
    """
    The line that is meant; the first if nothing is said.

    :raises InvalidArgument: there is none.
    """
    listening = _configured(lines)
    if not listening:
        raise InvalidArgument("This Tor has no SocksPort (it is 0).")
    if wanted is None:
        return listening[0]
    target = PortLine.parse(str(wanted)).target
    for line in listening:
        if _is_same(line.target, target):
            return line
    raise InvalidArgument(f"This Tor has no SocksPort {target}; it has {', '.join(str(line.target) for line in listening)}.")


def _connecting(reactor: ISocksReactor, target: Target) -> IStreamClientEndpoint:
    if target.path is not None:
        return UNIXClientEndpoint(reactor, target.path)
    host = _EVERYWHERE.get(target.host, target.host) or "127.0.0.1"
    assert target.port is not None  # a port that Tor has chosen is asked for first
    if ":" in host:
        return TCP6ClientEndpoint(reactor, host, target.port)
    return TCP4ClientEndpoint(reactor, host, target.port)


def endpoint_of(
    reactor: ISocksReactor, ask: Callable[[str], Deferred[str]], lines: Sequence[str], line: PortLine
) -> IStreamClientEndpoint:
    """
    An endpoint that connects where a line listens.

    :param ask: asks Tor for a value of GETINFO.
    :param lines: all lines of SocksPort, of which Tor has chosen the ports of those that are ``auto``.
    """
    if line.target.path is not None or line.target.port is not None:
        return _connecting(reactor, line.target)
    listening = _configured(lines)
    chosen = [each for each in listening if each.target.path is None and each.target.port is None]
    fixed = [each.target for each in listening if each not in chosen]
    return _AutoEndpoint(reactor, ask, fixed, chosen.index(line))


@implementer(IStreamClientEndpoint)
class _AutoEndpoint:
    """
    A port that Tor has chosen by itself, and may choose anew.

    :param ask: asks Tor for a value of GETINFO.
    :param fixed: where else it listens.
    :param place: which of those that it has chosen is meant.
    """

    def __init__(
        self, reactor: ISocksReactor, ask: Callable[[str], Deferred[str]], fixed: Sequence[Target], place: int
    ) -> None:
        self._reactor = reactor
        self._ask = ask
        self._fixed = fixed
        self._place = place

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803  # Twisted's
        """
        Ask Tor where it listens, and connect there.

        :raises SocksPortNotFound: in the Deferred: it listens on no such port now.
        """
        return self._connect(protocolFactory)

    @deferred
    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        told = await self._ask(_KEY)
        listeners = [Target.parse(text) for text in parse_info(_KEY, told)]
        chosen = [each for each in listeners if not any(_is_same(each, fixed) for fixed in self._fixed)]
        if self._place >= len(chosen):
            raise SocksPortNotFound([(_KEY, TorError("Tor listens on no port of its own choice now."))])
        return await _connecting(self._reactor, chosen[self._place]).connect(factory)
