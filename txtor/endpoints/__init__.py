"""
Endpoints that go through Tor, and their strings.

Twisted imports this part whenever it looks for string parsers, in every program where txtor is installed. So nothing else is
imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._client_string import TorClientStringParser
from ._server_string import OnionServerStringParser

if TYPE_CHECKING:
    from ._client import TorClientEndpoint
    from ._guess import GuessedSocksEndpoint
    from ._server import OnionServerEndpoint

#: Where each public name is found when it is first used.
_HOMES = {"GuessedSocksEndpoint": "._guess", "OnionServerEndpoint": "._server", "TorClientEndpoint": "._client"}

__all__ = [
    "GuessedSocksEndpoint",
    "OnionServerEndpoint",
    "OnionServerStringParser",
    "TorClientEndpoint",
    "TorClientStringParser",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'txtor.endpoints' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
