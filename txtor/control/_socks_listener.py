# -*- test-case-name: txtor.test.test_traffic -*-
"""
Where a Tor takes SOCKS, asked of the Tor itself.
"""

from __future__ import annotations

import ipaddress

from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.logger import Logger
from zope.interface import implementer

from txtor._deferred import deferred
from txtor.commands import GetConf, GetInfo, SetConf
from txtor.errors import ProtocolViolation, SocksPortNotFound, TorError
from txtor.grammar import parse_address_port, split_quoted

from ._connect import client_endpoint
from ._protocol import TorControlProtocol

_log = Logger()

_KEY = "net/listeners/socks"


def _quoted(argument: str) -> str:
    """
    An argument of an endpoint string; twisted's own function for it would import all of TLS.
    """
    return argument.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")


def endpoint_of_listener(listener: str) -> str:
    """
    The endpoint string for a listener as ``net/listeners/socks`` names it.

    :param listener: ``127.0.0.1:9050``, ``[::1]:9050`` or ``unix:/path``. One that listens everywhere is reached on loopback.
    :raises ProtocolViolation: it is none of these.
    """
    if listener.startswith("unix:"):
        return f"unix:{_quoted(listener[5:])}"
    host, port = parse_address_port(listener)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ProtocolViolation(f"Not a listener: {listener[:80]!r}") from None
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"tcp:{_quoted(host)}:{port}"


async def _listeners(protocol: TorControlProtocol) -> list[str]:
    return [endpoint_of_listener(each) for each in split_quoted((await protocol.send(GetInfo((_KEY,))))[_KEY])]


async def _wants_none(protocol: TorControlProtocol) -> bool:
    """
    Whether it is the configuration that there is no SocksPort. Without a word of it there is one, on 9050.
    """
    lines = (await protocol.send(GetConf(("SocksPort",))))["SocksPort"]
    return bool(lines) and all(line.split()[:1] == ["0"] for line in lines)


@deferred
async def find_socks_endpoint(protocol: TorControlProtocol, open_one: bool = False) -> str:
    """
    Where a Tor takes SOCKS: its first SocksPort, on TCP or on a unix socket.

    :param open_one: where the configuration wants none (``SocksPort 0``), have Tor open one on a port that it chooses. The log
        tells. What the configuration does want, and Tor has not opened, is left as it is.
    :return: an endpoint string.
    :raises SocksPortNotFound: there is none, and none was opened.
    """
    found = await _listeners(protocol)
    if not found and open_one and await _wants_none(protocol):
        _log.info("This Tor has no SocksPort: it is told to open one (SocksPort auto).")
        await protocol.send(SetConf([("SocksPort", "auto")]))
        found = await _listeners(protocol)
    if not found:
        why = TorError("Tor has no SocksPort open: it is 0, it could not be bound, or DisableNetwork is set.")
        raise SocksPortNotFound([(_KEY, why)])
    return found[0]


@implementer(IStreamClientEndpoint)
class LazySocksEndpoint:
    """
    The SocksPort of a Tor, which is asked for it when it is first connected to, and again when nothing listens there any more.

    :param open_one: where the configuration wants none, have Tor open one.
    """

    def __init__(self, reactor: object, protocol: TorControlProtocol, open_one: bool = True) -> None:
        self._reactor = reactor
        self._protocol = protocol
        self._open_one = open_one
        self._found: IStreamClientEndpoint | None = None

    def __repr__(self) -> str:
        return "<the SocksPort of a Tor>"

    @deferred
    async def connect(self, protocolFactory: IProtocolFactory) -> IProtocol:  # noqa: N803  # Twisted's
        """
        Connect to it.

        :raises SocksPortNotFound: there is none, and none was opened.
        """
        known = self._found
        if known is not None:
            try:
                return await known.connect(protocolFactory)
            except ConnectError:  # Tor may listen elsewhere by now
                if self._found is known:
                    self._found = None
        place = await find_socks_endpoint(self._protocol, self._open_one)
        self._found = client_endpoint(self._reactor, place)
        return await self._found.connect(protocolFactory)
