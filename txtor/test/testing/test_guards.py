# -*- test-case-name: txtor.test.testing.test_guards -*-
"""
Guards that a test leaves unreachable do not keep the next one waiting.
"""

from __future__ import annotations

from txtor import Tor, connect
from txtor.testing import TorNetworkTestCase
from txtor.testing._guards import restore_guards


class GuardTests(TorNetworkTestCase):
    """
    `restore_guards`, on a client of the network.
    """

    async def statuses(self, tor: Tor) -> set[str]:
        """
        How the client finds its guards.
        """
        return {line.split()[1] for line in (await tor.protocol.get_info_single("entry-guards")).splitlines()}

    async def test_restored(self) -> None:
        """
        A service that goes before its circuits had their first relay makes the client give up a guard; it has it back.
        """
        async with await connect(self.reactor, self.network.clients[0].control_endpoint) as tor:
            self.assertNotIn("down", await self.statuses(tor))
            for _ in range(50):
                service = await tor.create_onion_service([(80, 9)], wait="none")
                await tor.protocol.get_info_single("version")  # one turn of Tor's, in which it launches circuits
                await service.remove()
                if "down" in await self.statuses(tor):
                    break
            self.assertIn("down", await self.statuses(tor))
            await restore_guards(self.reactor, self.network.clients)
            self.assertNotIn("down", await self.statuses(tor))
            state = await tor.create_state()
            circuit = await (await state.build_circuit()).when_built()
            await circuit.close()
            await state.close()
