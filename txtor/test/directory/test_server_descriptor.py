"""
Tests for ``txtor.directory._server_descriptor``, ``_server_lines``, ``_server_verification`` and ``_signed``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    Ed25519Certificate,
    ServerDescriptor,
    encoding,
    make_ed25519_certificate,
    make_server_descriptor,
    rsa_der,
    sign_descriptor,
    sign_rsa,
    write_item,
)
from txtor.directory._make import public_bytes
from txtor.errors import DocumentError, InvalidArgument, MalformedDocument, VerificationFailed
from txtor.test.directory.keys import relay_keys, rsa_key
from txtor.test.directory.samples import NOW, sample

KEYS = relay_keys()
OTHER = relay_keys(1)
LIFE = timedelta(days=28)


def make(*lines: str, exit_policy: tuple[str, ...] = ("reject *:*",), published: datetime = NOW) -> bytes:
    """
    The bytes of a descriptor with some more lines.
    """
    return bytes(
        make_server_descriptor(
            KEYS,
            nickname="test",
            address="127.0.0.1",
            or_port=9001,
            published=published,
            expires=NOW + LIFE,
            exit_policy=exit_policy,
            lines=lines,
        )
    )


def resigned(change: Callable[[bytes], bytes]) -> bytes:
    """
    A descriptor whose text was changed before it was signed: everything in it is genuine but for the change.
    """
    body = make().partition(b"router-sig-ed25519")[0]
    changed = change(body)
    assert changed != body
    return sign_descriptor(changed, KEYS)


def with_item(keyword: str, item: bytes) -> bytes:
    """
    A descriptor in which an item was replaced before it was signed.
    """
    line, object_lines = rb"( [^\n]*)?\n", rb"(-----BEGIN [^-]+-----\n[^-]*-----END [^-]+-----\n)?"
    pattern = re.compile(rb"^" + keyword.encode() + line + object_lines, re.MULTILINE)
    return resigned(lambda body: pattern.sub(lambda match: item, body, count=1))


class ReadingTests(SynchronousTestCase):
    """
    The attributes.
    """

    def test_genuine(self) -> None:
        """
        A genuine descriptor is read in all its parts.
        """
        data = sample("fresh-relay-descs")
        descriptor = ServerDescriptor.parse(data[: data.index(b"extra-info relay000")])
        self.assertEqual((descriptor.nickname, descriptor.address, descriptor.or_port), ("relay000", "127.0.0.1", 15100))
        self.assertIsNone(descriptor.dir_port)
        self.assertEqual(descriptor.fingerprint, "B951BAA7AC60D6A31D82E64C5EE37716A93A1A0C")
        self.assertEqual(descriptor.platform, "Tor 0.4.9.11 on Linux")
        self.assertEqual((str(descriptor.tor_version), descriptor.operating_system), ("0.4.9.11", "Linux"))
        self.assertEqual(descriptor.or_addresses, (("::", 15100),))
        self.assertEqual(descriptor.published, datetime.fromisoformat("2026-11-22T13:06:45+00:00"))
        self.assertEqual((descriptor.uptime, descriptor.contact), (823, "relay0 changed <a@b.c>"))
        self.assertEqual((descriptor.average_bandwidth, descriptor.burst_bandwidth), (2**30, 2**30))
        self.assertEqual(descriptor.observed_bandwidth, 54440)
        self.assertIsNone(descriptor.onion_key)
        self.assertTrue(descriptor.is_hidden_service_dir and descriptor.is_tunnelled_dir_server)
        self.assertFalse(descriptor.is_extra_info_cache or descriptor.allows_single_hop_exits)
        self.assertIsNone(descriptor.is_hibernating)
        assert descriptor.protocols is not None and descriptor.family is not None
        self.assertTrue(descriptor.protocols.supports("Conflux", 1))
        self.assertIn("BD621CBE30E34194CEC99418088E4AABF79C1500", descriptor.family.fingerprints)
        self.assertTrue(descriptor.exit_policy.can_exit_to("192.0.2.1", 80))
        self.assertTrue(descriptor.exit_policy.can_exit_to("2001:db8::1", 80))
        assert descriptor.extra_info_digest is not None
        self.assertEqual(descriptor.extra_info_digest.sha1, "D212FF6D3AA04BF45994343A04323B8B31F69CFA")
        self.assertEqual(len(descriptor.family_certificates), 1)
        self.assertEqual(descriptor.unrecognized_lines, ())

    def test_nothing_lost(self) -> None:
        """
        The items of genuine descriptors, joined, are the input.
        """
        for name in ("network-1/server-descriptors", "network-1/server-authority", "network-2/server-descriptors"):
            data = sample(name)
            found = [one for one in ServerDescriptor.parse_many(data) if isinstance(one, ServerDescriptor)]
            self.assertEqual(b"".join(map(bytes, found)), data)
            for one in found:
                self.assertEqual(b"".join(map(bytes, one.items)), one.content)

    def test_every_line(self) -> None:
        """
        Case 14 of the documents: lines that few relays write, and those that are new, are typed or kept.
        """
        descriptor = ServerDescriptor.parse(
            make(
                "overload-general 1 2026-11-22 12:00:00",
                "bridge-distribution-request moat",
                "caches-extra-info",
                "allow-single-hop-exits",
                "hibernating 1",
                "eventdns 1",
                "protocols Link 1 2 Circuit 1",
                "read-history 2026-11-22 12:00:00 (900 s) 1,2",
                "write-history 2026-11-22 12:00:00 (900 s)",
                "ipv6-policy accept 80",
                "uptime-of-the-moon 7 8",
            ).replace(b"uptime 0\n", b"uptime -5\n")
        )
        assert descriptor.overload_general is not None and descriptor.read_history is not None
        self.assertEqual((descriptor.overload_general.version, descriptor.overload_general.time.hour), (1, 12))
        self.assertEqual(descriptor.bridge_distribution_request, "moat")
        self.assertTrue(descriptor.is_extra_info_cache and descriptor.allows_single_hop_exits)
        self.assertEqual((descriptor.is_hibernating, descriptor.eventdns, descriptor.uptime), (True, True, -5))
        self.assertEqual(descriptor.link_and_circuit_protocols, "Link 1 2 Circuit 1")
        self.assertEqual(descriptor.read_history.values, (1, 2))
        self.assertEqual(str(descriptor.exit_policy_v6), "accept 80")
        self.assertEqual(descriptor.unrecognized_lines, ("uptime-of-the-moon 7 8",))

    def test_lines_that_spoil_nothing(self) -> None:
        """
        What tor passes over when it cannot read it does not refuse a descriptor: a digest, a list of subprotocols, an overload.
        """
        descriptor = ServerDescriptor.parse(make("overload-general soon", "extra-info-digest nonsense"))
        self.assertIsNone(descriptor.extra_info_digest)
        with self.assertRaises(MalformedDocument):
            _ = descriptor.overload_general
        data = re.sub(rb"proto [^\n]*", b"proto Link=5-2", make())
        self.assertIsNone(ServerDescriptor.parse(data).protocols)

    def test_other_software(self) -> None:
        """
        Software that is not Tor has no version of Tor, and a version that cannot be read is none.
        """
        for platform in [b"node-Tor 0.1.0 on Linux", b"Tor x.y on Linux", b"Tor"]:
            descriptor = ServerDescriptor.parse(make().replace(b"Tor 0.4.9.11 on Linux", platform))
            self.assertIsNone(descriptor.tor_version)
        self.assertIsNone(descriptor.operating_system)

    def test_contact_of_any_bytes(self) -> None:
        """
        A contact may hold any byte but a line end, a carriage return and a lone dash included.
        """
        data = make("contact x").replace(b"contact x", b"contact \xff\r - ----- \xc3\xbc")
        contact = ServerDescriptor.parse(data).contact
        assert contact is not None
        self.assertEqual(contact.encode("utf-8", "surrogateescape"), b"\xff\r - ----- \xc3\xbc")

    def test_order_of_the_policy(self) -> None:
        """
        Accepts and rejects are one policy, in the order of the descriptor.
        """
        data = make(exit_policy=("reject *:25", "accept 192.0.2.0/24:*", "reject *:80", "accept *:*"))
        policy = ServerDescriptor.parse(data).exit_policy
        self.assertFalse(policy.can_exit_to("192.0.2.1", 25))
        self.assertTrue(policy.can_exit_to("192.0.2.1", 80))
        self.assertFalse(policy.can_exit_to("192.0.3.1", 80))

    def test_malformed_values(self) -> None:
        """
        A value that tor would refuse is refused, with its line.
        """
        good = make()
        for old, new in [
            (b"router test ", b"router test-er "),
            (b"127.0.0.1 9001 0 0", b"127.0.0.300 9001 0 0"),
            (b"127.0.0.1 9001 0 0", b"127.0.0.1 0 0 0"),
            (b"127.0.0.1 9001 0 0", b"127.0.0.1 9001 0"),
            (b"published 2026-11-22", b"published 2026-13-22"),
            (b"bandwidth 1073741824", b"bandwidth 0"),
            (b"bandwidth 1073741824", b"bandwidth 2147483648"),
            (b"uptime 0", b"uptime 0x1"),
            (b"reject *:*", b"reject *:0-x"),
            (b"reject *:*", b"reject"),
            (b"ntor-onion-key-crosscert ", b"ntor-onion-key-crosscert 2"),
            (b"ntor-onion-key-crosscert ", b"ntor-onion-key-crosscert 0 "),
        ]:
            self.assertIn(old, good)
            error = self.assertRaises(MalformedDocument, ServerDescriptor.parse, good.replace(old, new))
            number = good[: good.index(old)].count(b"\n") + 1
            self.assertEqual((error.line, error.document), (number, "server descriptor"))

    def test_malformed_policy(self) -> None:
        """
        The error of a policy names the line of the rule that is none.
        """
        data = make(exit_policy=("accept *:80", "reject 1.2.3.4/33:*", "reject *:*"))
        error = self.assertRaises(MalformedDocument, ServerDescriptor.parse, data)
        self.assertEqual(error.line, data[: data.index(b"reject 1.2.3.4")].count(b"\n") + 1)

    def test_structure(self) -> None:
        """
        Case 20 of the documents: what is missing, repeated or out of place is refused.
        """
        good = make()
        for keyword in "published bandwidth signing-key ntor-onion-key master-key-ed25519 router-signature".split():
            changed = good.replace(b"\n" + keyword.encode(), b"\nx-" + keyword.encode(), 1)
            self.assertRaises(MalformedDocument, ServerDescriptor.parse, changed)
        for line in ["published 2026-11-22 13:00:00", "contact a\ncontact b", "accept6 *:*", "reject6 *:*", "uptime 3"]:
            data = good.replace(b"uptime 0\n", b"uptime 0\n" + line.encode() + b"\n")
            self.assertRaises(MalformedDocument, ServerDescriptor.parse, data)
        self.assertRaises(MalformedDocument, ServerDescriptor.parse, good + good[good.index(b"router-signature") :])
        self.assertRaises(MalformedDocument, ServerDescriptor.parse, good.replace(b"reject *:*\n", b""))
        crosscert = good.replace(b"\nonion-key-crosscert\n", b"\nx-onion-key-crosscert\n")
        self.assertRaises(MalformedDocument, ServerDescriptor.parse, crosscert)

    def test_cut_anywhere(self) -> None:
        """
        Case 20 of the documents: a descriptor that is cut anywhere is refused.
        """
        good = make()
        for end in range(0, len(good) - 1, 7):
            self.assertRaises(MalformedDocument, ServerDescriptor.parse, good[:end])

    def test_without_final_line_end(self) -> None:
        """
        The line end that the control port cuts off is not missed.
        """
        self.assertTrue(ServerDescriptor.parse(make()[:-1]).verify(now=NOW).has_ed25519)


class VerificationTests(SynchronousTestCase):
    """
    Whether a descriptor is believed.
    """

    def fails(self, data: bytes, words: str, now: datetime = NOW) -> None:
        """
        Assert that a descriptor is well-formed and is not believed, for a reason.
        """
        error = self.assertRaises(VerificationFailed, ServerDescriptor.parse(data).verify, now=now)
        self.assertIn(words, error.rule)
        self.assertEqual(error.section, "dir-spec 2.1.1")

    def test_genuine(self) -> None:
        """
        Case 13 of the documents, case 125: all descriptors of two real networks verify, those without ``onion-key`` and with
        ``family-cert`` too.
        """
        checked = []
        for name in ("network-1/server-descriptors", "network-1/server-authority", "network-2/server-descriptors"):
            for one in ServerDescriptor.parse_many(sample(name)):
                assert isinstance(one, ServerDescriptor)
                checked.append(one.verify(now=NOW).checked)
        self.assertEqual(len(checked), 15)
        everything = "identity-ed25519 ntor-onion-key-crosscert family-cert onion-key-crosscert router-sig-ed25519"
        self.assertIn((*everything.split(), "router-signature"), checked)
        self.assertEqual(len([one for one in checked if "onion-key-crosscert" not in one]), 3)

    def test_made(self) -> None:
        """
        What txtor makes verifies, and the result says what was found.
        """
        verification = ServerDescriptor.parse(make()).verify(now=NOW)
        self.assertEqual(verification.expires, NOW + LIFE)
        self.assertFalse(verification.is_stale)
        self.assertTrue(verification.has_ed25519)
        (family,) = KEYS.families
        (family_id,) = verification.family_ids
        self.assertEqual(family_id, "ed25519:" + encoding.unpadded(public_bytes(family)))

    def test_old(self) -> None:
        """
        A descriptor of the time before Ed25519 verifies for what it carries, and says so.
        """
        body = (
            write_item("router old 127.0.0.1 9001 0 9030")
            + write_item("platform Tor 0.2.2.35 (git-b04388f9e7546a9f) on OpenBSD amd64")
            + b"opt protocols Link 1 2 Circuit 1\n"
            + write_item("published 2012-10-19 16:01:07")
            + b"opt fingerprint "
            + KEYS.fingerprint.encode()
            + b"\n"
            + write_item("bandwidth 5120000 5120000 3355160")
            + write_item("onion-key", "RSA PUBLIC KEY", KEYS.identity_key.der)
            + write_item("signing-key", "RSA PUBLIC KEY", KEYS.identity_key.der)
            + write_item("reject *:*")
            + b"router-signature\n"
        )
        signature = write_item("x", "SIGNATURE", sign_rsa(KEYS.identity, hashlib.sha1(body).digest()))[2:]
        descriptor = ServerDescriptor.parse(body + signature)
        verification = descriptor.verify(now=descriptor.published)
        self.assertEqual((verification.checked, verification.expires), (("router-signature",), None))
        self.assertFalse(verification.has_ed25519)
        self.assertTrue(descriptor.verify(now=NOW).is_stale)

    def test_fingerprint(self) -> None:
        """
        A fingerprint that is not that of the key is refused.
        """
        groups = " ".join(OTHER.fingerprint[place : place + 4] for place in range(0, 40, 4))
        self.fails(with_item("fingerprint", f"fingerprint {groups}\n".encode()), "the fingerprint is not")

    def test_keys(self) -> None:
        """
        Case 8 of the documents: keys of other sizes are refused.
        """
        for keyword in ("signing-key", "onion-key"):
            data = with_item(keyword, write_item(keyword, "RSA PUBLIC KEY", rsa_der(rsa_key(2048))))
            error = self.assertRaises(MalformedDocument, ServerDescriptor.parse, data)
            self.assertIn("2048 bits where 1024", error.rule)

    def test_identity_certificate(self) -> None:
        """
        A certificate of another type, without the key that signed it, or of another relay is refused.
        """
        signing, until = public_bytes(KEYS.signing), NOW + LIFE

        def item(certificate: bytes) -> bytes:
            return with_item("identity-ed25519", write_item("identity-ed25519", "ED25519 CERT", certificate))

        self.fails(item(make_ed25519_certificate(8, signing, KEYS.master, expires=until)), "type 8 where 4")
        unnamed = make_ed25519_certificate(4, signing, KEYS.master, expires=until, named=False)
        self.fails(item(unnamed), "does not name the key")
        self.fails(item(make_ed25519_certificate(4, signing, OTHER.master, expires=until)), "is not the key that signed")
        forged = bytearray(make_ed25519_certificate(4, signing, KEYS.master, expires=until))
        forged[-1] ^= 1
        self.fails(item(bytes(forged)), "identity-ed25519: the signature is not by")
        replaced = make_ed25519_certificate(4, public_bytes(OTHER.signing), KEYS.master, expires=until)
        self.fails(item(replaced), "the Ed25519 signature is wrong")

    def test_ntor_crosscert(self) -> None:
        """
        Case 11 of the documents: the certificate by the ntor key with the other bit, of another type, or for another relay is
        refused.
        """
        master, until, keyword = public_bytes(KEYS.master), NOW + LIFE, "ntor-onion-key-crosscert"

        def item(sign: int, certificate: bytes) -> bytes:
            return with_item(keyword, write_item(f"{keyword} {sign}", "ED25519 CERT", certificate))

        good = make_ed25519_certificate(10, master, KEYS.ntor, expires=until, named=False)
        self.fails(item(1 - KEYS.ntor_sign, good), "not by the signing key")
        wrong_type = make_ed25519_certificate(11, master, KEYS.ntor, expires=until, named=False)
        self.fails(item(KEYS.ntor_sign, wrong_type), "type 11 where 10")
        other = make_ed25519_certificate(10, public_bytes(OTHER.master), KEYS.ntor, expires=until, named=False)
        self.fails(item(KEYS.ntor_sign, other), "certifies another key")
        by_other = make_ed25519_certificate(10, master, OTHER.ntor, expires=until, named=False)
        self.fails(item(KEYS.ntor_sign, by_other), "not by the signing key")

    def test_ntor_key_without_counterpart(self) -> None:
        """
        The one ntor key that cannot sign is refused.
        """
        key = encoding.unpadded((2**255 - 20).to_bytes(32, "little"))
        self.fails(with_item("ntor-onion-key", f"ntor-onion-key {key}\n".encode()), "no key that can sign")

    def test_family_certificate(self) -> None:
        """
        One family certificate that is wrong spoils the descriptor; one that has expired ends the membership and nothing else.
        """
        master, family = public_bytes(KEYS.master), Ed25519PrivateKey.from_private_bytes(b"f" * 32)

        def item(certificate: bytes) -> bytes:
            return with_item("family-cert", write_item("family-cert", "FAMILY CERT", certificate))

        until = NOW + LIFE
        self.fails(item(make_ed25519_certificate(10, master, family, expires=until)), "type 10 where 12")
        self.fails(item(make_ed25519_certificate(12, public_bytes(OTHER.master), family, expires=until)), "another key")
        unnamed = make_ed25519_certificate(12, master, family, expires=until, named=False)
        self.fails(item(unnamed), "does not name the key")
        expired = item(make_ed25519_certificate(12, master, family, expires=NOW - LIFE))
        self.assertEqual(ServerDescriptor.parse(expired).verify(now=NOW).family_ids, frozenset())

    def test_onion_key_crosscert(self) -> None:
        """
        The signature of the TAP key may hold more than both identities, and must begin with them.
        """
        assert KEYS.onion is not None
        good = KEYS.identity_key.digest + public_bytes(KEYS.master)

        def item(payload: bytes) -> bytes:
            assert KEYS.onion is not None
            return with_item("onion-key-crosscert", write_item("onion-key-crosscert", "CROSSCERT", sign_rsa(KEYS.onion, payload)))

        self.assertTrue(ServerDescriptor.parse(item(good + b"more")).verify(now=NOW))
        for payload in [good[:-1], b"more" + good, OTHER.identity_key.digest + good[20:], good[:20] + public_bytes(OTHER.master)]:
            self.fails(item(payload), "onion-key-crosscert does not hold")

    def test_rsa_signature(self) -> None:
        """
        A signature by another relay's identity is refused.
        """
        good = make()
        body = good.partition(b"router-sig-ed25519")[0]
        other = sign_descriptor(body, OTHER)
        mixed = good[: good.index(b"router-signature")] + other[other.index(b"router-signature") :]
        self.fails(mixed, "the RSA signature is wrong")

    def test_ed25519_signature(self) -> None:
        """
        A signature by another key is refused.
        """
        body = make().partition(b"router-sig-ed25519")[0]
        self.fails(sign_descriptor(body, dataclasses.replace(KEYS, signing=OTHER.signing)), "the Ed25519 signature is wrong")

    def test_two_readings(self) -> None:
        """
        A text in which a plain search finds another end than the parser does is refused, although both signatures are right.
        """
        self.fails(resigned(lambda body: body + b"router-signature-x\n"), "begins another line")
        self.fails(resigned(lambda body: body + b"router-sig-ed25519-x\n"), "begins another line")
        self.fails(sign_tab(), "no space stands before")
        self.fails(resigned(lambda body: b"opt " + body), "does not begin with its keyword")

    def test_expired(self) -> None:
        """
        Case 9 of the documents: with the first certificate the descriptor expires, and the error tells both times.
        """
        self.assertTrue(ServerDescriptor.parse(make()).verify(now=NOW + LIFE))
        self.fails(make(), "expired at 2026-12-20 13:00:00 and it is 2026-12-20 13:00:01", NOW + LIFE + timedelta(seconds=1))

    def test_published(self) -> None:
        """
        Twelve hours ahead of time are tolerated; more than two days behind it, a descriptor is stale.
        """
        ahead = make(published=NOW + timedelta(hours=12))
        self.assertTrue(ServerDescriptor.parse(ahead).verify(now=NOW))
        self.fails(make(published=NOW + timedelta(hours=12, seconds=1)), "12 hours")
        self.assertFalse(ServerDescriptor.parse(make()).verify(now=NOW + timedelta(hours=48)).is_stale)
        self.assertTrue(ServerDescriptor.parse(make()).verify(now=NOW + timedelta(hours=48, seconds=1)).is_stale)

    def test_listed(self) -> None:
        """
        Case 131: a descriptor that is not the one a consensus lists is refused.
        """
        descriptor = ServerDescriptor.parse(make())
        self.assertTrue(descriptor.verify(now=NOW, digest=descriptor.digest().lower(), fingerprint=descriptor.fingerprint))
        self.assertRaises(VerificationFailed, descriptor.verify, now=NOW, digest="00" * 20)
        self.assertRaises(VerificationFailed, descriptor.verify, now=NOW, fingerprint=OTHER.fingerprint)

    def test_digest(self) -> None:
        """
        The digest is the one by which a real consensus lists the descriptor.
        """
        consensus, listed = sample("network-1/consensus"), []
        for one in ServerDescriptor.parse_many(sample("network-1/server-descriptors")):
            assert isinstance(one, ServerDescriptor)
            listed.append(b64encode(one.digest(encoding="raw")).rstrip(b"=") in consensus)
        # One of the authorities had made a new descriptor since.
        self.assertEqual(sorted(listed), [False, True, True, True, True, True, True])

    def test_naive_time(self) -> None:
        """
        A time without a zone is the caller's mistake.
        """
        self.assertRaises(InvalidArgument, ServerDescriptor.parse(make()).verify, now=datetime(2026, 11, 22))

    def test_every_byte(self) -> None:
        """
        A descriptor in which any byte is changed, signed or not, is refused: one bit of each is tried.
        """
        good = make("contact someone")

        def judge(changed: bytes) -> None:
            ServerDescriptor.parse(changed).verify(now=NOW)

        for place in range(len(good)):
            changed = bytearray(good)
            changed[place] ^= 1 << place % 8
            self.assertRaises(DocumentError, judge, bytes(changed))

    @settings(max_examples=200)
    @given(st.data())
    def test_any_change(self, data: st.DataObject) -> None:
        """
        A genuine descriptor in which any byte is changed to any other is refused.
        """
        descriptors = sample("network-2/server-descriptors")
        changed = bytearray(descriptors[: descriptors.index(b"\nrouter ", 1) + 1])
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
        self.assertRaises(DocumentError, lambda: ServerDescriptor.parse(bytes(changed)).verify(now=NOW))

    @settings(max_examples=150)
    @given(st.lists(st.sampled_from(make("contact x", "family a b").splitlines(True)), max_size=40), st.binary(max_size=9))
    def test_every_mixture(self, lines: list[bytes], end: bytes) -> None:
        """
        Lines of a descriptor in any order are a document or the one declared error.
        """
        for one in ServerDescriptor.parse_many(b"".join(lines) + end):
            self.assertIsInstance(one, (ServerDescriptor, MalformedDocument))

    def test_certificates_are_values(self) -> None:
        """
        The certificates of a descriptor can be looked at one by one.
        """
        descriptor = ServerDescriptor.parse(make())
        certificate = descriptor.identity_certificate
        assert isinstance(certificate, Ed25519Certificate)
        self.assertEqual(certificate.signing_key, descriptor.ed25519_master_key)


def sign_tab() -> bytes:
    """
    A descriptor with a tab behind ``router-sig-ed25519``.
    """
    return make().replace(b"router-sig-ed25519 ", b"router-sig-ed25519\t")

