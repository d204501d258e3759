# -*- test-case-name: txtor.test.onion.test_options_on_network -*-
"""
What onion services can be told besides their ports, on the private network: that Tor took it, and what comes of it.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timezone

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from txtor import Tor, launch
from txtor._deferred import deferred
from txtor.commands import GetConfGroup
from txtor.errors import SocksError, TorRefused
from txtor.events import CircuitEvent, ProofOfWork
from txtor.onion import AnyOnionService, DescriptorTerms, EphemeralOnionService, OnionKey, make_onion_descriptor
from txtor.test.onion.test_on_network import PATIENCE, OnNetworkCase, greeter
from txtor.test.serving import serve
from txtor.test.socks.own_client import client_options


class Silent(Protocol):
    """
    Says something and stays.
    """

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"x")


class Waits(Protocol):
    """
    A client that stays until it is told to go.
    """

    def __init__(self) -> None:
        self.greeted: Deferred[None] = Deferred()
        self.gone: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.greeted.callback(None)

    def connectionLost(self, reason: object = None) -> None:
        self.gone.callback(None)


class OptionsTests(OnNetworkCase):
    """
    One service each.
    """

    @deferred
    async def test_files(self) -> None:
        """
        The arguments of a service with files stand in Tor's configuration, and its descriptor shows those that can be seen.
        """
        folder = tempfile.mkdtemp(dir=self.network.clients[0].data_directory)
        self.addCleanup(shutil.rmtree, folder)
        service = await self.server.create_filesystem_onion_service(
            [(80, greeter(b"files"))],
            f"{folder}/one",
            wait="all",
            introduction_points=4,
            intro_dos_defense=True,
            intro_dos_rate=10,
            intro_dos_burst=20,
            max_streams=7,
            max_streams_close_circuit=True,
            pow_enabled=True,
            pow_queue_rate=5,
            pow_queue_burst=10,
            options={"HiddenServiceAllowUnknownPorts": 1},
        )
        told = dict(await self.server.protocol.send(GetConfGroup("HiddenServiceOptions")))
        expected = {
            "HiddenServiceNumIntroductionPoints": "4",
            "HiddenServiceEnableIntroDoSDefense": "1",
            "HiddenServiceEnableIntroDoSRatePerSec": "10",
            "HiddenServiceEnableIntroDoSBurstPerSec": "20",
            "HiddenServiceMaxStreams": "7",
            "HiddenServiceMaxStreamsCloseCircuit": "1",
            "HiddenServicePoWDefensesEnabled": "1",
            "HiddenServicePoWQueueRate": "5",
            "HiddenServicePoWQueueBurst": "10",
            "HiddenServiceAllowUnknownPorts": "1",
        }
        self.assertEqual({name: told.get(name) for name in expected}, expected)
        content = await self.client.get_onion_descriptor(service.address, servers=sorted(service.report.wanted.holding)[:1])
        self.assertEqual(len(content.introduction_points), 4)
        self.assertIsNotNone(content.inner.pow_params)
        self.assertEqual(await self.visit(service.address), b"files")
        await service.remove()

    @deferred
    async def test_streams(self) -> None:
        """
        No more streams than were allowed have one circuit: the second one is refused while the first one is there.
        """
        port = serve(self, Factory.forProtocol(Silent))
        service = await self.server.create_onion_service([(80, port)], max_streams=1)
        endpoint = self.client.stream_via(service.hostname, 80)
        first = await endpoint.connect(Factory.forProtocol(Waits))
        assert isinstance(first, Waits) and first.transport is not None
        await first.greeted.addTimeout(PATIENCE, self.reactor)
        await self.assertFailure(endpoint.connect(Factory.forProtocol(Waits)), SocksError)
        first.transport.loseConnection()
        await first.gone
        await service.remove()

    async def introduction_paths(self, tor: Tor, service: AnyOnionService) -> list[list[str | None]]:
        """
        The circuits of a service to its introduction points: the fingerprints of the relays.
        """
        told = await tor.protocol.get_info_single("circuit-status")
        circuits = [each for each in map(CircuitEvent, filter(None, told.splitlines())) if each.purpose == "HS_SERVICE_INTRO"]
        return [[hop.fingerprint for hop in each.path] for each in circuits if each.rend_query == service.address.bare]

    @deferred
    async def test_vanguards(self) -> None:
        """
        What is set for all services of a Tor: the relays that may be second on the way to introduction points.
        """
        chosen = [node.fingerprint or "" for node in self.network.exits]  # fewer may all be at an end of a circuit
        protocol = self.server.protocol
        vanguards = await protocol.get_conf_single("VanguardsLiteEnabled")
        self.assertEqual(vanguards, "auto")
        await protocol.set_conf("HSLayer2Nodes", ",".join(chosen))
        try:
            service = await self.server.create_onion_service([80])
            second = {path[1] for path in await self.introduction_paths(self.server, service) if len(path) > 1}
            self.assertLessEqual(second, set(chosen))
            self.assertTrue(second)
            await service.remove()
        finally:
            await protocol.reset_conf("HSLayer2Nodes")

    @deferred
    async def test_single(self) -> None:
        """
        Services that do not hide where they are, on a Tor that does not hide; any other Tor refuses them, and so does that one
        refuse a service that hides. Tor 0.4.9.11 goes straight to the introduction points of those with files alone.
        """
        await self.assertFailure(self.server.create_onion_service([80], single_hop=True), TorRefused)
        tor = await launch(
            self.reactor, config=client_options(self.network), socks_port=0, non_anonymous_mode=True, timeout=PATIENCE
        )
        self.addCleanup(tor.quit)
        await self.assertFailure(tor.create_onion_service([80]), TorRefused)
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        port = serve(self, greeter(b"single"))
        ephemeral = await tor.create_onion_service([(80, port)], single_hop=True, wait="all")
        filed = await tor.create_filesystem_onion_service([(80, port)], f"{folder}/one", wait="all")
        for service, is_single in ((ephemeral, False), (filed, True)):
            content = await self.client.get_onion_descriptor(service.address, servers=sorted(service.report.wanted.holding)[:1])
            self.assertEqual(content.inner.is_single_onion_service, is_single)
            lengths = {len(path) for path in await self.introduction_paths(tor, service)}
            self.assertEqual((max(lengths) == 1, bool(lengths)), (is_single, True))
            self.assertEqual(await self.visit(service.address), b"single")
            await service.remove()


class WorkTests(OnNetworkCase):
    """
    Proof of work.
    """

    async def ask_for_work(self, service: EphemeralOnionService, key: OnionKey, effort: int) -> None:
        """
        Replace the descriptor of a service, which suggests no effort while it has nothing to do, by one that does.
        """
        report = await service.when_published()
        holders = sorted(report.wanted.holding)
        theirs = await self.server.get_onion_descriptor(service.address, servers=holders[:1])
        assert theirs.inner.pow_params is not None
        self.assertEqual(theirs.inner.pow_params.effort, 0)
        terms = DescriptorTerms(pow_params=replace(theirs.inner.pow_params, effort=effort))
        ours = make_onion_descriptor(
            key,
            theirs.introduction_points,
            (await self.server.onion_descriptor_slots()).for_clients,
            datetime.now(timezone.utc),
            terms=terms,
            revision=theirs.descriptor.revision_counter + 10**6,
        )
        posted = await self.server.post_onion_descriptor(ours, key.address, servers=holders)
        self.assertEqual(posted.holding, set(holders))

    async def efforts(self, tor: Tor) -> list[ProofOfWork]:
        """
        The work that is told of the circuits of a Tor, from now on.
        """
        seen: list[ProofOfWork] = []

        def listener(event: CircuitEvent) -> None:
            if event.hs_pow is not None:
                seen.append(event.hs_pow)

        for keyword in ("CIRC", "CIRC_MINOR"):
            await tor.protocol.add_event_listener(keyword, listener)
        return seen

    @deferred
    async def test_solved(self) -> None:
        """
        The client sees what work is asked for, does it, and is let in; both Tors tell of it.
        """
        key = OnionKey.generate()
        service = await self.server.create_onion_service(
            [(80, greeter(b"worked"))], key, wait="all", pow_enabled=True, pow_queue_rate=100, pow_queue_burst=200
        )
        await self.ask_for_work(service, key, effort=20)
        at_client, at_service = await self.efforts(self.client), await self.efforts(self.server)
        self.assertEqual(await self.visit(service.address), b"worked")
        self.assertIn(ProofOfWork("v1", 20), at_client)
        self.assertIn(ProofOfWork("v1", 20), at_service)
        await service.remove()
