# -*- test-case-name: txtor.test.fetch.test_on_network -*-
"""
Directory documents of real Tors: over their control ports, and from their directory ports.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.protocols.portforward import ProxyFactory

from txtor import Tor, connect
from txtor._deferred import deferred
from txtor.directory import Authorities, Consensus, DirectoryQuery, Vote, encoding
from txtor.errors import DirectoryServerError, DirectoryUnavailable, DocumentUnavailable, SocksError, TorRefused
from txtor.fetch import DirectoryClient
from txtor.test.test_examples import OutputMixin, example
from txtor.testing import NodeView, TorNetworkTestCase


class NetworkCase(TorNetworkTestCase):
    """
    Tors of the private network.
    """

    async def tor(self, node: NodeView) -> Tor:
        """
        Control a Tor until the test is over.
        """
        tor = await connect(self.reactor, node.control_endpoint)
        self.addCleanup(tor.close)
        return tor

    def servers(self) -> list[tuple[str, int]]:
        """
        The directory ports of the authorities.
        """
        return [("127.0.0.1", node.dir_port) for node in self.network.authorities if node.dir_port is not None]

    def client(self, *servers: Any) -> DirectoryClient:
        """
        A client of some servers, or of all authorities, straight.
        """
        return DirectoryClient(self.reactor, servers or self.servers(), timeout=60)


class ControlPortTests(NetworkCase):
    """
    What Tors say on their control ports.
    """

    @deferred
    async def test_client(self) -> None:
        """
        A client has the consensus of its flavour, verified by the authorities that it knows, and each relay's microdescriptor.
        """
        tor = await self.tor(self.network.clients[0])
        consensus = await tor.get_consensus(verify=True)
        relays = {node.fingerprint for node in (*self.network.authorities, *self.network.exits)}
        self.assertEqual(set(consensus.routers), relays)
        self.assertEqual(set(await tor.get_network_statuses()), relays)
        for node in self.network.exits:
            status = await tor.get_network_status(node.nickname)
            self.assertEqual(status.fingerprint, node.fingerprint)
            micro = await tor.get_microdescriptor(node.fingerprint, verify=consensus)
            self.assertEqual(micro, await tor.get_microdescriptor(node.nickname, verify=consensus))
            self.assertEqual(micro, await tor.get_microdescriptor(digest=micro.digest("sha256", "base64"), verify=consensus))
            self.assertTrue(status.matches_microdescriptor(micro.digest("sha256", encoding="raw")))
            identity = encoding.unpadded(micro.ed25519_master_key or b"")
            self.assertEqual(micro, await tor.get_microdescriptor(identity, verify=consensus))
            self.assertEqual((await tor.get_network_status(f"ed25519:{identity}")).fingerprint, node.fingerprint)
        listed = {status.microdescriptor_digest for status in consensus.routers.values()}
        verified = await tor.get_microdescriptors(verify=consensus)
        self.assertEqual({each.digest("sha256", "base64") for each in verified}, listed)

    @deferred
    async def test_client_has_not(self) -> None:
        """
        What a client does not keep is refused, with the option that would have it keep it.
        """
        tor = await self.tor(self.network.clients[0])
        refusals: list[tuple[Deferred[Any], str]] = [
            (tor.get_consensus("ns"), "FetchUselessDescriptors 1"),
            (tor.get_server_descriptor(self.network.exits[0].nickname), "UseMicrodescriptors 0"),
            (tor.get_server_descriptors(), "UseMicrodescriptors 0"),
            (tor.get_extra_info(digest="A" * 40), "DownloadExtraInfo 1"),
        ]
        for waiting, option in refusals:
            error = await self.assertFailure(waiting, DocumentUnavailable)
            self.assertIn(option, str(error))
        error = await self.assertFailure(tor.get_network_status("nobody"), TorRefused)
        self.assertEqual((error.status, error.advice), (552, ""))

    @deferred
    async def test_cache(self) -> None:
        """
        A directory cache has both flavours, and every descriptor with its extra-info; all of it verifies.
        """
        tor = await self.tor(self.network.authorities[0])
        consensus = await tor.get_consensus("ns", verify=True)
        self.assertEqual((await tor.get_consensus("microdesc", verify=True)).flavour, "microdesc")
        for status in consensus.routers.values():
            descriptor = await tor.get_server_descriptor(status.fingerprint, verify=consensus)
            self.assertEqual((descriptor.fingerprint, descriptor.digest()), (status.fingerprint, status.digest))
            for waiting in (
                tor.get_server_descriptor(status.nickname, verify=consensus),
                tor.get_server_descriptor(digest=status.digest, verify=consensus),
                tor.get_server_descriptor(encoding.unpadded(descriptor.ed25519_master_key or b""), verify=consensus),
            ):
                self.assertEqual((await waiting).content, descriptor.content)
            extra_info = await tor.get_extra_info(status.nickname, verify=consensus)
            self.assertEqual(extra_info.fingerprint, status.fingerprint)
        self.assertEqual({each.fingerprint for each in await tor.get_server_descriptors()}, set(consensus.routers))
        # Those of relays that have published again since the consensus was made are not among them.
        verified = await tor.get_server_descriptors(verify=consensus)
        listed = {status.digest for status in consensus.routers.values()}
        self.assertEqual({each.digest() for each in verified} - listed, set())


class DirectoryPortTests(NetworkCase):
    """
    What authorities send from their directory ports.
    """

    @deferred
    async def test_consensus(self) -> None:
        """
        Both flavours, verified by the authorities that a client knows and the certificates that they send.
        """
        tor = await self.tor(self.network.clients[0])
        client, known = self.client(), await tor.get_authorities()
        certificates = (await client.fetch(DirectoryQuery.key_certificates(known.v3idents))).matched
        self.assertEqual({each.fingerprint for each in certificates}, known.v3idents)
        now = datetime.now(timezone.utc)
        for flavour in ("ns", "microdesc"):
            (consensus,) = (await client.fetch(DirectoryQuery.consensus(flavour, known.v3idents))).matched
            count = consensus.verify(known, certificates, now=now, flavour=flavour)
            self.assertGreaterEqual(len(count.good), known.majority)

    @deferred
    async def test_certificates_for_control_port(self) -> None:
        """
        A consensus of the control port, verified with certificates of the directory ports.
        """
        tor = await self.tor(self.network.clients[1])
        directory = tor.directory(self.client())
        self.assertIsInstance(await directory.get_consensus(verify=True), Consensus)
        self.assertEqual(len(await directory.get_key_certificates()), len(self.network.authorities))

    @deferred
    async def test_diffs(self) -> None:
        """
        What changes from one consensus to the next: an authority that has none but ours sends nothing, then the difference,
        and to who has one that it never made, the whole. What comes verifies.
        """
        known = await (await self.tor(self.network.clients[0])).get_authorities()
        await gatherResults([self.follow(flavour, known) for flavour in ("ns", "microdesc")], consumeErrors=True)

    @deferred
    async def follow(self, flavour: str, known: Authorities) -> None:
        """
        Follow one flavour until it changes.
        """
        client = self.client(self.servers()[0])
        base = await client.get_consensus(flavour, authorities=known)
        strange = Consensus(base.raw.replace(b"\nvoting-delay ", b"\nunknown-line\nvoting-delay "))
        (whole,) = (await client.fetch(DirectoryQuery.consensus(flavour, base=strange))).matched
        self.assertIn(b"directory-signature", whole.raw)
        found = await client.fetch(DirectoryQuery.consensus(flavour, base=base))
        while not found.diffs:  # nothing has changed yet, or the new one is so new that there is no difference to it
            (base,) = found.matched
            await deferLater(self.reactor, 0.3)
            found = await client.fetch(DirectoryQuery.consensus(flavour, base=base))
        (consensus,), (diff,) = found.matched, found.diffs
        self.assertLess(len(bytes(diff)), len(consensus.raw))
        self.assertGreater(consensus.valid_after, base.valid_after)
        (same,) = (await client.fetch(DirectoryQuery.consensus(flavour))).matched
        if same.valid_after == consensus.valid_after:  # else the next one has come meanwhile
            self.assertEqual(same.signed_range(), consensus.signed_range())
        certificates = (await client.fetch(DirectoryQuery.key_certificates(known.v3idents))).matched
        consensus.verify(known, certificates, now=datetime.now(timezone.utc), flavour=flavour, previous=base)

    @deferred
    async def test_votes(self) -> None:
        """
        The vote of each authority verifies, asked for at itself and by its identity at another.
        """
        known = await (await self.tor(self.network.clients[0])).get_authorities()
        for server in self.servers():
            (own,) = (await self.client(server).fetch(DirectoryQuery.vote())).matched
            own.verify(known, now=datetime.now(timezone.utc))
        for identity in sorted(known.v3idents):
            (vote,) = (await self.client(self.servers()[0]).fetch(DirectoryQuery.vote(identity))).matched
            assert isinstance(vote, Vote)
            self.assertEqual(vote.source.identity, identity)

    @deferred
    async def test_descriptors(self) -> None:
        """
        Descriptors, extra-infos and microdescriptors by what the consensus names, each with the digest that was asked for.
        """
        client = self.client()
        (consensus,) = (await client.fetch(DirectoryQuery.consensus("ns"))).matched
        (microdesc,) = (await client.fetch(DirectoryQuery.consensus("microdesc"))).matched
        digests = [status.digest for status in consensus.routers.values()]
        found = await client.fetch(DirectoryQuery.server_descriptors(digests=digests))
        self.assertEqual((found.missing, len(found.matched)), (frozenset(), len(digests)))
        extras = [descriptor.extra_info_digest.sha1 for descriptor in found.matched]
        self.assertEqual((await client.fetch(DirectoryQuery.extra_infos(digests=extras))).missing, frozenset())
        micros = [status.microdescriptor_digest for status in microdesc.routers.values()]
        self.assertEqual((await client.fetch(DirectoryQuery.microdescriptors(micros))).missing, frozenset())

    @deferred
    async def test_wrong_answers(self) -> None:
        """
        What an authority does not have, and where it sends something else than the path says: the signatures of the *current*
        consensus, in whose place tor sends the consensus.
        """
        query = DirectoryQuery.detached_signatures()
        wrong = DirectoryQuery("/tor/status-vote/current/consensus-signatures", query.type, is_single=True)
        error = await self.assertFailure(self.client().fetch(wrong), DirectoryUnavailable)
        for _, failure in error.failures:
            self.assertIn("a consensus was not asked for", str(failure))
        missing = DirectoryQuery.server_descriptors(digests=["A" * 40])
        error = await self.assertFailure(self.client().fetch(missing), DirectoryUnavailable)
        statuses = [failure.status for _, failure in error.failures if isinstance(failure, DirectoryServerError)]
        self.assertEqual(statuses, [404] * len(self.network.authorities))

    @deferred
    async def test_through_tor(self) -> None:
        """
        Through a Tor: a server that is no relay. Exits refuse to connect to the authorities themselves.
        """
        tor = await self.tor(self.network.clients[0])
        host, dir_port = self.servers()[0]
        port = self.reactor.listenTCP(0, ProxyFactory(host, dir_port), interface=host)
        self.addCleanup(port.stopListening)
        client = tor.directory_client((host, port.getHost().port), timeout=60)
        found = await client.fetch(DirectoryQuery.consensus("microdesc"))
        self.assertEqual([each.flavour for each in found.matched], ["microdesc"])
        refused = tor.directory_client((host, dir_port), timeout=60).fetch(DirectoryQuery.consensus("microdesc"))
        error = await self.assertFailure(refused, DirectoryUnavailable)
        self.assertIsInstance(error.failures[0][1], SocksError)


class ExampleCase(OutputMixin, NetworkCase):
    """
    What an example prints on the network.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a Deferred
        await super().setUp()
        self.catch_output()


class FollowTests(ExampleCase):
    """
    ``examples/follow_consensus.py``.
    """

    async def run_example(self, server: str) -> None:
        """
        Run its ``main`` until the consensus has changed once.
        """
        main = example("follow_consensus").main
        await main(self.reactor, server, self.network.clients[0].control_endpoint, "1", "0.3")

    @deferred
    async def test_example(self) -> None:
        """
        The consensus, and what changes.
        """
        host, port = self.servers()[0]
        await self.run_example(f"{host}:{port}")
        first, second = self.printed()
        self.assertIn(" relays at ", first)
        self.assertRegex(second, r"^\d+ joined, \d+ left, \d+ changed at ")

    @deferred
    async def test_no_server(self) -> None:
        """
        A server that is none.
        """
        await self.run_example("127.0.0.1:1")
        self.assertTrue(self.printed()[0].startswith("No consensus to be believed: No directory server"), self.printed())


class ExampleTests(ExampleCase):
    """
    ``examples/fetch_and_verify.py``.
    """

    async def run_example(self, *arguments: str) -> None:
        """
        Run its ``main`` at a client.
        """
        main = example("fetch_and_verify").main
        await main(self.reactor, arguments[0], self.network.clients[0].control_endpoint, *arguments[1:])

    @deferred
    async def test_example(self) -> None:
        """
        A relay by its nickname, with and without a directory server.
        """
        host, port = self.servers()[0]
        await self.run_example("exit0", f"{host}:{port}")
        genuine, policy, descriptor = self.printed()
        self.assertIn("is genuine", genuine)
        self.assertTrue(policy.startswith("exit0 has the exit policy: "), policy)
        self.assertIn("good until", descriptor)
        await self.run_example("exit0")
        self.assertEqual(len(self.printed()), 5)

    @deferred
    async def test_refusals(self) -> None:
        """
        A relay that there is not, and a server that is none.
        """
        await self.run_example("nobody")
        await self.run_example("exit0", "127.0.0.1:1")
        unknown, unreachable = self.printed()[0], self.printed()[1]
        self.assertTrue(unknown.startswith("Tor does not have it: GETINFO: 552"), unknown)
        self.assertTrue(unreachable.startswith("Not to be believed: No directory server"), unreachable)
