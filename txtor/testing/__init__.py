"""
For tests of txtor and of programs that use it.

A public name is imported when it is first used: the private network needs nothing of what it tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._case import TorNetworkTestCase
    from ._fake_tor import FakeConnection, FakeTor
    from ._network import TorNetwork
    from ._network_view import NetworkView, NodeView, attach
    from ._node import TorNode
    from ._shared import shared_network
    from ._transitions import EveryTransition, Transitions

#: Where each public name is found when it is first used.
_HOMES = {
    "EveryTransition": "_transitions",
    "FakeConnection": "_fake_tor",
    "FakeTor": "_fake_tor",
    "NetworkView": "_network_view",
    "NodeView": "_network_view",
    "TorNetwork": "_network",
    "TorNetworkTestCase": "_case",
    "TorNode": "_node",
    "Transitions": "_transitions",
    "attach": "_network_view",
    "shared_network": "_shared",
}

__all__ = [
    "EveryTransition",
    "FakeConnection",
    "FakeTor",
    "NetworkView",
    "NodeView",
    "TorNetwork",
    "TorNetworkTestCase",
    "TorNode",
    "Transitions",
    "attach",
    "shared_network",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'txtor.testing' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"txtor.testing.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
