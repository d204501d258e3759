# -*- test-case-name: txtor.test.socks.test_endpoint -*-
"""
The endpoint that connects through a SOCKS server, and name look-ups through one.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, wrapClientTLS
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IReactorTCP,
    IStreamClientEndpoint,
)
from zope.interface import implementer

from txtor.errors import InvalidArgument

from ._connecting import Connection, LookUp
from ._hosts import Target, parse_address, parse_host, parse_target
from ._isolation import AnyIsolation, isolating_credentials
from ._messages import Command, Credentials


@implementer(IStreamClientEndpoint)
class TorSocksEndpoint:
    """
    A host and a port, reached through the SocksPort of a Tor.

    After the handshake the protocol owns the transport: nothing of txtor is between them. Cancelling ``connect``, as
    ``addTimeout`` does, closes the connection to the SOCKS server. The name is looked up by Tor and never by this machine.
    """

    def __init__(
        self,
        socks_endpoint: IStreamClientEndpoint | str,
        host: str | bytes,
        port: int,
        tls: bool | IOpenSSLClientConnectionCreator = False,
        *,
        isolation: AnyIsolation = None,
        username: str | bytes | None = None,
        password: str | bytes | None = None,
        reactor: IReactorTCP | None = None,
    ) -> None:
        """
        :param socks_endpoint: where the SocksPort is, on TCP or on a unix socket: an endpoint, or its string.
        :param host: a name in any script, or an IPv4 or IPv6 address.
        :param port: 1 to 65535.
        :param tls: whether to speak TLS and verify that the certificate is the host's; or a connection creator that
            verifies otherwise.
        :param isolation: with which connections this one may share a circuit; see `IsolationToken`.
        :param username: what to authenticate with, at most 255 bytes, instead of an isolation. Tor takes any, and isolates
            by it.
        :param password: what belongs to the user name; at most 255 bytes, empty if it is not given.
        :param reactor: needed if ``socks_endpoint`` is a string.
        :raises InvalidArgument: an argument cannot be used. Nothing was sent.
        """
        self._target = parse_target(host, port)
        self._socks_endpoint = as_endpoint(socks_endpoint, reactor)
        self._isolation = isolation
        self._credentials = _credentials(isolation, username, password)
        isolating_credentials(isolation, "", 0)  # a wrong one is refused now, and not when it is first used
        self._tls = _verifier(tls, self._target)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803  # Twisted's
        """
        Connect. This may be called again, and at the same time.

        :param protocolFactory: its ``buildProtocol`` is called when the other side is there, with the address asked for.
        :return: a Deferred that fires with the protocol, connected.
        :raises SocksError: in the Deferred; a subclass for each cause.
        """
        if self._tls is not None:
            return wrapClientTLS(self._tls, _Plain(self)).connect(protocolFactory)
        return self.connect_plain(protocolFactory)

    def connect_plain(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Connect without TLS, whatever ``tls`` says.
        """
        target = self._target
        credentials = self._credentials or isolating_credentials(self._isolation, target.host, target.port)
        return Connection(target, credentials, factory).start(self._socks_endpoint)


@implementer(IStreamClientEndpoint)
class _Plain:
    """
    The same without TLS: what TLS goes over.
    """

    def __init__(self, endpoint: TorSocksEndpoint) -> None:
        self._endpoint = endpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803  # Twisted's
        return self._endpoint.connect_plain(protocolFactory)


def resolve(
    socks_endpoint: IStreamClientEndpoint | str,
    hostname: str | bytes,
    *,
    isolation: AnyIsolation = None,
    reactor: IReactorTCP | None = None,
) -> Deferred[str]:
    """
    Ask Tor for the address of a host.

    :param socks_endpoint: as for `TorSocksEndpoint`.
    :param hostname: a name in any script; an address is answered with itself.
    :param isolation: with which connections this look-up may share a circuit.
    :param reactor: needed if ``socks_endpoint`` is a string.
    :return: a Deferred that fires with *one* address, IPv4 or IPv6, as the exit chose.
    :raises InvalidArgument: an argument cannot be used. Nothing was sent.
    :raises SocksError: in the Deferred: `HostUnreachableError` where there is no such name.

    See socks-extensions, Name lookup.
    """
    return _look_up(Command.RESOLVE, socks_endpoint, parse_host(hostname), isolation, reactor)


def resolve_ptr(
    socks_endpoint: IStreamClientEndpoint | str,
    ip: str | bytes,
    *,
    isolation: AnyIsolation = None,
    reactor: IReactorTCP | None = None,
) -> Deferred[str]:
    """
    Ask Tor for the name of an address.

    :param socks_endpoint: as for `TorSocksEndpoint`.
    :param ip: an IPv4 or IPv6 address.
    :param isolation: with which connections this look-up may share a circuit.
    :param reactor: needed if ``socks_endpoint`` is a string.
    :return: a Deferred that fires with the name. It is what the owner of the address says, and may be anything.
    :raises InvalidArgument: an argument cannot be used. Nothing was sent.
    :raises SocksError: in the Deferred: `HostUnreachableError` where the address has no name.

    See socks-extensions, Name lookup.
    """
    return _look_up(Command.RESOLVE_PTR, socks_endpoint, parse_address(ip), isolation, reactor)


def _look_up(
    command: Command,
    socks_endpoint: IStreamClientEndpoint | str,
    target: Target,
    isolation: AnyIsolation,
    reactor: IReactorTCP | None,
) -> Deferred[str]:
    credentials = isolating_credentials(isolation, target.host, target.port)
    return LookUp(command, target, credentials).start(as_endpoint(socks_endpoint, reactor))


def as_endpoint(endpoint: IStreamClientEndpoint | str, reactor: IReactorTCP | None = None) -> IStreamClientEndpoint:
    """
    A client endpoint from what a caller gave.

    :param endpoint: an endpoint, or a string such as ``"tcp:127.0.0.1:9050"`` or ``"unix:/run/tor/socks"``.
    :param reactor: needed for a string.
    :raises InvalidArgument: it is neither, or a string that cannot be read, or one without a reactor.
    """
    if not isinstance(endpoint, str):
        if not IStreamClientEndpoint.providedBy(endpoint):
            raise InvalidArgument(f"Not a client endpoint or its string: {endpoint!r:.80}")
        return endpoint
    if reactor is None:
        raise InvalidArgument(f"The endpoint string {endpoint[:80]!r} needs reactor= as well.")
    try:
        made: IStreamClientEndpoint = clientFromString(reactor, endpoint)
    except (ValueError, TypeError, KeyError, IndexError) as error:  # what Twisted's and others' parsers raise for bad strings
        raise InvalidArgument(f"Not the string of a client endpoint: {endpoint[:80]!r} ({error})") from None
    return made


def _credentials(
    isolation: AnyIsolation, username: str | bytes | None, password: str | bytes | None
) -> Credentials | None:
    if username is None:
        if password is not None:
            raise InvalidArgument("A SOCKS password needs a user name.")
        return None
    if isolation is not None:
        raise InvalidArgument("A SOCKS user name and an isolation are the same to Tor: give one of them.")
    return Credentials(_encode(username, "user name"), _encode(password or b"", "password"))


def _encode(value: str | bytes, what: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise InvalidArgument(f"A SOCKS {what} must be text or bytes, not {type(value).__name__}.")
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidArgument(f"A SOCKS {what} cannot hold a lone surrogate.") from None


def _verifier(
    tls: bool | IOpenSSLClientConnectionCreator, target: Target
) -> IOpenSSLClientConnectionCreator | None:
    """
    What makes the TLS connection, or ``None`` where there is to be none.
    """
    if tls is False:
        return None
    if tls is not True:
        if not IOpenSSLClientConnectionCreator.providedBy(tls):
            raise InvalidArgument(f"tls must be True, False or a connection creator, not {tls!r:.80}.")
        return tls
    from twisted.internet.ssl import optionsForClientTLS  # cryptography is heavy, and most do without

    try:
        creator: IOpenSSLClientConnectionCreator = optionsForClientTLS(target.host)
    except ValueError as error:  # UnicodeError among them: a name that no certificate can hold
        raise InvalidArgument(f"No certificate can be verified for {target.host[:80]!r}: {error}") from None
    return creator
