"""
Tests for ``txtor.directory._certificate``.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import CertificateExtension, Ed25519Certificate, make_ed25519_certificate
from txtor.directory._make import public_bytes
from txtor.errors import CannotVerify, DocumentError, InvalidArgument, MalformedDocument, VerificationFailed
from txtor.test.directory.samples import NOW

SIGNER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
SIGNER_KEY = public_bytes(SIGNER)
KEY = public_bytes(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
EXPIRES = NOW + timedelta(days=30)


def make(named: bool = True, *extensions: CertificateExtension, expires: datetime = EXPIRES) -> bytes:
    """
    A certificate for `KEY` by `SIGNER`.
    """
    return make_ed25519_certificate(4, KEY, SIGNER, expires=expires, named=named, extensions=extensions)


def sign(body: bytes) -> bytes:
    """
    Sign a body of any shape, as an attacker who has the key would.
    """
    return body + SIGNER.sign(body)


class CertificateTests(SynchronousTestCase):
    """
    Reading certificates and judging them.
    """

    def refused(self, certificate: bytes, words: str) -> None:
        """
        Assert that the bytes are no certificate.
        """
        error = self.assertRaises(MalformedDocument, Ed25519Certificate.parse, certificate)
        self.assertIn(words, error.rule)

    def fails(self, certificate: bytes, words: str, signing_key: bytes | None = None, now: datetime = NOW) -> None:
        """
        Assert that a certificate is not believed.
        """
        parsed = Ed25519Certificate.parse(certificate)
        error = self.assertRaises(VerificationFailed, parsed.verify, signing_key, now=now)
        self.assertIn(words, error.rule)

    def test_parts(self) -> None:
        """
        All parts are read, and the bytes are kept.
        """
        extra = CertificateExtension(77, 0, b"abc")
        data = make(True, extra)
        certificate = Ed25519Certificate.parse(data)
        self.assertEqual(certificate.raw, data)
        self.assertEqual((certificate.type, certificate.type_name, certificate.key_type), (4, "IDENTITY_V_SIGNING", 1))
        self.assertEqual((certificate.key, certificate.signing_key), (KEY, SIGNER_KEY))
        self.assertEqual(certificate.expires, EXPIRES)
        self.assertEqual(certificate.extensions, (CertificateExtension(4, 0, SIGNER_KEY), extra))
        self.assertFalse(extra.affects_validation)

    def test_unknown_type(self) -> None:
        """
        A type that txtor does not know is a number without a name.
        """
        certificate = Ed25519Certificate.parse(make_ed25519_certificate(200, KEY, SIGNER, expires=EXPIRES))
        self.assertEqual((certificate.type, certificate.type_name), (200, None))

    def test_verify(self) -> None:
        """
        A certificate is good for the key that signed it, whether it names the key or the caller does.
        """
        Ed25519Certificate.parse(make()).verify(now=NOW)
        Ed25519Certificate.parse(make()).verify(SIGNER_KEY, now=NOW, type=4)
        Ed25519Certificate.parse(make(named=False)).verify(SIGNER_KEY, now=NOW)

    def test_no_key(self) -> None:
        """
        Without a key there is no verdict.
        """
        self.assertRaises(CannotVerify, Ed25519Certificate.parse(make(named=False)).verify, now=NOW)

    def test_wrong_key(self) -> None:
        """
        Another key than the one it names, and one that did not sign it, are told apart.
        """
        self.fails(make(), "names another", public_bytes(OTHER))
        self.fails(make(named=False), "not by the signing key", public_bytes(OTHER))

    def test_wrong_type(self) -> None:
        """
        A certificate for one purpose is none for another.
        """
        parsed = Ed25519Certificate.parse(make())
        error = self.assertRaises(VerificationFailed, parsed.verify, now=NOW, type=10)
        self.assertIn("type 4 where 10", error.rule)

    def test_small_order_signer(self) -> None:
        """
        A certificate that the identity point "signed" is refused, although its arithmetic is right.
        """
        identity = (1).to_bytes(32, "little")
        body = make(named=False)[:-64]
        forged = body + identity + bytes(32)
        self.fails(forged, "small order", identity)

    def test_expiry(self) -> None:
        """
        Case 9 of the documents: it is good up to and with the moment that it names, and the error tells both times.
        """
        certificate = Ed25519Certificate.parse(make())
        certificate.verify(now=EXPIRES)
        self.fails(make(), "expired at 2026-12-22 13:00:00", now=EXPIRES + timedelta(seconds=1))
        self.fails(make(expires=datetime(2015, 6, 1, tzinfo=timezone.utc)), "expired at 2015-06-01")

    def test_year_490000(self) -> None:
        """
        A date that no calendar here has is the last hour that it has.
        """
        body = bytearray(make()[:-64])
        body[2:6] = b"\xff\xff\xff\xff"
        certificate = Ed25519Certificate.parse(sign(bytes(body)))
        self.assertEqual(certificate.expires, datetime(9999, 12, 31, 23, tzinfo=timezone.utc))
        self.assertEqual(certificate.expiration_hours, 2**32 - 1)
        certificate.verify(now=NOW)

    def test_naive_time(self) -> None:
        """
        A time without a zone is the caller's mistake.
        """
        self.assertRaises(InvalidArgument, Ed25519Certificate.parse(make()).verify, now=datetime(2026, 1, 1))

    def test_extensions(self) -> None:
        """
        Case 12 of the documents, case 125: an unknown extension that must be known refuses the certificate; another does not.
        """
        Ed25519Certificate.parse(make(True, CertificateExtension(200, 2, b"x"))).verify(now=NOW)
        self.refused(make(True, CertificateExtension(200, 1, b"x")), "unknown")
        self.refused(make(True, CertificateExtension(200, 255, b"")), "unknown")

    def test_signing_key_extension(self) -> None:
        """
        Two keys that signed, and one of another size, are refused.
        """
        self.refused(make(True, CertificateExtension(4, 0, SIGNER_KEY)), "two keys")
        self.refused(make(False, CertificateExtension(4, 0, SIGNER_KEY[:-1])), "31 bytes")

    def test_structure(self) -> None:
        """
        Another version, a cut extension, bytes left over and too few bytes are refused, even when they are signed.
        """
        body = make()[:-64]
        self.refused(sign(b"\2" + body[1:]), "version 2")
        self.refused(sign(body + b"\0"), "behind the extensions")
        self.refused(sign(body[:-1]), "cut")
        self.refused(sign(body[:39] + b"\2" + body[40:]), "cut")
        self.refused(sign(body[:39] + b"\0" + body[40:]), "behind the extensions")
        self.refused(sign(body[:40] + b"\xff" + body[41:]), "cut")
        self.refused(b"", "too few")
        self.refused(sign(body[:39]), "too few")

    @settings(max_examples=200)
    @given(st.data())
    def test_changed(self, data: st.DataObject) -> None:
        """
        A certificate with any byte changed is refused.
        """
        changed = bytearray(make())
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))

        def judge() -> None:
            Ed25519Certificate.parse(bytes(changed)).verify(SIGNER_KEY, now=NOW)

        self.assertRaises(DocumentError, judge)

    @settings(max_examples=200)
    @given(st.binary(max_size=220), st.booleans())
    def test_every_text(self, data: bytes, begun: bool) -> None:
        """
        Any bytes are a certificate or the one declared error.
        """
        if begun:
            data = b"\1" + data
        try:
            certificate = Ed25519Certificate.parse(data)
        except MalformedDocument:
            return
        self.assertEqual(certificate.raw, data)
        self.assertRaises((VerificationFailed, CannotVerify), certificate.verify, now=NOW)

    def test_made_wrong(self) -> None:
        """
        What cannot stand in a certificate is not written.
        """
        naive = datetime(2026, 1, 1)
        for kind, key, expires in [(256, KEY, EXPIRES), (-1, KEY, EXPIRES), (4, b"short", EXPIRES), (4, KEY, naive)]:
            self.assertRaises(InvalidArgument, make_ed25519_certificate, kind, key, SIGNER, expires=expires)
        before = datetime(1969, 12, 31, tzinfo=timezone.utc)
        self.assertRaises(InvalidArgument, make_ed25519_certificate, 4, KEY, SIGNER, expires=before)
