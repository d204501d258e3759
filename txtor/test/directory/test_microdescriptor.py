"""
Tests for ``txtor.directory._microdescriptor``.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Microdescriptor, ServerDescriptor, encoding, make_microdescriptor, rsa_der, write_item
from txtor.errors import CannotVerify, DocumentError, InvalidArgument, MalformedDocument, VerificationFailed
from txtor.test.directory.keys import rsa_key
from txtor.test.directory.samples import NOW, sample

KEY = encoding.unpadded(b"n" * 32)
ED25519 = encoding.unpadded(b"e" * 32)
BARE = f"onion-key\nntor-onion-key {KEY}\nid ed25519 {ED25519}\n".encode()
FULL = (
    write_item("onion-key", "RSA PUBLIC KEY", rsa_der(rsa_key(1024)))
    + f"""ntor-onion-key {KEY}=
a [2a02:27a8:0:2::665]:443
family $00459AF0E9DED00E54A48B268126679F578F695A nick
family-ids ed25519:{KEY} newer:scheme
p accept 80,443
p6 reject 1-1023
pr Link=1-5
id rsa1024 {encoding.unpadded(b"r" * 20)}
id ed25519 {ED25519}
id newer thing
something new
""".encode()
)


class ReadingTests(SynchronousTestCase):
    """
    The attributes.
    """

    def test_genuine(self) -> None:
        """
        Genuine microdescriptors are read, nothing of them is lost, and their digests are those that the consensus lists.
        """
        data, consensus = sample("network-1/microdescs"), sample("network-1/consensus-microdesc")
        found = [one for one in Microdescriptor.parse_many(data) if isinstance(one, Microdescriptor)]
        self.assertEqual(b"".join(map(bytes, found)), data)
        self.assertEqual(len(found), 7)
        for one in found:
            self.assertIn(one.digest("sha256", "base64").encode(), consensus)
            self.assertEqual(len(one.ed25519_master_key or b""), 32)
        self.assertEqual([one.family_ids is not None for one in found].count(True), 2)
        self.assertEqual([str(one.exit_policy) for one in found].count("accept 1-65535"), 3)

    def test_everything(self) -> None:
        """
        Case 14 of the documents: all lines are typed, and unknown ones kept.
        """
        one = Microdescriptor.parse(FULL)
        assert one.onion_key is not None and one.family is not None and one.protocols is not None
        self.assertEqual(one.onion_key.bits, 1024)
        self.assertEqual(one.ntor_onion_key, b"n" * 32)
        self.assertEqual(one.or_addresses, (("2a02:27a8:0:2::665", 443),))
        self.assertEqual((one.family.nicknames, len(one.family.fingerprints)), (frozenset({"nick"}), 1))
        self.assertEqual(one.family_ids, (f"ed25519:{KEY}", "newer:scheme"))
        self.assertEqual((str(one.exit_policy), str(one.exit_policy_v6)), ("accept 80,443", "reject 1-1023"))
        self.assertTrue(one.protocols.supports("Link", 5))
        self.assertEqual(one.identifiers, {"rsa1024": b"r" * 20, "ed25519": b"e" * 32})
        self.assertEqual(one.unrecognized_lines, ("something new",))

    def test_bare_onion_key(self) -> None:
        """
        Case 13 of the documents: relays since 0.4.9 have a bare ``onion-key``.
        """
        one = Microdescriptor.parse(BARE)
        self.assertIsNone(one.onion_key)
        self.assertIsNone(one.exit_policy)
        self.assertEqual(one.ed25519_master_key, b"e" * 32)

    def test_many(self) -> None:
        """
        Bare and full ones are told apart where they stand one behind another, with the annotations of tor's cache.
        """
        data = b"@last-listed 2017-03-09 02:00:12\n" + BARE + b"@last-listed soon\n" + FULL + BARE
        found = [one for one in Microdescriptor.parse_many(data) if isinstance(one, Microdescriptor)]
        self.assertEqual([one.content for one in found], [BARE, FULL, BARE])
        self.assertEqual(found[0].last_listed, datetime(2017, 3, 9, 2, 0, 12, tzinfo=timezone.utc))
        self.assertEqual((found[1].last_listed, found[2].last_listed), (None, None))

    def test_refused(self) -> None:
        """
        Case 20 of the documents: what is missing, repeated or malformed is refused.
        """
        for old, new in [
            (b"ntor-onion-key", b"x-ntor-onion-key"),
            (b"id ed25519", f"id ed25519 {ED25519}\nid ed25519".encode()),
            (b"id ed25519 ", b"id ed25519 A"),
            (b"p accept", b"p perhaps"),
            (b"p accept 80,443", b"p accept 80\np accept 443"),
            (b"pr Link=1-5", b"pr Link=5-1"),
            (b"a [2a02", b"a [2a02::"),
            (b"-----END RSA", b"-----END DSA"),
        ]:
            self.assertIn(old, FULL)
            self.assertRaises(MalformedDocument, Microdescriptor.parse, FULL.replace(old, new, 1))
        self.assertRaises(MalformedDocument, Microdescriptor.parse, b"onion-key\n")


class VerificationTests(SynchronousTestCase):
    """
    Whether a microdescriptor is believed.
    """

    def test_digest(self) -> None:
        """
        It is believed when it has the digest that a consensus lists, as bytes or as text.
        """
        digest = hashlib.sha256(FULL).digest()
        Microdescriptor.parse(FULL).verify(digest)
        Microdescriptor.parse(b"@x\n" + FULL + b"\n").verify(encoding.unpadded(digest))

    def test_wrong_digest(self) -> None:
        """
        Case 26 of the documents, case 131: one with another digest is not what was asked for.
        """
        one = Microdescriptor.parse(FULL)
        self.assertRaises(VerificationFailed, one.verify, hashlib.sha256(BARE).digest())
        self.assertRaises(VerificationFailed, one.verify, b"")
        self.assertRaises(MalformedDocument, one.verify, "no digest")

    def test_alone(self) -> None:
        """
        Alone it proves nothing.
        """
        self.assertRaises(CannotVerify, Microdescriptor.parse(FULL).verify)

    def test_every_byte(self) -> None:
        """
        One in which any byte is changed is refused.
        """
        digest = hashlib.sha256(FULL).digest()
        for place in range(len(FULL)):
            changed = bytearray(FULL)
            changed[place] ^= 1 << place % 8
            self.assertRaises(DocumentError, lambda data: Microdescriptor.parse(data).verify(digest), bytes(changed))

    @settings(max_examples=150)
    @given(st.lists(st.sampled_from(FULL.splitlines(True)), max_size=30), st.binary(max_size=9))
    def test_every_mixture(self, lines: list[bytes], end: bytes) -> None:
        """
        Lines of a microdescriptor in any order are documents or the one declared error.
        """
        for one in Microdescriptor.parse_many(b"".join(lines) + end):
            self.assertIsInstance(one, (Microdescriptor, MalformedDocument))


class ComputingTests(SynchronousTestCase):
    """
    Microdescriptors computed from server descriptors.
    """

    def test_genuine(self) -> None:
        """
        From genuine server descriptors come the microdescriptors that the authorities of their network agreed on, byte for byte.
        """
        found = Microdescriptor.parse_many(sample("network-1/microdescs"))
        theirs = {one.content for one in found if isinstance(one, Microdescriptor)}
        ours = {
            make_microdescriptor(one).content
            for one in ServerDescriptor.parse_many(sample("network-1/server-descriptors"))
            if isinstance(one, ServerDescriptor) and one.onion_key is not None
        }
        self.assertEqual(len(ours), 6)
        self.assertEqual(ours - theirs, set())

    def test_without_onion_key(self) -> None:
        """
        Case 13 of the documents: a relay without the key of the TAP handshake has a bare ``onion-key``.
        """
        data = sample("fresh-relay-descs")
        descriptor = ServerDescriptor.parse(data[: data.index(b"extra-info relay000")])
        one = make_microdescriptor(descriptor)
        self.assertTrue(bytes(one).startswith(b"onion-key\nntor-onion-key "))
        assert one.family_ids is not None
        self.assertEqual(set(one.family_ids), descriptor.verify(now=NOW).family_ids)

    def test_methods(self) -> None:
        """
        Family ids came with method 35; methods that nobody uses any more are refused.
        """
        data = sample("fresh-relay-descs")
        descriptor = ServerDescriptor.parse(data[: data.index(b"extra-info relay000")])
        self.assertIsNone(make_microdescriptor(descriptor, 34).family_ids)
        for method in (31, 36):
            self.assertRaises(InvalidArgument, make_microdescriptor, descriptor, method)
