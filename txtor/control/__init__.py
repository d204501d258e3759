"""
The conversation with Tor: a `TorControlProtocol` on any transport, and how to find and open one.

See control-spec.
"""

from ._authenticate import Password
from ._connect import ControlEndpoint, IConnectReactor, default_cookie_file, default_places, find_control, open_control
from ._factory import TorProtocolFactory
from ._identity import Identity
from ._protocol import TorControlProtocol
from ._readiness import Readiness
from ._resolving import resolve
from ._socks_listener import LazySocksEndpoint, endpoint_of_listener, find_socks_endpoint

__all__ = [
    "ControlEndpoint",
    "IConnectReactor",
    "Identity",
    "LazySocksEndpoint",
    "Password",
    "Readiness",
    "TorControlProtocol",
    "TorProtocolFactory",
    "default_cookie_file",
    "default_places",
    "endpoint_of_listener",
    "find_control",
    "find_socks_endpoint",
    "open_control",
    "resolve",
]
