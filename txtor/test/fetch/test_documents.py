# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
Tests of documents through a Tor, with the genuine documents of a network in a `FakeTor`.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from txtor import Tor
from txtor.directory import (
    DOWNLOAD_LIMITS,
    Authorities,
    Consensus,
    ExtraInfo,
    KeyCertificate,
    Microdescriptor,
    ServerDescriptor,
)
from txtor.errors import (
    CannotVerify,
    DirectoryUnavailable,
    Disconnected,
    DocumentUnavailable,
    InternalTorError,
    InvalidArgument,
    MalformedDocument,
    MissingCertificates,
    ProtocolSyntaxError,
    ProtocolViolation,
    TorError,
    TorRefused,
    UnrecognizedCommand,
    VerificationFailed,
)
from txtor.fetch import DirectoryClient, TorDirectory
from txtor.test.directory.samples import NOW, sample
from txtor.test.directory.statuses import genuine_authorities
from txtor.testing import FakeTor

from .servers import ClockCase, Server, answer

CERTIFICATES = sample("network-1/key-certificates")
CONSENSUS = Consensus.parse(sample("network-1/consensus"))
MICRODESC = Consensus.parse(sample("network-1/consensus-microdesc"))
SERVERS = [
    each
    for each in ServerDescriptor.parse_many(sample("network-1/server-descriptors"))
    if isinstance(each, ServerDescriptor)
]
MICROS = {
    each.digest("sha256", "base64"): each
    for each in Microdescriptor.parse_many(sample("network-1/microdescs"))
    if isinstance(each, Microdescriptor)
}
EXTRAS = [each for each in ExtraInfo.parse_many(sample("network-1/extra-infos")) if isinstance(each, ExtraInfo)]
KEY, MICRODESC_KEY = "dir/status-vote/current/consensus", "dir/status-vote/current/consensus-microdesc"


class DirectoryCase(ClockCase):
    """
    A Tor that has the documents of a network.

    :ivar tor: the Tor.
    :ivar directory: what is tested.
    :ivar relay: a relay that has everything.
    """

    def setUp(self) -> None:
        super().setUp()
        self.tor = FakeTor()
        types = {"DirAuthority": "LineList", "AlternateDirAuthority": "LineList", "CacheDirectory": "Filename"}
        self.tor.configuration.types = {**self.tor.configuration.types, **types}
        authorities, _ = genuine_authorities()
        lines = [f"v3ident={each.v3ident} 127.0.0.1:80 {each.fingerprint}" for each in authorities]
        folder = pathlib.Path(self.mktemp())
        folder.mkdir()
        self.certificates = folder / "cached-certs"
        self.certificates.write_bytes(CERTIFICATES)
        self.tor.configuration.change(
            [("CacheDirectory", str(folder)), *(("DirAuthority", line) for line in lines)], reset=False
        )
        self.fill()
        self.protocol = self.tor.connect(self.clock)
        self.directory = TorDirectory(self.clock, self.protocol)
        listed = {status.digest: status for status in CONSENSUS.routers.values()}
        extras = {each.digest() for each in EXTRAS}
        self.descriptor = next(
            each
            for each in SERVERS
            if each.digest() in listed and each.extra_info_digest and each.extra_info_digest.sha1 in extras
        )
        self.relay = self.descriptor.fingerprint

    def fill(self) -> None:
        """
        Answer as a Tor that has everything.
        """
        info: dict[str, Any] = self.tor.info
        info.update({KEY: bytes(CONSENSUS), MICRODESC_KEY: bytes(MICRODESC)})
        info.update({"desc/download-enabled": "1", "md/download-enabled": "1"})
        for descriptor in SERVERS:
            info[f"desc/id/{descriptor.fingerprint}"] = bytes(descriptor)
            info[f"desc/name/{descriptor.nickname}"] = bytes(descriptor)
            info[f"dir/server/d/{descriptor.digest()}"] = bytes(descriptor)
        info["desc/all-recent"] = b"".join(map(bytes, SERVERS))
        for status in MICRODESC.routers.values():
            micro = MICROS[str(status.microdescriptor_digest)]
            info.update({f"md/id/{status.fingerprint}": bytes(micro), f"md/name/{status.nickname}": bytes(micro)})
        info["md/all"] = b"".join(map(bytes, MICROS.values()))
        for status in CONSENSUS.routers.values():
            info.update({f"ns/id/{status.fingerprint}": bytes(status), f"ns/name/{status.nickname}": bytes(status)})
        info["ns/all"] = b"".join(map(bytes, CONSENSUS.routers.values()))
        for extra in EXTRAS:
            info[f"extra-info/digest/{extra.digest()}"] = bytes(extra)


class NetworkStatusTests(DirectoryCase):
    """
    `get_network_status`, `get_network_statuses` and `get_consensus`.
    """

    def test_status(self) -> None:
        """
        One relay, in each way in which it can be named.
        """
        status = CONSENSUS.routers[self.relay]
        shouted, long = status.nickname.upper(), f"${self.relay}~{status.nickname}"
        self.tor.info[f"ns/name/{shouted}"] = bytes(status)  # Tor takes nicknames in any capitals
        for name in (self.relay, f"${self.relay}", self.relay.lower(), long, status.nickname, shouted):
            self.assertEqual(self.result(self.directory.get_network_status(name)), status)

    def test_statuses(self) -> None:
        """
        All relays; those for a purpose; none before there is a consensus.
        """
        found = self.result(self.directory.get_network_statuses())
        self.assertEqual(dict(found), dict(CONSENSUS.routers))
        self.tor.info["ns/purpose/bridge"] = bytes(CONSENSUS.routers[self.relay])
        bridges = self.result(self.directory.get_network_statuses("bridge"))
        self.assertEqual(list(bridges), [self.relay])
        self.tor.info["ns/all"] = ""
        error = self.error(self.directory.get_network_statuses(), DocumentUnavailable)
        self.assertEqual((error.text, error.advice), ("ns/all is empty", ""))
        self.error(self.directory.get_network_statuses("a b"), InvalidArgument)

    def test_unknown(self) -> None:
        """
        A relay that Tor does not know is Tor's refusal, with its words.
        """
        error = self.error(self.directory.get_network_status("nobody"), TorRefused)
        self.assertEqual((error.status, error.text, error.advice), (552, 'Unrecognized key "ns/name/nobody"', ""))
        self.error(self.directory.get_network_status("not a relay"), InvalidArgument)
        self.error(self.directory.get_network_status("a\r\nQUIT"), InvalidArgument)

    def test_another_relay(self) -> None:
        """
        An answer to another question is refused.
        """
        other = next(key for key in CONSENSUS.routers if key != self.relay)
        self.tor.info[f"ns/id/{self.relay}"] = bytes(CONSENSUS.routers[other])
        error = self.error(self.directory.get_network_status(self.relay), VerificationFailed)
        self.assertIn(other, str(error))
        self.tor.info[f"ns/id/{self.relay}"] = "nonsense"
        self.error(self.directory.get_network_status(self.relay), MalformedDocument)

    def test_consensus(self) -> None:
        """
        Both flavours, whole to the byte though the control port leaves out the last line end.
        """
        self.tor.info[KEY] = bytes(CONSENSUS).removesuffix(b"\n")
        self.assertEqual(bytes(self.result(self.directory.get_consensus("ns"))), bytes(CONSENSUS))
        self.assertEqual(bytes(self.result(self.directory.get_consensus())), bytes(MICRODESC))
        self.error(self.directory.get_consensus("other"), InvalidArgument)

    def test_wrong_consensus(self) -> None:
        """
        Another flavour, two of them, and what is none.
        """
        self.tor.info[KEY] = bytes(MICRODESC)
        self.error(self.directory.get_consensus("ns"), VerificationFailed)
        self.tor.info[KEY] = bytes(CONSENSUS) * 2
        self.error(self.directory.get_consensus("ns"), VerificationFailed)
        self.tor.info[KEY] = "a\nb"
        self.error(self.directory.get_consensus("ns"), MalformedDocument)

    def test_not_kept(self) -> None:
        """
        Where Tor keeps no consensus the error says with which option it would.
        """
        self.tor.refuse("GETINFO", 551, "Could not open cached consensus.")
        error = self.error(self.directory.get_consensus("ns"), DocumentUnavailable)
        self.assertIn("FetchUselessDescriptors 1", str(error))
        self.assertIsInstance(error.__cause__, InternalTorError)
        self.assertEqual((error.status, error.text), (551, "Could not open cached consensus."))

    def test_other_failures(self) -> None:
        """
        A filter's refusal and a lost connection are not taken for a missing document.
        """
        self.tor.refuse("GETINFO", 510, "Command filtered")
        self.error(self.directory.get_consensus(), UnrecognizedCommand)
        self.tor.mute("GETINFO")
        waiting = self.directory.get_consensus()
        self.tor.drop()
        self.error(waiting, Disconnected)


class VerifyConsensusTests(DirectoryCase):
    """
    `get_consensus` with ``verify``.
    """

    def test_good(self) -> None:
        """
        Case 120: both flavours, by the authorities that Tor knows and the certificates that it keeps.
        """
        for flavour in ("ns", "microdesc"):
            consensus = self.result(self.directory.get_consensus(flavour, verify=True, now=NOW))
            self.assertEqual(consensus.flavour, flavour)

    def test_now(self) -> None:
        """
        Without a time it is that of this machine, at which the old consensus is long expired.
        """
        error = self.error(self.directory.get_consensus(verify=True), VerificationFailed)
        self.assertIn("expired", str(error))
        grace = timedelta(minutes=1)
        later = MICRODESC.valid_until + grace
        self.result(self.directory.get_consensus(verify=True, now=later, grace=grace))
        self.error(self.directory.get_consensus(verify=True, now=later + grace, grace=grace), VerificationFailed)

    def test_forged(self) -> None:
        """
        A flipped byte, and authorities that nobody knows.
        """
        self.tor.info[KEY] = bytes(CONSENSUS).replace(b"\nknown-flags A", b"\nknown-flags B", 1)
        self.error(self.directory.get_consensus("ns", verify=True, now=NOW), VerificationFailed)
        public = Authorities.public_network()
        waiting = self.directory.get_consensus(verify=True, now=NOW, authorities=public)
        error = self.error(waiting, VerificationFailed)
        self.assertIn("0 of 9 known authorities", str(error))

    def test_too_few(self) -> None:
        """
        Case 118: one signature of three, and one three times.
        """
        raw = bytes(CONSENSUS)
        first = raw.index(b"\ndirectory-signature ") + 1
        second = raw.index(b"\ndirectory-signature ", first) + 1
        for signatures in (raw[first:second], raw[first:second] * 3):
            self.tor.info[KEY] = raw[:first] + signatures
            error = self.error(self.directory.get_consensus("ns", verify=True, now=NOW), VerificationFailed)
            self.assertIn("1 of 3 known authorities", str(error))

    def test_authorities(self) -> None:
        """
        Those that Tor is configured with; else the alternate ones; else those of the public network.
        """
        self.assertEqual(self.result(self.directory.get_authorities()).v3idents, genuine_authorities()[0].v3idents)
        line = f"alt v3ident={'A' * 40} 127.0.0.1:80 {'B' * 40}"
        self.tor.configuration.change([("DirAuthority", None), ("AlternateDirAuthority", line)], reset=True)
        self.tor.configuration.change([("AlternateDirAuthority", line)], reset=False)
        self.assertEqual(self.result(self.directory.get_authorities()).v3idents, frozenset(["A" * 40]))
        self.tor.configuration.change([("AlternateDirAuthority", None)], reset=True)
        self.assertEqual(self.result(self.directory.get_authorities()), Authorities.public_network())

    def test_missing_certificates(self) -> None:
        """
        Where certificates are missing, the error names them; where Tor's file cannot be read, its path.
        """
        first = CERTIFICATES[: CERTIFICATES.index(b"dir-key-certificate-version", 10)]
        self.certificates.write_bytes(first)
        error = self.error(self.directory.get_consensus(verify=True, now=NOW), MissingCertificates)
        self.assertEqual(len(error.missing), len(MICRODESC.signatures) - 1)
        self.certificates.unlink()
        error = self.error(self.directory.get_consensus(verify=True, now=NOW), CannotVerify)
        self.assertIn("cached-certs", str(error))
        with self.certificates.open("wb") as file:
            file.truncate(DOWNLOAD_LIMITS.total + 1)
        error = self.error(self.directory.get_consensus(verify=True, now=NOW), CannotVerify)
        self.assertIn("longer than", str(error))
        self.tor.configuration.change([("CacheDirectory", None)], reset=True)
        self.error(self.directory.get_consensus(verify=True, now=NOW), CannotVerify)

    def test_given_certificates(self) -> None:
        """
        Certificates that the caller has, and a server that is asked for no others than those that are needed.
        """
        self.certificates.unlink()
        _, certificates = genuine_authorities()
        self.result(self.directory.get_consensus(verify=True, now=NOW, certificates=certificates))
        server = Server(answer(CERTIFICATES))
        directory = TorDirectory(self.clock, self.protocol, DirectoryClient(self.clock, server))
        self.result(directory.get_consensus(verify=True, now=NOW))
        path = server.requests[0].split(b" ")[1].decode()
        for signature in MICRODESC.signatures:
            self.assertIn(f"{signature.identity}-{signature.signing_key_digest}", path)

    def test_no_certificates_anywhere(self) -> None:
        """
        Where no server has them, what each said is told.
        """
        client = DirectoryClient(self.clock, Server(answer(b"", status="404 Not found")))
        directory = TorDirectory(self.clock, self.protocol, client)
        self.error(directory.get_consensus(verify=True, now=NOW), DirectoryUnavailable)


class CertificateTests(DirectoryCase):
    """
    `get_key_certificates`.
    """

    def test_certificates(self) -> None:
        """
        All, by authority, and by signing key.
        """
        _, certificates = genuine_authorities()
        found = self.result(self.directory.get_key_certificates())
        self.assertEqual(list(found), certificates)
        self.assertEqual({type(each) for each in found}, {KeyCertificate})
        one = certificates[1]
        self.assertEqual(self.result(self.directory.get_key_certificates([one.fingerprint])), (one,))
        pair = (one.fingerprint, one.signing_key_digest)
        self.assertEqual(self.result(self.directory.get_key_certificates(signing_keys=[pair])), (one,))
        self.error(self.directory.get_key_certificates(["no"]), InvalidArgument)

    def test_broken_file(self) -> None:
        """
        A certificate that cannot be read is not found, and the others are.
        """
        self.certificates.write_bytes(CERTIFICATES.replace(b"dir-key-published ", b"dir-key-published x", 1))
        found = self.result(self.directory.get_key_certificates())
        self.assertEqual(list(found), genuine_authorities()[1][1:])


class ServerDescriptorTests(DirectoryCase):
    """
    `get_server_descriptor` and `get_server_descriptors`.
    """

    def test_found(self) -> None:
        """
        By fingerprint, nickname and digest, verified and not.
        """
        for verify in (False, True, CONSENSUS):
            ask = self.directory.get_server_descriptor
            for waiting in (
                ask(self.relay, verify=verify, now=NOW),
                ask(self.descriptor.nickname, verify=verify, now=NOW),
                ask(digest=self.descriptor.digest(), verify=verify, now=NOW),
                ask(digest=self.descriptor.digest().lower(), verify=verify, now=NOW),
            ):
                self.assertEqual(self.result(waiting), self.descriptor)

    def test_all(self) -> None:
        """
        All that Tor has; verified, those of them that the consensus lists.
        """
        self.assertEqual(self.result(self.directory.get_server_descriptors()), tuple(SERVERS))
        verified = self.result(self.directory.get_server_descriptors(verify=True, now=NOW))
        listed = {status.digest for status in CONSENSUS.routers.values()}
        self.assertEqual([each.digest() for each in verified], [each.digest() for each in SERVERS if each.digest() in listed])
        self.assertGreater(len(verified), 0)

    def test_wrong(self) -> None:
        """
        Another relay's, one with another digest, and a changed one.
        """
        other = next(each for each in SERVERS if each.fingerprint != self.relay)
        digest = self.descriptor.digest()
        self.tor.info[f"desc/id/{self.relay}"] = bytes(other)
        self.tor.info[f"desc/name/{self.descriptor.nickname}"] = bytes(other)
        self.tor.info[f"dir/server/d/{digest}"] = bytes(other)
        for waiting in (
            self.directory.get_server_descriptor(self.relay),
            self.directory.get_server_descriptor(self.descriptor.nickname),
            self.directory.get_server_descriptor(digest=digest),
            self.directory.get_server_descriptor(self.relay, verify=True, now=NOW),
        ):
            self.error(waiting, VerificationFailed)
        self.tor.info[f"dir/server/d/{digest}"] = bytes(self.descriptor).replace(b"\nuptime ", b"\nuptime 1", 1)
        self.error(self.directory.get_server_descriptor(digest=digest), VerificationFailed)

    def test_not_listed(self) -> None:
        """
        A good descriptor that the consensus does not list is not verified.
        """
        without = CONSENSUS.raw.replace(bytes(CONSENSUS.routers[self.relay]), b"")
        consensus = Consensus.parse(without)  # verified by the caller, as the test pretends
        error = self.error(self.directory.get_server_descriptor(self.relay, verify=consensus), VerificationFailed)
        self.assertIn(f"does not list the relay {self.relay}", str(error))
        waiting = self.directory.get_server_descriptor(digest=self.descriptor.digest(), verify=consensus, now=NOW)
        self.error(waiting, VerificationFailed)

    def test_not_kept(self) -> None:
        """
        A client has none, and the error says with which option it would; a relay that is not there is only that.
        """
        error = self.error(self.directory.get_server_descriptor("nobody"), DocumentUnavailable)
        self.assertEqual(error.advice, "")
        self.tor.info["desc/download-enabled"] = "0"
        self.tor.info["desc/all-recent"] = ""
        for waiting in (self.directory.get_server_descriptor("nobody"), self.directory.get_server_descriptors()):
            error = self.error(waiting, DocumentUnavailable)
            self.assertIn("UseMicrodescriptors 0", str(error))

    def test_arguments(self) -> None:
        """
        A relay or a digest, and a consensus that lists descriptors.
        """
        for waiting in (
            self.directory.get_server_descriptor(),
            self.directory.get_server_descriptor(self.relay, digest="A" * 40),
            self.directory.get_server_descriptor(digest="A"),
            self.directory.get_server_descriptor(digest=f"${'A' * 40}"),
            self.directory.get_server_descriptor(self.relay, verify=MICRODESC),
        ):
            self.error(waiting, InvalidArgument)


class MicrodescriptorTests(DirectoryCase):
    """
    `get_microdescriptor` and `get_microdescriptors`.
    """

    def setUp(self) -> None:
        super().setUp()
        self.status = MICRODESC.routers[self.relay]
        self.digest = str(self.status.microdescriptor_digest)
        self.micro = MICROS[self.digest]

    def test_found(self) -> None:
        """
        By fingerprint, nickname and digest, verified and not.
        """
        for verify in (False, True, MICRODESC):
            ask = self.directory.get_microdescriptor
            for waiting in (
                ask(self.relay, verify=verify, now=NOW),
                ask(self.status.nickname, verify=verify, now=NOW),
                ask(digest=self.digest, verify=verify, now=NOW),
                ask(digest=self.micro.digest("sha256", encoding="raw"), verify=verify, now=NOW),
            ):
                self.assertEqual(self.result(waiting).content, self.micro.content)

    def test_all(self) -> None:
        """
        All that Tor has; verified, those of them that the consensus lists.
        """
        self.assertEqual(len(self.result(self.directory.get_microdescriptors())), len(MICROS))
        self.tor.info["md/all"] = b"onion-key\nntor-onion-key " + b"A" * 43 + b"\n" + b"".join(map(bytes, MICROS.values()))
        self.assertEqual(len(self.result(self.directory.get_microdescriptors())), len(MICROS) + 1)
        verified = self.result(self.directory.get_microdescriptors(verify=True, now=NOW))
        listed = dict.fromkeys(status.microdescriptor_digest for status in MICRODESC.routers.values())
        self.assertEqual([each.digest("sha256", "base64") for each in verified], list(listed))

    def test_wrong(self) -> None:
        """
        Another one than the consensus lists is refused where it is verified.
        """
        other = next(each for digest, each in MICROS.items() if digest != self.digest)
        self.tor.info[f"md/id/{self.relay}"] = bytes(other)
        self.error(self.directory.get_microdescriptor(self.relay, verify=True, now=NOW), VerificationFailed)
        self.tor.info["md/all"] = bytes(other)
        self.error(self.directory.get_microdescriptor(digest=self.digest), DocumentUnavailable)

    def test_not_listed(self) -> None:
        """
        One that Tor has and the consensus does not list.
        """
        without = Consensus.parse(MICRODESC.raw.replace(bytes(self.status), b""))
        for waiting in (
            self.directory.get_microdescriptor(self.relay, verify=without),
            self.directory.get_microdescriptor(digest=self.digest, verify=without),
        ):
            self.error(waiting, VerificationFailed)

    def test_arguments(self) -> None:
        """
        A digest has 32 bytes.
        """
        for digest in ("A", "!" * 43, b"A" * 31):
            self.error(self.directory.get_microdescriptor(digest=digest), InvalidArgument)
        self.error(self.directory.get_microdescriptor(self.relay, verify=CONSENSUS), InvalidArgument)


class ExtraInfoTests(DirectoryCase):
    """
    `get_extra_info`.
    """

    def setUp(self) -> None:
        super().setUp()
        assert self.descriptor.extra_info_digest is not None
        self.digest = self.descriptor.extra_info_digest.sha1
        self.extra = next(each for each in EXTRAS if each.digest() == self.digest)

    def test_found(self) -> None:
        """
        By fingerprint, nickname and digest, verified and not.
        """
        for verify in (False, True, CONSENSUS):
            ask = self.directory.get_extra_info
            for waiting in (
                ask(self.relay, verify=verify, now=NOW),
                ask(self.descriptor.nickname, verify=verify, now=NOW),
                ask(digest=self.digest, verify=verify, now=NOW),
            ):
                self.assertEqual(self.result(waiting), self.extra)

    def test_wrong(self) -> None:
        """
        Another relay's, and a changed one.
        """
        key = f"extra-info/digest/{self.digest}"
        other = next(each for each in EXTRAS if each.fingerprint != self.relay)
        for data in (bytes(other), bytes(self.extra).replace(b"\npublished 202", b"\npublished 201", 1)):
            self.tor.info[key] = data
            self.error(self.directory.get_extra_info(self.relay), VerificationFailed)
            self.error(self.directory.get_extra_info(digest=self.digest), VerificationFailed)

    def test_wrong_name(self) -> None:
        """
        A descriptor that names the extra-info of another relay.
        """
        other = next(each for each in EXTRAS if each.fingerprint != self.relay)
        renamed = bytes(self.descriptor).replace(self.digest.encode(), other.digest().encode())
        self.tor.info[f"desc/id/{self.relay}"] = renamed
        error = self.error(self.directory.get_extra_info(self.relay), VerificationFailed)
        self.assertIn("another relay", str(error))

    def test_none(self) -> None:
        """
        A relay that publishes none, and a Tor that keeps none.
        """
        lines = bytes(self.descriptor).split(b"\n")
        without = b"\n".join(line for line in lines if not line.startswith(b"extra-info-digest"))
        self.tor.info[f"desc/id/{self.relay}"] = without
        error = self.error(self.directory.get_extra_info(self.relay), DocumentUnavailable)
        self.assertIn("names no extra-info", str(error))
        error = self.error(self.directory.get_extra_info(digest="A" * 40), DocumentUnavailable)
        self.assertIn("DownloadExtraInfo 1", str(error))


class AnythingTests(DirectoryCase):
    """
    Answers that are no documents, or not quite.
    """

    @given(st.integers(0, 8), st.floats(0, 1), st.binary(max_size=20), st.integers(0, 200), st.booleans())
    @settings(max_examples=120)
    def test_anything(self, which: int, part: float, put: bytes, cut: int, verify: bool) -> None:
        """
        Whatever Tor answers, there is a document or a declared error; and none that was changed is verified.
        """
        ask = self.directory
        digest = self.descriptor.digest()
        questions: list[tuple[str, Callable[[], Deferred[Any]]]] = [
            (KEY, lambda: ask.get_consensus("ns", verify=verify, now=NOW)),
            (MICRODESC_KEY, lambda: ask.get_consensus(verify=verify, now=NOW)),
            (f"ns/id/{self.relay}", lambda: ask.get_network_status(self.relay)),
            ("ns/all", ask.get_network_statuses),
            (f"desc/id/{self.relay}", lambda: ask.get_server_descriptor(self.relay)),
            (f"dir/server/d/{digest}", lambda: ask.get_server_descriptor(self.relay, verify=CONSENSUS, now=NOW)),
            (f"md/id/{self.relay}", lambda: ask.get_microdescriptor(self.relay, verify=verify and MICRODESC)),
            ("md/all", lambda: ask.get_microdescriptors(verify=verify and MICRODESC)),
            ("desc/all-recent", lambda: ask.get_server_descriptors(verify=verify and CONSENSUS, now=NOW)),
        ]
        key, start = questions[which]
        genuine = self.tor.info[key]
        assert isinstance(genuine, bytes)
        place = int(part * len(genuine))
        changed = genuine[:place] + put + genuine[place + cut :]
        self.tor.info[key] = changed
        outcome: list[Any] = []
        start().addBoth(outcome.append)
        self.work()
        self.tor.info[key] = genuine
        if isinstance(outcome[0], Failure):
            outcome[0].trap(TorError)
            if outcome[0].check(ProtocolViolation):  # a line end that no control port sends ends the connection
                self.protocol = self.tor.connect(self.clock)
                self.directory = TorDirectory(self.clock, self.protocol)
        elif (verify and which < 2) or key.startswith("dir/server/"):  # one document, and verified
            self.assertEqual(outcome[0].signed_range(), type(outcome[0])(genuine).signed_range())


class TorTests(DirectoryCase):
    """
    The methods of `Tor`.
    """

    def test_methods(self) -> None:
        """
        Each method of `Tor` is that of its directory.
        """
        tor = Tor(self.clock, self.protocol)  # type: ignore[arg-type]  # a clock is all that is used of the reactor
        digest = str(MICRODESC.routers[self.relay].microdescriptor_digest)
        self.assertEqual(self.result(tor.get_consensus("ns", verify=True, now=NOW)), CONSENSUS)
        self.assertEqual(self.result(tor.get_authorities()).v3idents, genuine_authorities()[0].v3idents)
        self.assertEqual(self.result(tor.get_key_certificates()), tuple(genuine_authorities()[1]))
        self.assertEqual(self.result(tor.get_network_status(self.relay)), CONSENSUS.routers[self.relay])
        self.assertEqual(len(self.result(tor.get_network_statuses())), len(CONSENSUS.routers))
        self.assertEqual(self.result(tor.get_server_descriptor(self.relay, verify=True, now=NOW)), self.descriptor)
        self.assertEqual(self.result(tor.get_server_descriptors()), tuple(SERVERS))
        self.assertEqual(self.result(tor.get_microdescriptor(digest=digest)).digest("sha256", "base64"), digest)
        self.assertEqual(len(self.result(tor.get_microdescriptors())), len(MICROS))
        self.assertEqual(self.result(tor.get_extra_info(self.relay)).fingerprint, self.relay)
        self.assertEqual(repr(tor.directory_client("127.0.0.1:80")), "<DirectoryClient of 127.0.0.1:80>")

    def test_syntax(self) -> None:
        """
        No other refusal of Tor is taken for a missing document.
        """
        self.tor.refuse("GETINFO", 512, "no")
        self.error(self.directory.get_microdescriptors(), TorRefused)
        self.tor.refuse("GETINFO", 500, "no")
        self.error(self.directory.get_microdescriptors(), ProtocolSyntaxError)
