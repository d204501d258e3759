# -*- test-case-name: txtor.test.balance.test_on_network -*-
"""
A front end on the private network, its back ends on two Tors, and a visitor on a third.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile

from twisted.internet.protocol import Factory

from txtor import Tor, launch
from txtor._deferred import deferred
from txtor.balance import OnionBalancer, connects_to
from txtor.errors import Disconnected
from txtor.onion import FilesystemOnionService, OnionKey
from txtor.socks import IsolationToken
from txtor.test.onion.test_on_network import PATIENCE, OnNetworkCase, greeter
from txtor.test.serving import Reader
from txtor.test.socks.own_client import client_options

#: How often the address is visited until both back ends have answered. That it takes more has the chance of two to minus 39.
VISITS = 40


class BalancerTests(OnNetworkCase):
    """
    `OnionBalancer`, and real back ends.
    """

    async def second_tor(self) -> Tor:
        """
        A Tor that can die. It is as quick to learn of new consensuses as the others.
        """
        early = [("FetchDirInfoEarly", "1"), ("FetchDirInfoExtraEarly", "1")]
        tor = await launch(self.reactor, config=client_options(self.network, *early), timeout=PATIENCE)
        self.addCleanup(tor.quit)
        return tor

    async def back_end(self, tor: Tor, front: OnionKey, text: str) -> FilesystemOnionService:
        """
        A back end that says who it is.
        """
        ports = [(80, greeter(text.encode()))]
        directory = f"{self.folder}/{text}"
        service = await tor.create_filesystem_onion_service(ports, directory, balanced_for=front.address, wait="all")

        @deferred
        async def remove() -> None:
            with contextlib.suppress(Disconnected):  # its Tor has died
                await service.remove()

        self.addCleanup(remove)
        return service

    async def visit_anew(self, front: OnionKey) -> bytes:
        """
        Visit the front end by circuits of its own, and hear who answers.
        """
        endpoint = self.client.stream_via(front.address.hostname, 80, isolation=IsolationToken.new())
        reader = await endpoint.connect(Factory.forProtocol(Reader)).addTimeout(PATIENCE, self.reactor)
        assert isinstance(reader, Reader)
        return await reader.done.addTimeout(PATIENCE, self.reactor)

    async def who_answers(self, front: OnionKey, everybody: set[bytes]) -> set[bytes]:
        """
        Visit until all have answered that are said to.
        """
        heard: set[bytes] = set()
        for _ in range(VISITS):
            heard.add(await self.visit_anew(front))
            if heard >= everybody:
                break
        return heard

    @deferred
    async def test_balanced(self) -> None:
        """
        Both back ends answer at the address of the front end. When the Tor of one has died it is left out, and the other one
        answers; when it is there again it is taken in again.
        """
        front = OnionKey.generate()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        second = await self.second_tor()
        one = await self.back_end(self.server, front, "one")
        two = await self.back_end(second, front, "two")
        balancer = OnionBalancer(
            self.reactor,
            self.server,
            front,
            [one.address, two.address],
            check=connects_to(80),
            interval=3600,
            timeout=10,
        )
        self.addCleanup(balancer.stopService)
        balancer.startService()
        health = await balancer.when_published()
        assert health.for_clients is not None and health.other is not None
        self.assertEqual([health.for_clients.lacking, health.other.lacking], [frozenset()] * 2)
        holder = sorted(health.for_clients.holding)[:1]
        content = await self.client.get_onion_descriptor(front.address, servers=holder)
        self.assertEqual(len(content.introduction_points), health.for_clients.introduction_points)
        relays = {each.fingerprint for each in content.introduction_points}
        self.assertEqual(len(relays), len(content.introduction_points))
        self.assertEqual(await self.who_answers(front, {b"one", b"two"}), {b"one", b"two"})

        await second.quit()
        health = await balancer.refresh()
        self.assertEqual([each.is_used for each in health.back_ends.values()], [True, False])
        assert health.for_clients is not None
        self.assertEqual((health.for_clients.introduction_points, health.for_clients.lacking), (3, frozenset()))
        # Relays may acknowledge introductions for a while after a service died: who has the descriptor of before may wait.
        await self.client.new_identity()
        self.assertEqual([await self.visit_anew(front) for _ in range(4)], [b"one"] * 4)

        await self.back_end(await self.second_tor(), front, "two")
        health = await balancer.refresh()
        self.assertEqual([each.is_used for each in health.back_ends.values()], [True, True])
        assert health.for_clients is not None
        holder = sorted(health.for_clients.holding)[:1]
        content = await self.client.get_onion_descriptor(front.address, servers=holder)
        again = {each.auth_key for each in content.introduction_points}
        for back_end in (one, two):
            theirs = await self.client.get_onion_descriptor(back_end.address, servers=holder)
            self.assertTrue(again & {each.auth_key for each in theirs.introduction_points})
