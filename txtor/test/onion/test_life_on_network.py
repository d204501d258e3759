# -*- test-case-name: txtor.test.onion.test_life_on_network -*-
"""
What becomes of onion services that live long, on the private network: left behind by their connection, published again, moved.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Coroutine
from datetime import datetime, timezone
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from txtor import connect
from txtor._deferred import deferred
from txtor.errors import ClientKeyNotAccepted, OnionPublishError
from txtor.onion import ClientAuthKey, OnionKey, make_onion_descriptor, write_authorized_client
from txtor.onion._configured import edit_services
from txtor.test.onion.test_on_network import PATIENCE, OnNetworkCase, greeter
from txtor.test.serving import serve

T = TypeVar("T")


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


class PartlyTests(OnNetworkCase):
    """
    Services that some directories do not take.
    """

    async def taken(self) -> tuple[OnionKey, str]:
        """
        A key, and a directory that will refuse its service: it has a descriptor with a higher revision already.
        """
        key = OnionKey.generate()
        holder = self.network.authorities[0].fingerprint
        assert holder is not None
        slot = (await self.server.onion_descriptor_slots()).for_clients
        newer = make_onion_descriptor(key, [], slot, datetime.now(timezone.utc), revision=1 << 60)
        report = await self.server.post_onion_descriptor(newer, key.address, servers=[holder])
        self.assertEqual(report.holding, {holder})
        return key, holder

    async def in_one_period(self, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """
        What an attempt gave during which clients asked for one descriptor all the time: nobody refuses that of the next period.
        """
        while True:
            before = (await self.server.onion_descriptor_slots()).for_clients
            found = await attempt()
            if (await self.server.onion_descriptor_slots()).for_clients == before:
                return found

    async def enough(self, wait: str) -> int:
        """
        Publish a service that enough directories take. When all have answered one of them has refused, or none where the period
        has ended meanwhile.

        :return: of how many replicas one refused.
        """
        key, holder = await self.taken()
        service = await self.server.create_onion_service([80], key, wait=wait)
        while service.report.wanted.open:  # the answers of the others
            await deferLater(self.reactor, 0.05)
        report = service.report
        await service.remove()
        self.assertIn(report.wanted.refusing, ({holder: "UPLOAD_REJECTED"}, {}))
        return [holder in each.refusing for each in report.replicas].count(True)

    async def not_enough(self) -> bool:
        """
        Publish a service that all directories shall take.

        :return: whether the one that refused made it fail.
        """
        key, holder = await self.taken()
        try:
            service = await self.server.create_onion_service([80], key, wait="all")
        except OnionPublishError as error:
            self.assertEqual(error.reasons, {holder: "UPLOAD_REJECTED"})
            return True
        await service.remove()
        return False

    @deferred
    async def test_refused_by_one(self) -> None:
        """
        One directory refuses: that is no matter to who waits for most of them or for one of each replica, and the report says
        it; to who waits for all, the error does, and nothing is left.
        """
        for wait in ("majority", "replicas"):
            self.assertEqual(await self.in_one_period(partial(self.enough, wait)), 1)
        self.assertTrue(await self.in_one_period(self.not_enough))
        self.assertEqual(await self.server.onion_services(), ())


class AgainTests(OnNetworkCase):
    """
    Services that are published again.
    """

    @deferred
    async def test_heard(self) -> None:
        """
        Somebody else lets in another client, so that Tor publishes the service again: who listens hears it, and the report
        follows each descriptor and each replica.
        """
        folder = tempfile.mkdtemp(dir=self.network.clients[0].data_directory)
        self.addCleanup(shutil.rmtree, folder)
        service = await self.server.create_filesystem_onion_service([80], f"{folder}/one", wait="all")
        report = service.report
        self.assertEqual([bool(each.holding) and each.holding == each.announced for each in report.replicas], [True, True])
        self.assertEqual(report.replicas[0].holding | report.replicas[1].holding, report.wanted.holding)
        self.assertEqual(len(report.descriptors), 2)
        words: list[tuple[int, str]] = []
        renewed: Deferred[None] = Deferred()

        def progress(percent: int, word: str, sentence: str) -> None:
            words.append((percent, word))
            if word.endswith("republished") and not renewed.called:
                renewed.callback(None)

        service.add_progress_listener(progress)
        await deferLater(self.reactor, 2.0)  # in the same second it would be refused
        friend = ClientAuthKey.generate()
        write_authorized_client(service.directory, "friend", friend.public_key)
        other = await self.controller(0)
        await edit_services(other.protocol, service.directory, lambda block: block)
        await renewed.addTimeout(PATIENCE, self.reactor)
        self.assertEqual((words[0], words[-1]), ((100, "upload_started"), (100, "republished")))
        holders = sorted(service.report.wanted.holding)[:1]
        self.assertTrue((await self.client.get_onion_descriptor(service.address, friend, servers=holders)).authorized)
        await service.remove()

    @deferred
    async def test_other_clients(self) -> None:
        """
        A service with files lets in other clients, and it has taken effect when that is said: who was let in before is out.
        """
        folder = tempfile.mkdtemp(dir=self.network.clients[0].data_directory)
        self.addCleanup(shutil.rmtree, folder)
        friend, other = ClientAuthKey.generate(), ClientAuthKey.generate()
        service = await self.server.create_filesystem_onion_service(
            [(80, greeter(b"files"))], f"{folder}/one", clients={"friend": friend.public_key}, wait="all"
        )
        report = await service.set_clients({"other": other.public_key})
        self.assertEqual(report.wanted.refusing, {})
        holders = sorted(report.wanted.holding)[:1]
        content = await self.client.get_onion_descriptor(service.address, other, servers=holders)
        self.assertTrue(content.authorized)
        await self.assertFailure(self.client.get_onion_descriptor(service.address, friend, servers=holders), ClientKeyNotAccepted)
        async with self.client.onion_authentication(service.address, other):
            self.assertEqual(await self.visit(service.address), b"files")
        await service.remove()


class MovingTests(OnNetworkCase):
    """
    From one Tor to another.
    """

    @deferred
    async def test_moved(self) -> None:
        """
        A service moves to another Tor: visitors come to the same address and the same server, also those who came before, when
        their Tor forgets the way. Nothing of it is left on the first one.
        """
        there = await connect(self.reactor, self.network.exits[0].control_endpoint)
        self.addCleanup(there.close)
        service = await self.server.create_onion_service([(80, greeter(b"moved"))])
        self.assertEqual(await self.visit(service.address), b"moved")
        moved = await service.move_to(there)
        self.assertEqual((moved.address, moved.ports), (service.address, service.ports))
        self.assertEqual((moved.report.wanted.open, moved.report.wanted.refusing), (frozenset(), {}))
        self.assertEqual([await tor.protocol.get_info_single("onions/current") for tor in (self.server, there)],
                         ["", service.address.bare])  # fmt: skip
        await self.client.protocol.signal("NEWNYM")
        self.assertEqual(await self.visit(service.address), b"moved")
        await moved.remove()

    @deferred
    async def test_directory(self) -> None:
        """
        The directory of a service with files is handed over to another Tor: the address stays.
        """
        folder = tempfile.mkdtemp(dir=self.network.clients[0].data_directory)
        self.addCleanup(shutil.rmtree, folder)
        there = await connect(self.reactor, self.network.exits[0].control_endpoint)
        self.addCleanup(there.close)
        port = serve(self, greeter(b"files"))
        service = await self.server.create_filesystem_onion_service([(80, port)], f"{folder}/one")
        await service.remove()
        await deferLater(self.reactor, 2.0)  # in the same second it would be refused
        moved = await there.create_filesystem_onion_service([(80, port)], f"{folder}/one", wait="all")
        self.assertEqual(moved.address, service.address)
        self.assertEqual(await self.visit(moved.address), b"files")
        await moved.remove()
