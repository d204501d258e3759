"""
A test on a private Tor network of real Tors, which trial starts and ends. It needs the program tor, and nothing else.

    python -m twisted.trial network_fixture.py
"""

from __future__ import annotations

from txtor import connect
from txtor.testing import TorNetworkTestCase


# begin tests
class CircuitTests(TorNetworkTestCase):
    """
    The network is started once for all tests of a run, and there is nothing left of it afterwards.
    """

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a coroutine as for a Deferred
        """
        Wait for the network, and follow one of its clients.
        """
        await super().setUp()
        tor = await connect(self.reactor, self.network.clients[0].control_endpoint)
        self.addCleanup(tor.close)
        self.state = await tor.create_state()
        self.addCleanup(self.state.close)

    async def test_circuit(self) -> None:
        """
        A circuit goes through the relays that were asked for.
        """
        path = [node.fingerprint for node in self.network.exits[:3]]
        circuit = await self.state.build_circuit([f"${fingerprint}" for fingerprint in path], purpose="controller")
        await circuit.when_built()
        self.assertEqual([router.fingerprint for router in circuit.path], path)
        await circuit.close()
# end tests
