"""
The Twisted library for Tor.

Begin with `connect`, which gives a `Tor`. Nothing heavy is imported before it is used, and no reactor is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txtor._version import __version__

if TYPE_CHECKING:
    from txtor._tor import Tor, connect, launch
    from txtor.config import TorConfig
    from txtor.control import TorControlProtocol, TorProtocolFactory
    from txtor.fleet import Fleet
    from txtor.onion import DISCARD, EphemeralOnionService
    from txtor.service import TorService
    from txtor.state import Circuit, PathRules, Router, Stream, TorState

#: Where each public name is found when it is first used.
_HOMES = {
    "DISCARD": "txtor.onion",
    "EphemeralOnionService": "txtor.onion",
    "Circuit": "txtor.state",
    "Fleet": "txtor.fleet",
    "PathRules": "txtor.state",
    "Router": "txtor.state",
    "Stream": "txtor.state",
    "TorState": "txtor.state",
    "Tor": "txtor._tor",
    "TorConfig": "txtor.config",
    "TorControlProtocol": "txtor.control",
    "TorProtocolFactory": "txtor.control",
    "TorService": "txtor.service",
    "connect": "txtor._tor",
    "launch": "txtor._tor",
}

__all__ = [
    "DISCARD",
    "Circuit",
    "EphemeralOnionService",
    "Fleet",
    "PathRules",
    "Router",
    "Stream",
    "Tor",
    "TorConfig",
    "TorControlProtocol",
    "TorProtocolFactory",
    "TorService",
    "TorState",
    "__version__",
    "connect",
    "launch",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'txtor' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
