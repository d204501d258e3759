"""
A Tor that a test launches for itself, as one more client of the private network.
"""

from __future__ import annotations

from txtor.testing import NetworkView, NodeView


def client_options(network: NetworkView[NodeView], *more: tuple[str, str]) -> list[tuple[str, str]]:
    """
    The options of a client of the network, for `txtor.launch`.

    :param more: further options.
    """
    lines = [line.partition(" ") for line in network.clients[0].read("torrc").splitlines()]
    authorities = [(name, value) for name, _, value in lines if name == "DirAuthority"]
    assert authorities, "The client's torrc names no authorities."
    # Loopback is so fast that tor would learn to give circuits up after milliseconds; tables of countries take it a second.
    fixed = [("LearnCircuitBuildTimeout", "0"), ("GeoIPFile", "/dev/null"), ("GeoIPv6File", "/dev/null")]
    return [("TestingTorNetwork", "1"), *fixed, *authorities, *more]
