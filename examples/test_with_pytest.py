"""
The private Tor network in pytest, as a fixture that needs no reactor.

    python -m pytest test_with_pytest.py
"""

from __future__ import annotations

import socket

from txtor.testing import NetworkView, NodeView

# begin tests
pytest_plugins = ["txtor.testing.pytest_plugin"]


def test_socks(tor_network: NetworkView[NodeView]) -> None:
    """
    A client of the network speaks SOCKS5.
    """
    port = tor_network.clients[0].socks_port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"\x05\x01\x00")
        assert connection.recv(2) == b"\x05\x00"
# end tests
