"""
SOCKS5 with Tor's extensions: connections and name look-ups through the SocksPort of a Tor.

`IsolationToken` and `Isolation` say which connections may share a circuit. See RFC 1928, RFC 1929 and Tor's socks-extensions.
"""

from txtor.errors import (
    AddressTypeNotSupportedError,
    CommandNotSupportedError,
    ConnectionNotAllowedError,
    ConnectionRefusedError,  # noqa: A004  # the name that programs know from txtorcon
    GeneralServerFailureError,
    HostUnreachableError,
    NetworkUnreachableError,
    SocksError,
    TtlExpiredError,
)

from ._endpoint import TorSocksEndpoint, as_endpoint, resolve, resolve_ptr
from ._hosts import Target, parse_target
from ._isolation import AnyIsolation, Isolation, IsolationToken

__all__ = [
    "AddressTypeNotSupportedError",
    "AnyIsolation",
    "CommandNotSupportedError",
    "ConnectionNotAllowedError",
    "ConnectionRefusedError",
    "GeneralServerFailureError",
    "HostUnreachableError",
    "Isolation",
    "IsolationToken",
    "NetworkUnreachableError",
    "SocksError",
    "Target",
    "TorSocksEndpoint",
    "TtlExpiredError",
    "as_endpoint",
    "parse_target",
    "resolve",
    "resolve_ptr",
]
