# -*- test-case-name: txtor.test.onion.test_on_tor -*-
"""
The values of onion services against real Tors: what Tor makes is read and foretold, what txtor makes is taken.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timedelta, timezone

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint, clientFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater

from txtor import Tor, connect
from txtor._deferred import deferred
from txtor.commands import HsFetch, HsPost
from txtor.directory import Microdescriptor, RouterStatus, encoding
from txtor.errors import ClientAuthorizationNeeded, ClientKeyNotAccepted, InvalidDescriptor
from txtor.events import HSDescContentEvent, HSDescEvent
from txtor.onion import (
    ClientAuthKey,
    DescriptorSlots,
    HashRing,
    OnionDescriptor,
    OnionKey,
    OnionTiming,
    UploadNews,
    UploadStarted,
    WaitFor,
    descriptor_slots,
    make_onion_descriptor,
    revision_counter,
    select_hsdirs,
    service_index,
    upload_news,
)
from txtor.onion._publication import Core, Expected, Published, Unpublished, new_publication
from txtor.onion._ring import divide_directories
from txtor.socks import TorSocksEndpoint
from txtor.test.serving import Reader
from txtor.testing import TorNetworkTestCase

#: Longer than any of this takes, in seconds.
PATIENCE = 60

#: Longer than one of the tests takes, in seconds.
MARGIN = 12


class Greeter(Protocol):
    """
    What the services serve.
    """

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"behind the onion")
        self.transport.loseConnection()


class OnTorTests(TorNetworkTestCase):
    """
    One Tor has the services, another one asks for them.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for the Deferred, and its stubs do not know
        """
        Connect to two clients of the network, let them agree on the time, and listen to what one of them uploads.
        """
        await super().setUp()
        self.server = await self.controller(0)
        self.client = await self.controller(1)
        await self.agree()
        self.news: list[UploadNews] = []
        self.indexes: dict[str, str] = {}
        await self.server.protocol.add_event_listener("HS_DESC", self.hear)

    async def controller(self, number: int) -> Tor:
        """
        A connection to one of the network's clients, closed at the end.
        """
        tor = await connect(self.reactor, self.network.clients[number].control_endpoint)
        self.addCleanup(tor.close)
        return tor

    def hear(self, event: HSDescEvent) -> None:
        """
        Keep what is said of uploads.
        """
        news = upload_news(event)
        if news is not None:
            self.news.append(news)
        if isinstance(news, UploadStarted) and event.index is not None:
            self.indexes[news.directory] = event.index.upper()

    async def slots(self, tor: Tor | None = None, seconds: float | None = None) -> DescriptorSlots:
        """
        The two descriptors that services of the network have now.

        :param tor: whose consensus tells the time; the server's by default.
        :param seconds: take the clock for the time instead, and so much later.
        """
        told = await (tor or self.server).protocol.get_info(
            "consensus/valid-after", "consensus/fresh-until", "sr/previous", "sr/current"
        )
        valid_after = encoding.time(told["consensus/valid-after"])
        timing = OnionTiming.of_consensus(valid_after, encoding.time(told["consensus/fresh-until"]), {}, testing=True)
        previous, current = (b64decode(told[key]) or None for key in ("sr/previous", "sr/current"))
        when = valid_after if seconds is None else datetime.now(timezone.utc) + timedelta(seconds=seconds)
        return descriptor_slots(when, previous, current, timing)

    async def agree(self) -> None:
        """
        Wait until both Tors have a consensus of this period and shared random value, and neither ends in the next moments.

        Clients keep a consensus for a long time, compared with the four minutes that a period of this network lasts; these
        two are told to be early.
        """
        for tor in (self.server, self.client):
            await tor.protocol.set_conf("FetchDirInfoEarly", "1", "FetchDirInfoExtraEarly", "1")
        for _ in range(2 * PATIENCE):
            views = [await self.slots(self.server), await self.slots(self.client), await self.slots(seconds=0)]
            views.append(await self.slots(seconds=MARGIN))
            if len({(each.first.period, each.first.run_start, each.for_clients.period) for each in views}) == 1:
                return
            await deferLater(self.reactor, 0.5)
        self.fail(f"The two Tors do not agree: {views}")

    async def publish(self, key: OnionKey, arguments: str = "Port=80,127.0.0.1:9", flags: str = "DiscardPK") -> None:
        """
        Make a service of this connection and wait until all directories have the descriptor that clients ask for.
        """
        await self.server.protocol.queue_command(f"ADD_ONION {key.blob} Flags={flags} {arguments}")
        slots = await self.slots()
        wanted = encoding.unpadded(key.blind(slots.for_clients.period).public_key)
        core = Core(WaitFor.ALL)
        machine = new_publication(core)
        machine.named(Expected(key.address.bare, wanted))
        taken = 0
        for _ in range(PATIENCE * 10):
            for news in self.news[taken:]:
                machine.heard(news)
            taken = len(self.news)
            ends = [effect for effect in core.drain() if isinstance(effect, (Published, Unpublished))]
            if ends:
                self.assertIsInstance(ends[0], Published, ends)
                return
            await deferLater(self.reactor, 0.1)
        self.fail(f"{key.address} was not published: {self.news}")

    async def fetch(self, address: str, servers: list[str]) -> OnionDescriptor:
        """
        Have the client fetch a descriptor from certain directories.
        """
        came: Deferred[bytes] = Deferred()

        def content(event: HSDescContentEvent) -> None:
            if event.address == address and event.descriptor and not came.called:
                came.callback(event.descriptor)

        await self.client.protocol.add_event_listener("HS_DESC_CONTENT", content)
        await self.client.protocol.send(HsFetch(address, servers))
        came.addTimeout(PATIENCE, self.reactor)
        descriptor = OnionDescriptor.parse(await came)
        await self.client.protocol.remove_event_listener("HS_DESC_CONTENT", content)
        return descriptor

    def holders(self, key: OnionKey, slots: DescriptorSlots) -> list[str]:
        """
        The directories to which the descriptor was uploaded that clients ask for.
        """
        wanted = encoding.unpadded(key.blind(slots.for_clients.period).public_key)
        return [each.directory for each in self.news if isinstance(each, UploadStarted) and each.descriptor_id == wanted]

    async def test_descriptor_of_tor(self) -> None:
        """
        A service's descriptor is fetched, verified and decrypted. Period, blinded key and revision are what txtor reckons.
        """
        key = OnionKey.generate()
        slots = await self.slots()
        before = datetime.now(timezone.utc)
        await self.publish(key)
        after = datetime.now(timezone.utc)
        descriptor = await self.fetch(key.address.bare, self.holders(key, slots)[:1])
        content = descriptor.decrypt(key.address, now=after, period=slots.for_clients.period)
        self.assertEqual((len(content.introduction_points), content.dropped, content.authorized), (3, (), False))
        relays = {node.fingerprint for node in self.network.nodes}
        self.assertLessEqual({each.fingerprint for each in content.introduction_points}, relays)
        blinded = key.blind(slots.for_clients.period)
        seconds = [slots.for_clients.revision_seconds(when.replace(microsecond=0)) for when in (before, after)]
        possible = [revision_counter(blinded, second) for second in range(seconds[0] - 1, seconds[1] + 2)]
        self.assertIn(descriptor.revision_counter, possible)

    async def test_ring(self) -> None:
        """
        The directories that Tor uploads to, in their order, and their places on the ring are those that txtor finds.
        """
        key = OnionKey.generate()
        slots = await self.slots()
        await self.publish(key)
        status = (await self.server.protocol.get_info_single("ns/all")).encode()
        routers = [RouterStatus.parse(b"r " + entry) for entry in (b"\n" + status).split(b"\nr ")[1:]]
        identities = {}
        for router in routers:
            text = await self.server.protocol.get_info_single(f"md/id/{router.fingerprint}")
            identities[router.fingerprint] = Microdescriptor.parse(text.encode() + b"\n").ed25519_master_key or b""
        for slot in (slots.first, slots.second):
            ring = HashRing(slot.period, slot.shared_random, select_hsdirs(routers, identities))
            blinded = key.blind(slot.period).public_key
            foretold = [each.fingerprint for own in ring.directories(blinded) for each in own]
            uploads = [
                each for each in self.news if isinstance(each, UploadStarted) and each.descriptor_id == encoding.unpadded(blinded)
            ]
            self.assertEqual([each.directory for each in uploads], foretold)
            places = [service_index(blinded, replica, slot.period) for replica in (1, 2)]
            divided = divide_directories({each.directory: each.index or b"" for each in uploads}, places)
            self.assertEqual(list(divided), [{each.fingerprint for each in own} for own in ring.directories(blinded)])
        self.assertEqual({each: ring.index_of(each) for each in foretold}, {each: self.indexes[each] for each in foretold})

    async def test_client_authorization(self) -> None:
        """
        A descriptor of Tor's for one client: read with its key; another key is not accepted, none is not enough. Case 104.
        """
        key, friend = OnionKey.generate(), ClientAuthKey.generate()
        slots = await self.slots()
        await self.publish(key, f"ClientAuthV3={friend.public_key.base32} Port=80,127.0.0.1:9", "DiscardPK,V3Auth")
        descriptor = await self.fetch(key.address.bare, self.holders(key, slots)[:1])
        now, period = datetime.now(timezone.utc), slots.for_clients.period
        content = descriptor.decrypt(key.address, friend, now=now, period=period)
        self.assertEqual((len(content.introduction_points), content.authorized, len(content.middle.clients)), (3, True, 16))
        for other, expected in ((ClientAuthKey.generate(), ClientKeyNotAccepted), (None, ClientAuthorizationNeeded)):
            self.assertRaises(expected, descriptor.decrypt, key.address, other, now=now, period=period)

    async def test_made_here(self) -> None:
        """
        Directories take a descriptor that txtor made, and a client connects by it, with its key where clients are chosen: Tor
        reads both layers, the certificates and the cookie. Cases 104, 123.
        """
        port = await TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(Factory.forProtocol(Greeter))
        self.addCleanup(port.stopListening)
        key, friend = OnionKey.generate(), ClientAuthKey.generate()
        slots = await self.slots()
        await self.publish(key, f"Port=80,127.0.0.1:{port.getHost().port}")
        holders = self.holders(key, slots)
        theirs = await self.fetch(key.address.bare, holders[:1])
        period = slots.for_clients.period
        content = theirs.decrypt(key.address, now=datetime.now(timezone.utc), period=period)
        ours = make_onion_descriptor(
            key,
            content.introduction_points,
            slots.for_clients,
            datetime.now(timezone.utc),
            clients=[friend.public_key],
            revision=theirs.revision_counter + 10**6,
        )
        self.assertEqual(len(ours.superencrypted), len(theirs.superencrypted))
        await self.post(key, ours, holders)
        await self.client.protocol.queue_command(f"ONION_CLIENT_AUTH_ADD {key.address.bare} {friend.blob}")
        # The cache of the client keeps the newest revision, so that what it connects by is known.
        self.assertEqual(bytes(await self.fetch(key.address.bare, holders[:1])), bytes(ours))
        cached = await self.client.protocol.get_info_single(f"hs/client/desc/id/{key.address.bare}")
        self.assertEqual(OnionDescriptor.parse(cached.encode()).signature, ours.signature)
        self.assertEqual(await self.visit(key), b"behind the onion")

    async def test_refused_by_tor(self) -> None:
        """
        What txtor finds wrong, Tor finds wrong: a changed signature; a revision that is not newer, which a directory refuses.
        """
        key = OnionKey.generate()
        slots = await self.slots()
        holder = self.network.authorities[0].fingerprint
        assert holder is not None
        made = make_onion_descriptor(key, [], slots.for_clients, datetime.now(timezone.utc), revision=5)
        spoiled = bytes(made).replace(b"revision-counter 5", b"revision-counter 6")
        await self.assertFailure(
            self.server.protocol.send(HsPost(spoiled, key.address.bare, [holder])), InvalidDescriptor
        )
        await self.post(key, made, [holder])
        again = make_onion_descriptor(key, [], slots.for_clients, datetime.now(timezone.utc), revision=5)
        failed = await self.posted(key, again, [holder])
        self.assertEqual([(each, "UPLOAD_REJECTED") for each in [holder]], failed)
        newer = make_onion_descriptor(key, [], slots.for_clients, datetime.now(timezone.utc), revision=6)
        await self.post(key, newer, [holder])
        self.assertEqual((await self.fetch(key.address.bare, [holder])).revision_counter, 6)

    async def post(self, key: OnionKey, descriptor: OnionDescriptor, holders: list[str]) -> None:
        """
        Give a descriptor to directories, all of which take it.
        """
        self.assertEqual(await self.posted(key, descriptor, holders), [])

    async def posted(self, key: OnionKey, descriptor: OnionDescriptor, holders: list[str]) -> list[tuple[str, str]]:
        """
        Give a descriptor to directories, and tell which of them did not take it and why.
        """
        answers: dict[str, str | None] = {}
        done: Deferred[None] = Deferred()

        def heard(event: HSDescEvent) -> None:
            if event.address == key.address.bare and event.action in ("UPLOADED", "FAILED") and event.directory is not None:
                answers[event.directory.fingerprint or ""] = event.reason
                if answers.keys() >= set(holders) and not done.called:
                    done.callback(None)

        await self.server.protocol.add_event_listener("HS_DESC", heard)
        await self.server.protocol.send(HsPost(bytes(descriptor), key.address.bare, holders))
        await done.addTimeout(PATIENCE, self.reactor)
        await self.server.protocol.remove_event_listener("HS_DESC", heard)
        return [(directory, reason) for directory, reason in answers.items() if reason is not None]

    async def visit(self, key: OnionKey) -> bytes:
        """
        Connect to a service through the client and hear what it says.
        """
        socks = self.network.clients[1].socks_endpoint
        assert socks is not None
        endpoint = TorSocksEndpoint(clientFromString(self.reactor, socks), key.address.hostname, 80)
        reader = await endpoint.connect(Factory.forProtocol(Reader)).addTimeout(PATIENCE, self.reactor)
        assert isinstance(reader, Reader)
        return await reader.done.addTimeout(PATIENCE, self.reactor)
