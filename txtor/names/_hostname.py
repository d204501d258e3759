# -*- test-case-name: txtor.test.names.test_hostname -*-
"""
What a reactor asks for the address of a host: ``reactor.installNameResolver(TorHostnameResolver(...))``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorTCP,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txtor.errors import InvalidArgument, SocksError
from txtor.socks import AnyIsolation, as_endpoint, resolve


@implementer(IHostnameResolver)
class TorHostnameResolver:
    """
    Asks Tor for the addresses of hosts, over SOCKS.

    Tor gives one address for a name. The Interface has no way to tell a receiver why there is none: a name that cannot be looked
    up completes without an address, and the reason goes to the log.
    """

    _log = Logger()

    def __init__(
        self,
        socks_endpoint: IStreamClientEndpoint | str,
        isolation: AnyIsolation = None,
        reactor: IReactorTCP | None = None,
    ) -> None:
        """
        :param socks_endpoint: where the SocksPort is: an endpoint, or its string. It must not itself need this resolver: let it
            be an address or a unix socket.
        :param isolation: with which connections the look-ups may share a circuit.
        :param reactor: needed if ``socks_endpoint`` is a string.
        :raises InvalidArgument: an argument cannot be used.
        """
        self._socks_endpoint = as_endpoint(socks_endpoint, reactor)
        self._isolation = isolation

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803  # Twisted's names
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        """
        Look a host up; see Twisted's `IHostnameResolver`.

        :return: the look-up, which can be cancelled; it is then complete.
        """
        look_up = self._look_up(hostName)
        resolution = _Resolution(hostName, look_up)
        resolutionReceiver.resolutionBegan(resolution)

        transport: Literal["TCP", "UDP"] = "UDP" if transportSemantics == "UDP" else "TCP"

        def found(address: str) -> None:
            kind = IPv6Address if isIPv6Address(address) else IPv4Address
            if addressTypes is None or kind in addressTypes:
                resolutionReceiver.addressResolved(kind(transport, address, portNumber))

        def not_found(failure: Failure) -> None:
            failure.trap(CancelledError, SocksError, InvalidArgument)
            self._log.debug("Tor found no address for {name!r}: {error}", name=hostName, error=failure.value)

        look_up.addCallback(_address)
        look_up.addCallbacks(found, not_found)
        look_up.addErrback(lambda failure: self._log.failure("A look-up or its receiver failed", failure))
        look_up.addCallback(lambda _: resolutionReceiver.resolutionComplete())
        return resolution

    def _look_up(self, host: str) -> Deferred[str]:
        """
        Ask Tor, unless the host is an address or cannot be a host.
        """
        if isIPAddress(host) or isIPv6Address(host):
            return succeed(host)
        try:
            return resolve(self._socks_endpoint, host, isolation=self._isolation)
        except InvalidArgument as error:
            failed: Deferred[str] = Deferred()
            failed.errback(error)
            return failed


def _address(answer: str) -> str:
    """
    The answer, which should be an address and not another name.
    """
    if not isIPAddress(answer) and not isIPv6Address(answer):
        raise SocksError(f"Tor answered with a name instead of an address: {answer[:80]!r}")
    return answer


@implementer(IHostResolution)
class _Resolution:
    """
    A look-up that is under way.
    """

    def __init__(self, name: str, look_up: Deferred[str]) -> None:
        self.name = name
        self._look_up = look_up

    def cancel(self) -> None:
        """
        Stop it, and close its connection.
        """
        self._look_up.cancel()
