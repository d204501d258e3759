# -*- test-case-name: txtor.test.directory.test_accepted -*-
"""
Documents that txtor makes, given to real Tors: a client that finds them in its files, a relay that asks for them over HTTP, and
an authority that votes on them.
"""

from __future__ import annotations

import pathlib
import socket
from datetime import datetime, timedelta, timezone
from typing import Any

import treq
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from txtor import Tor, launch
from txtor._deferred import deferred
from txtor.commands import PostDescriptor
from txtor.directory import (
    Authorities,
    BandwidthFile,
    Consensus,
    DetachedSignatures,
    DirectoryQuery,
    Document,
    RelayKeys,
    RouterStatus,
    ServerDescriptor,
    Vote,
    make_consensus_diff,
    make_detached_signatures,
)
from txtor.errors import DirectoryUnavailable, DocumentUnavailable, InvalidDescriptor
from txtor.fetch import DirectoryClient
from txtor.test.process.leftovers import OFFLINE, reactor
from txtor.test.serving import serve
from txtor.test.test_examples import OutputMixin, example

from .made import MadeNetwork, MadeRelay, vote_of, write_key

#: A relay that does not tell anybody of itself, and reads no tables of countries.
RELAY = {
    "TestingTorNetwork": 1,
    "ORPort": "127.0.0.1:auto",
    "Address": "127.0.0.1",
    "AssumeReachable": 1,
    "PublishServerDescriptor": 0,
    "ExitRelay": 0,
    "GeoIPFile": "/dev/null",
    "GeoIPv6File": "/dev/null",
}

#: An authority that votes every ten seconds, and finds every relay running.
AUTHORITY: dict[str, Any] = {
    **RELAY,
    "AuthoritativeDirectory": 1,
    "V3AuthoritativeDirectory": 1,
    "Nickname": "made0",
    "ContactInfo": "nobody@example.com",
    "TestingV3AuthInitialVotingInterval": 10,
    "TestingV3AuthInitialVoteDelay": 2,
    "TestingV3AuthInitialDistDelay": 2,
    "V3AuthVotingInterval": 10,
    "V3AuthVoteDelay": 2,
    "V3AuthDistDelay": 2,
    "AuthDirTestReachability": 0,
}


def free_port() -> int:
    """
    A port of loopback that nobody has just now.
    """
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


class AcceptedCase(TestCase):
    """
    Tors that know only authorities of ours.
    """

    timeout = 120

    def setUp(self) -> None:
        self.reactor: Any = reactor
        self.now = datetime.now(timezone.utc).replace(microsecond=0)
        self.network = MadeNetwork(self.now)
        self.folder = pathlib.Path(self.mktemp())
        self.folder.mkdir(mode=0o700)

    async def tor(self, config: dict[str, Any], port: int = 80, first: str = "1" * 40) -> Tor:
        """
        Run a Tor until the test is over.

        :param port: where it finds the authorities.
        :param first: the fingerprint of the first one, as a relay.
        """
        options = {**config, "DirAuthority": self.network.lines(port, first)}
        tor = await launch(reactor, data_directory=self.folder, socks_port=0, config=options, wait="controlled", timeout=60)
        self.addCleanup(tor.quit)
        return tor

    def write(self, name: str, content: bytes) -> None:
        """
        Write a file of its data directory.
        """
        (self.folder / name).write_bytes(content)


class ClientTests(OutputMixin, AcceptedCase):
    """
    A client that finds consensus, certificates and microdescriptors in its files, and trusts none of them more for that.
    """

    async def client(self, consensus: bytes) -> Tor:
        """
        A client.
        """
        self.write("cached-certs", self.network.certificates())
        self.write("cached-microdesc-consensus", consensus)
        kept = f"@last-listed {self.now:%Y-%m-%d %H:%M:%S}\n".encode()
        self.write("cached-microdescs.new", b"".join(kept + relay.microdescriptor.raw for relay in self.network.relays))
        return await self.tor(OFFLINE)

    @deferred
    async def test_accepted(self) -> None:
        """
        It takes the consensus, and knows each relay by its microdescriptor.
        """
        made = self.network.consensus("microdesc", self.now - timedelta(minutes=30))
        tor = await self.client(made.raw)
        self.assertEqual(set(await tor.get_network_statuses()), set(made.routers))
        self.assertEqual((await tor.get_consensus(verify=True)).raw, made.raw)
        for relay in self.network.relays:
            found = await tor.get_microdescriptor(relay.descriptor.fingerprint, verify=made)
            self.assertEqual(found, relay.microdescriptor)

    @deferred
    async def test_refused(self) -> None:
        """
        One byte that was changed after signing, and it has no consensus.
        """
        made = self.network.consensus("microdesc", self.now - timedelta(minutes=30)).raw
        tor = await self.client(made.replace(b"Bandwidth=1000", b"Bandwidth=1001", 1))
        self.assertEqual(await tor.protocol.get_info_single("ns/all"), "")

    @deferred
    async def test_example(self) -> None:
        """
        What ``examples/make_documents.py`` writes is believed with the lines that it prints, and with no others.
        """
        self.catch_output()
        example("make_documents").main(str(self.folder))
        first, *lines = self.printed()
        self.assertTrue(first.startswith("# 5 relays, signed by 3 authorities, until "), first)
        config = {**OFFLINE, "DirAuthority": [line.removeprefix("DirAuthority ") for line in lines]}
        tor = await launch(reactor, data_directory=self.folder, socks_port=0, config=config, wait="controlled", timeout=60)
        self.addCleanup(tor.quit)
        nicknames = sorted(each.nickname for each in (await tor.get_network_statuses()).values())
        self.assertEqual(nicknames, [f"relay{number}" for number in range(1, 6)])
        self.assertEqual(len(await tor.get_microdescriptors(verify=True)), 5)

    @deferred
    async def test_descriptor(self) -> None:
        """
        A server descriptor that a controller gives it is verified, and taken or not.
        """
        tor = await self.tor(OFFLINE)
        descriptor = self.network.relays[0].descriptor
        await tor.protocol.send(PostDescriptor(descriptor.raw))
        self.assertEqual((await tor.get_server_descriptor(descriptor.fingerprint)).content, descriptor.content)
        changed = self.network.relays[1].descriptor.raw.replace(b"\nuptime 0\n", b"\nuptime 1\n")
        await self.assertFailure(tor.protocol.send(PostDescriptor(changed)), InvalidDescriptor)


class Directory(Resource):
    """
    A directory server of the authorities.

    :ivar new: by flavour, the consensuses that it sends.
    :ivar asked: the folders that it was asked for something of.
    :ivar diffs: how many differences it sent.
    """

    isLeaf = True  # noqa: N815  # Twisted's

    def __init__(self, network: MadeNetwork, old: datetime, new: datetime) -> None:
        """
        :param old: from when on the consensus is valid that others have already.
        :param new: likewise, that is sent.
        """
        super().__init__()
        self._network = network
        self._old = {flavour: network.consensus(flavour, old) for flavour in ("ns", "microdesc")}
        self.new = {flavour: network.consensus(flavour, new, bandwidth=2000) for flavour in ("ns", "microdesc")}
        self.asked: list[str] = []
        self.diffs = 0

    def old(self, flavour: str) -> bytes:
        """
        The consensus that others have already.
        """
        return self._old[flavour].raw

    def render_GET(self, request: Request) -> bytes:
        """
        Answer.
        """
        # Digests in base64 may have slashes, so the folder is what stands before the fifth one, or the fourth.
        path = request.uri.decode("ascii").split("/")
        folder = "/".join(path[: 5 if path[2] == "status-vote" else 4])
        self.asked.append(folder)
        relays = self._network.relays
        answers = {
            "/tor/keys/fp": self._network.certificates,
            "/tor/status-vote/current/consensus": lambda: self._consensus(request, "ns"),
            "/tor/status-vote/current/consensus-microdesc": lambda: self._consensus(request, "microdesc"),
            "/tor/server/d": lambda: b"".join(relay.descriptor.raw for relay in relays),
            "/tor/micro/d": lambda: b"".join(relay.microdescriptor.raw for relay in relays),
        }
        if folder not in answers:
            request.setResponseCode(404)
            return b""
        return answers[folder]()

    def _consensus(self, request: Request, flavour: str) -> bytes:
        old, new = self._old[flavour], self.new[flavour]
        if request.getHeader("X-Or-Diff-From-Consensus") != old.digest("sha3-256"):
            return new.raw
        self.diffs += 1
        return bytes(make_consensus_diff(old, new))


class RelayTests(AcceptedCase):
    """
    A relay, which asks authorities at their directory ports. (Clients ask only through the Tor protocol.)
    """

    def directory(self) -> tuple[Directory, int]:
        """
        A directory server, and its port.
        """
        directory = Directory(self.network, self.now - timedelta(hours=5), self.now - timedelta(minutes=5))
        return directory, serve(self, Site(directory))

    async def check_consensuses(self, tor: Tor, directory: Directory) -> None:
        """
        Wait until it has the consensuses that the server sends.
        """
        for flavour, consensus in directory.new.items():
            while await self.held(tor, flavour) != consensus.raw:
                await deferLater(reactor, 0.05)
            self.assertEqual((await tor.get_consensus(flavour, verify=True)).raw, consensus.raw)

    async def held(self, tor: Tor, flavour: str) -> bytes:
        """
        The consensus that it has just now, or nothing.
        """
        try:
            return (await tor.get_consensus(flavour)).raw
        except DocumentUnavailable:
            return b""

    @deferred
    async def test_whole(self) -> None:
        """
        From nothing: the consensuses, then the certificates that it needs to believe them.
        """
        directory, port = self.directory()
        await self.check_consensuses(await self.tor(RELAY, port), directory)
        self.assertEqual(directory.diffs, 0)
        self.assertIn("/tor/keys/fp", directory.asked)

    @deferred
    async def test_diffs(self) -> None:
        """
        From consensuses of some hours ago: it applies the differences that we make and arrives at the new ones; then it asks for
        descriptors and microdescriptors, and takes them.
        """
        directory, port = self.directory()
        self.write("cached-certs", self.network.certificates())
        self.write("cached-consensus", directory.old("ns"))
        self.write("cached-microdesc-consensus", directory.old("microdesc"))
        tor = await self.tor(RELAY, port)
        await self.check_consensuses(tor, directory)
        self.assertEqual(directory.diffs, 2)
        while await tor.protocol.get_info_single("status/enough-dir-info") != "1":
            await deferLater(reactor, 0.05)
        for relay in self.network.relays:
            found = await tor.get_microdescriptor(relay.descriptor.nickname, verify=directory.new["microdesc"])
            self.assertEqual(found, relay.microdescriptor)
            descriptor = await tor.get_server_descriptor(relay.descriptor.fingerprint, verify=directory.new["ns"])
            self.assertEqual(descriptor.content, relay.descriptor.content)



class AuthorityTests(AcceptedCase):
    """
    An authority, whose keys we made as well; it and one that we play ourselves are two of three.
    """

    async def post(self, path: str, *documents: Document) -> int:
        """
        Upload documents.

        :return: the status of the answer: 200, or 400 for what is not taken.
        """
        url = f"http://127.0.0.1:{self.port}/tor/{path}"
        response = await treq.post(url, b"".join(map(bytes, documents)), agent=Agent(reactor))
        status: int = response.code
        return status

    async def get(self, query: DirectoryQuery, until: datetime | None = None) -> Any:
        """
        A document of the authority, as soon as it is there; ``None`` where it was not in time.
        """
        while until is None or datetime.now(timezone.utc) < until:
            try:
                (found,) = (await self.client.fetch(query)).matched
                return found
            except DirectoryUnavailable:
                await deferLater(reactor, 0.05)
        return None

    async def start(self) -> None:
        """
        Run the authority.
        """
        keys, relay = self.network.authorities[0], RelayKeys.generate()
        self.known = Authorities.parse(self.network.lines(80))
        self.certificates = [each.certificate for each in self.network.authorities]
        (self.folder / "keys").mkdir(mode=0o700)
        write_key(self.folder / "keys" / "secret_id_key", relay.identity)
        write_key(self.folder / "keys" / "authority_signing_key", keys.signing)
        self.write("keys/authority_certificate", keys.certificate.raw)
        self.port = free_port()
        self.client = DirectoryClient(reactor, ("127.0.0.1", self.port))
        measured = self.network.relays[0].descriptor.fingerprint
        self.bandwidths = f"{int(self.now.timestamp())}\nversion=1.4.0\nsoftware=txtor\n=====\nnode_id=${measured} bw=1234\n"
        self.write("bandwidths", self.bandwidths.encode("ascii"))
        offset = int(reactor.seconds() + 9) % 10
        config = {**AUTHORITY, "DirPort": f"127.0.0.1:{self.port}", "TestingV3AuthVotingStartOffset": offset}
        config["V3BandwidthsFile"] = str(self.folder.absolute() / "bandwidths")
        await self.tor(config, self.port, relay.fingerprint)

    def check_bandwidths(self, vote: Vote, entry: RouterStatus) -> None:
        """
        The authority read the bandwidth file as it was written: the vote has its digest, its header and what it measured.
        """
        file = BandwidthFile.parse(self.bandwidths.encode("ascii"))
        self.assertEqual(vote.bandwidth_file_digest, {"sha256": file.digest("sha256", encoding="raw")})
        self.assertEqual((vote.bandwidth_file_headers or {})["software"], file.header["software"])
        self.assertEqual((entry.fingerprint, entry.measured), (file.measurements[0].fingerprint, file.measurements[0].bandwidth))

    async def vote(self, relay: MadeRelay) -> Consensus | None:
        """
        Vote with the authority, and sign what it computes.

        :return: the consensus; ``None`` where this machine was too slow, so that the authority did not wait for us.
        """
        ours = self.network.authorities[1]
        theirs: Vote = await self.get(DirectoryQuery.vote(when="next"))
        entry = theirs.routers[relay.descriptor.fingerprint]
        self.assertEqual(entry.digest, relay.descriptor.digest())
        self.assertTrue(entry.matches_microdescriptor(relay.microdescriptor.digest("sha256", encoding="raw")))
        self.check_bandwidths(theirs, entry)
        vote = vote_of(ours, [relay], theirs.valid_after)
        status, end = await self.post("post/vote", vote), theirs.valid_after
        if datetime.now(timezone.utc) > end - timedelta(seconds=AUTHORITY["V3AuthDistDelay"]):
            return None
        self.assertEqual(status, 200)
        self.assertEqual(await self.post("post/vote", Vote(vote.raw.replace(b"Bandwidth=1000", b"Bandwidth=9999"))), 400)
        pending = await self.get(DirectoryQuery("/tor/status-vote/next/consensus", Consensus, is_single=True), end)
        if pending is None:
            return None
        status = await self.post("post/consensus-signature", make_detached_signatures([pending], [ours]))
        if datetime.now(timezone.utc) > end:
            return None
        self.assertEqual(status, 200)
        signatures: DetachedSignatures | None = await self.get(DirectoryQuery.detached_signatures(), end)
        if signatures is None:
            return None
        count = signatures.count_signatures(pending, self.known, self.certificates, now=datetime.now(timezone.utc))
        self.assertEqual(count.good, {each.v3ident for each in self.network.authorities[:2]})
        vote.check_counted(pending)
        found: Consensus = await self.get(DirectoryQuery.consensus("ns"))
        return found

    @deferred
    async def test_accepted(self) -> None:
        """
        It takes a server descriptor with its extra-info, a vote and signatures; the consensus that it computes of both votes is
        published, since two of three have signed it.
        """
        await self.start()
        relay, other = self.network.relays[:2]
        self.assertEqual(await self.post("", relay.descriptor, relay.extra_info), 200)
        changed = ServerDescriptor(other.descriptor.raw.replace(b"\nuptime 0\n", b"\nuptime 1\n"))
        self.assertEqual(await self.post("", changed, other.extra_info), 400)
        consensus = None
        while consensus is None:
            consensus = await self.vote(relay)
        count = consensus.verify(self.known, self.certificates, now=datetime.now(timezone.utc))
        self.assertEqual(count.good, {each.v3ident for each in self.network.authorities[:2]})
        self.assertEqual(set(consensus.routers), {relay.descriptor.fingerprint})
        (extra_info,) = (await self.client.fetch(DirectoryQuery.extra_infos([relay.descriptor.fingerprint]))).matched
        self.assertEqual(extra_info.content, relay.extra_info.content)
