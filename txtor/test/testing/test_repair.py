# -*- test-case-name: txtor.test.testing.test_repair -*-
"""
What a test leaves behind in a client of the network does not keep the next one waiting.
"""

from __future__ import annotations

from txtor import Tor, connect
from txtor.testing import TorNetworkTestCase
from txtor.testing._repair import repair


class RepairTests(TorNetworkTestCase):
    """
    `repair`, on a client of the network.
    """

    async def guards(self, tor: Tor) -> set[str]:
        """
        How the client finds its guards.
        """
        return {line.split()[1] for line in (await tor.protocol.get_info_single("entry-guards")).splitlines()}

    async def test_guards(self) -> None:
        """
        A service that goes before its circuits had their first relay makes the client give up a guard; it has it back.
        """
        async with await connect(self.reactor, self.network.clients[0].control_endpoint) as tor:
            self.assertNotIn("down", await self.guards(tor))
            for _ in range(50):
                service = await tor.create_onion_service([(80, 9)], wait="none")
                await tor.protocol.get_info_single("version")  # one turn of Tor's, in which it launches circuits
                await service.remove()
                if "down" in await self.guards(tor):
                    break
            self.assertIn("down", await self.guards(tor))
            await repair(self.reactor, self.network.clients)
            guards = await self.guards(tor)
            self.assertTrue(guards)
            self.assertNotIn("down", guards)
            state = await tor.create_state()
            circuit = await (await state.build_circuit()).when_built()
            await circuit.close()
            await state.close()

    async def test_streams(self) -> None:
        """
        A controller has gone and left the streams to nobody.
        """
        option = "__LeaveStreamsUnattached"
        async with await connect(self.reactor, self.network.clients[0].control_endpoint) as tor:
            await tor.protocol.set_conf(option, "1")
            await repair(self.reactor, self.network.clients)
            self.assertEqual(await tor.protocol.get_conf_single(option), "0")
