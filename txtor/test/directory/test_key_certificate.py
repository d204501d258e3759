"""
Tests for ``txtor.directory._key_certificate``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import KeyCertificate, make_key_certificate, rsa_der, sign_rsa, write_item
from txtor.directory._make_key_certificate import certify
from txtor.errors import DocumentError, InvalidArgument, MalformedDocument, VerificationFailed
from txtor.test.directory.keys import rsa_key
from txtor.test.directory.samples import NOW, sample

IDENTITY, SIGNING, OTHER = rsa_key(2048), rsa_key(1024), rsa_key(1024, 1)
EXPIRES = NOW + timedelta(days=90)
GOOD = bytes(make_key_certificate(IDENTITY, SIGNING, published=NOW, expires=EXPIRES, address="127.0.0.1:80"))


def recertified(old: bytes, new: bytes) -> bytes:
    """
    A certificate in which something was replaced before the identity key signed it.
    """
    body = GOOD.partition(b"dir-key-certification\n")[0]
    assert old in body
    return certify(body.replace(old, new, 1), IDENTITY)


class KeyCertificateTests(SynchronousTestCase):
    """
    Reading key certificates and judging them.
    """

    def fails(self, data: bytes, words: str, now: datetime = NOW) -> None:
        """
        Assert that a certificate is well-formed and is not believed.
        """
        error = self.assertRaises(VerificationFailed, KeyCertificate.parse(data).verify, now=now)
        self.assertIn(words, error.rule)
        self.assertEqual(error.section, "dir-spec 3.1")

    def test_genuine(self) -> None:
        """
        The certificates of a real network are read and verify, and nothing of them is lost.
        """
        data = sample("network-1/key-certificates")
        found = [one for one in KeyCertificate.parse_many(data) if isinstance(one, KeyCertificate)]
        self.assertEqual(b"".join(map(bytes, found)), data)
        known = {one.fingerprint for one in found}
        self.assertEqual(len(known), 3)
        for one in found:
            self.assertTrue(one.verify(now=NOW, authorities=known).is_known)
            self.assertEqual((one.identity_key.bits, one.signing_key.bits), (3072, 2048))
            self.assertIn(one.signing_key_digest.encode(), sample("network-1/consensus"))
        self.assertEqual(found[0].address, ("127.0.0.1", 17001))

    def test_made(self) -> None:
        """
        What txtor makes verifies, and is read as it was made.
        """
        one = KeyCertificate.parse(GOOD)
        self.assertIsNone(one.verify(now=NOW).is_known)
        self.assertEqual((one.version, one.published, one.expires), (3, NOW, EXPIRES))
        self.assertEqual(one.address, ("127.0.0.1", 80))
        self.assertIsNone(make_key_certificate(IDENTITY, SIGNING, published=NOW, expires=EXPIRES).address)

    def test_replaced_signing_key(self) -> None:
        """
        Case 3 of the documents, case 119: a certificate with a replaced signing key is refused.
        """
        replaced = GOOD.replace(
            write_item("dir-signing-key", "RSA PUBLIC KEY", rsa_der(SIGNING)),
            write_item("dir-signing-key", "RSA PUBLIC KEY", rsa_der(OTHER)),
        )
        self.fails(replaced, "not by the identity key")
        self.fails(recertified(*self.signing_keys()), "the signing key did not sign the identity")

    def signing_keys(self) -> tuple[bytes, bytes]:
        """
        The item of the signing key, and one with another key.
        """
        return (
            write_item("dir-signing-key", "RSA PUBLIC KEY", rsa_der(SIGNING)),
            write_item("dir-signing-key", "RSA PUBLIC KEY", rsa_der(OTHER)),
        )

    def test_crosscert(self) -> None:
        """
        Case 119: without the signature of the signing key, or with another one, it is refused; both labels are accepted.
        """
        good = sign_rsa(SIGNING, KeyCertificate(GOOD).identity_key.digest)
        item = write_item("dir-key-crosscert", "ID SIGNATURE", good)
        self.assertRaises(MalformedDocument, KeyCertificate.parse, recertified(item, b""))
        other = write_item("dir-key-crosscert", "ID SIGNATURE", sign_rsa(OTHER, KeyCertificate(GOOD).identity_key.digest))
        self.fails(recertified(item, other), "did not sign the identity")
        longer = write_item("dir-key-crosscert", "SIGNATURE", sign_rsa(SIGNING, KeyCertificate(GOOD).identity_key.digest + b"x"))
        self.fails(recertified(item, longer), "did not sign the identity")
        plain = recertified(item, write_item("dir-key-crosscert", "SIGNATURE", good))
        self.assertIsNone(KeyCertificate.parse(plain).verify(now=NOW).is_known)
        short = recertified(item, write_item("dir-key-crosscert", "SIGNATURE", good[:100]))
        self.fails(short, "100 bytes where 128 to 512")

    def test_fingerprint(self) -> None:
        """
        A fingerprint that is not that of the identity key is refused.
        """
        self.fails(recertified(KeyCertificate(GOOD).fingerprint.encode(), b"AB" * 20), "the fingerprint is not")

    def test_dates(self) -> None:
        """
        Case 9 of the documents, case 119: it is good from the first moment up to the second one, and the error tells the
        time.
        """
        one = KeyCertificate.parse(GOOD)
        one.verify(now=EXPIRES - timedelta(seconds=1))
        self.fails(GOOD, "expired at 2027-02-20 13:00:00", EXPIRES)
        self.fails(GOOD, "not in force before 2026-11-22 13:00:00", NOW - timedelta(seconds=1))
        self.assertRaises(InvalidArgument, one.verify, now=datetime(2026, 12, 1))

    def test_unknown_authority(self) -> None:
        """
        Case 4 of the documents: one that is consistent and of nobody who is known is refused when the known ones are given.
        """
        one = KeyCertificate.parse(GOOD)
        self.assertRaises(VerificationFailed, one.verify, now=NOW, authorities=["AB" * 20])
        self.assertRaises(VerificationFailed, one.verify, now=NOW, authorities=[])
        self.assertTrue(one.verify(now=NOW, authorities=[one.fingerprint.lower()]).is_known)

    def test_two_readings(self) -> None:
        """
        A text in which a plain search finds another end is refused, although the signature is right.
        """
        self.fails(recertified(b"dir-key-crosscert", b"dir-key-certification-x\ndir-key-crosscert"), "begins another line")

    def test_refused(self) -> None:
        """
        Case 20 of the documents: what is missing, repeated, malformed or too long is refused.
        """
        for old, new in [
            (b"version 3", b"version 4"),
            (b"dir-key-published", b"x-dir-key-published"),
            (b"dir-key-expires 2027", b"dir-key-expires 20x7"),
            (b"dir-address 127.0.0.1:80", b"dir-address somewhere"),
            (b"fingerprint ", b"fingerprint 00\nfingerprint "),
            (b"dir-key-crosscert", b"note " + b"x " * 70000 + b"\ndir-key-crosscert"),
        ]:
            self.assertRaises(MalformedDocument, KeyCertificate.parse, recertified(old, new))
        long = recertified(b"dir-key-crosscert", b"note " + b"x" * 70000 + b"\nnote " + b"x" * 70000 + b"\ndir-key-crosscert")
        self.assertRaises(MalformedDocument, KeyCertificate.parse, long)
        self.assertRaises(MalformedDocument, KeyCertificate.parse, GOOD + b"more\n")

    def test_every_byte(self) -> None:
        """
        A certificate in which any byte is changed is refused: one bit of each is tried.
        """

        def judge(changed: bytes) -> None:
            KeyCertificate.parse(changed).verify(now=NOW)

        for place in range(len(GOOD)):
            changed = bytearray(GOOD)
            changed[place] ^= 1 << place % 8
            self.assertRaises(DocumentError, judge, bytes(changed))

    @settings(max_examples=100)
    @given(st.lists(st.sampled_from(GOOD.splitlines(True)), max_size=50), st.binary(max_size=9))
    def test_every_mixture(self, lines: list[bytes], end: bytes) -> None:
        """
        Lines of a certificate in any order are documents or the one declared error.
        """
        for one in KeyCertificate.parse_many(b"".join(lines) + end):
            self.assertIsInstance(one, (KeyCertificate, MalformedDocument))
