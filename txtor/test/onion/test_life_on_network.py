# -*- test-case-name: txtor.test.onion.test_life_on_network -*-
"""
What becomes of onion services that live long, on the private network: left behind by their connection, published again, moved.
"""

from __future__ import annotations

from txtor._deferred import deferred
from txtor.test.onion.test_on_network import OnNetworkCase, greeter
from txtor.test.serving import serve


class DetachedTests(OnNetworkCase):
    """
    Services that no connection has.
    """

    @deferred
    async def test_left_behind(self) -> None:
        """
        A detached service is visited when its connection has ended, found over another connection, and removed there; with its
        key it can be had again.
        """
        port = serve(self, greeter(b"detached"))
        maker = await self.controller(0)
        service = await maker.create_onion_service([(80, port)], detach=True)
        await maker.create_onion_service([80], wait="none")
        await maker.close()
        self.assertEqual(await self.visit(service.address), b"detached")
        (found,) = [each for each in await self.server.onion_services() if each.address == service.address]
        self.assertTrue(found.detached)
        self.assertNotIn(found.address, [each.address for each in await self.client.onion_services()])
        await found.remove()
        self.assertEqual([each.address for each in await self.server.onion_services() if each.address == service.address], [])
        await found.remove()
        again = await self.server.create_onion_service([(80, port)], service.private_key, wait="none")
        (found,) = [each for each in await self.server.onion_services() if each.address == service.address]
        self.assertFalse(found.detached)
        await found.remove()
        await again.remove()
