"""
Tests for ``txtor.directory._consensus`` and ``_status_signatures``: which consensus is believed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    USABLE,
    Authorities,
    AuthorityKeys,
    Consensus,
    KeyCertificate,
    SignatureOutcome,
    make_key_certificate,
    rsa_der,
    sign_rsa,
    sign_status,
    write_item,
)
from txtor.errors import InvalidArgument, MalformedDocument, MissingCertificates, VerificationFailed
from txtor.test.directory.keys import rsa_key
from txtor.test.directory.samples import sample
from txtor.test.directory.statuses import (
    THEN,
    authority,
    body,
    certificates,
    consensus,
    genuine_authorities,
    known,
    resigned,
)

HOUR = timedelta(hours=1)


def raw_signature(signer: AuthorityKeys, signature: bytes) -> bytes:
    """
    A signature of any bytes.
    """
    return write_item(f"directory-signature {signer.v3ident} {signer.signing_key_digest}", "SIGNATURE", signature)


class ConsensusVerifyTests(SynchronousTestCase):
    """
    Believing consensuses.
    """

    def fails(
        self,
        document: Consensus,
        words: str,
        authorities: Authorities | None = None,
        held: list[KeyCertificate] | None = None,
        now: datetime = THEN,
    ) -> None:
        """
        Assert that a consensus is read and not believed.
        """
        document.check()
        with self.assertRaises(VerificationFailed) as caught:
            document.verify(
                known(0, 1, 2) if authorities is None else authorities,
                certificates(0, 1, 2) if held is None else held,
                now=now,
            )
        self.assertIn(words, caught.exception.rule)

    def outcomes(self, document: Consensus, *numbers: int, now: datetime = THEN) -> list[SignatureOutcome]:
        """
        What becomes of each signature.
        """
        count = document.count_signatures(known(0, 1, 2), certificates(*numbers), now=now)
        return [verdict.outcome for verdict in count.verdicts]

    def test_genuine(self) -> None:
        """
        Real consensuses of both flavours verify. Case 5 of the owed ones, case 120.
        """
        authorities, found = genuine_authorities()
        for folder in ("network-1", "network-2"):
            for name in ("consensus", "consensus-microdesc"):
                document = Consensus.parse(sample(f"{folder}/{name}"))
                count = document.verify(authorities, found, now=document.valid_after)
                self.assertEqual((len(count.good), count.needed, count.known), (3, 2, 3))

    def test_made(self) -> None:
        """
        Those that txtor makes verify as well, also by a bare majority.
        """
        for flavour in ("ns", "microdesc"):
            document = consensus(flavour)
            for signers in ((0, 1, 2), (2, 1), (0, 2)):
                again = resigned(document, b"", b"", *signers)
                count = again.verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN, flavour=flavour)
                self.assertEqual(count.good, {authority(number).v3ident for number in signers})

    def test_too_few(self) -> None:
        """
        One of three authorities is too few, whoever did not sign. Case 1 of the owed ones, case 118.
        """
        self.fails(resigned(consensus(), b"", b"", 1), "1 of 3 known authorities signed it where 2 are needed")
        self.fails(consensus(), "3 of 7", known(*range(7)))

    def test_repeated(self) -> None:
        """
        One authority's signature three times is one authority. Case 2 of the owed ones, case 118.
        """
        self.fails(resigned(consensus(), b"", b"", 1, 1, 1), "1 of 3 known authorities")
        repeated = resigned(consensus(), b"", b"", 1, 1, 2)
        good, again = SignatureOutcome.GOOD, SignatureOutcome.REPEATED
        self.assertEqual(self.outcomes(repeated, 0, 1, 2), [good, again, good])
        repeated.verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN)

    def test_replaced_signing_keys(self) -> None:
        """
        Certificates whose signing keys were replaced are no certificates. Case 3 of the owed ones, case 119.
        """
        forged = []
        for number in range(3):
            true = authority(number)
            key = rsa_key(1024, 300 + number)
            text = bytes(true.certificate)
            for old, new in [(rsa_der(true.signing), rsa_der(key))]:
                text = text.replace(
                    write_item("dir-signing-key", "RSA PUBLIC KEY", old), write_item("dir-signing-key", "RSA PUBLIC KEY", new)
                )
            forged.append(AuthorityKeys(true.nickname, true.identity, key, KeyCertificate.parse(text)))
        document = Consensus(sign_status(body(consensus()), forged))
        held = [one.certificate for one in forged]
        self.fails(document, "bad certificate", held=held)
        count = document.count_signatures(known(0, 1, 2), held, now=THEN)
        self.assertEqual({verdict.outcome for verdict in count.verdicts}, {SignatureOutcome.BAD_CERTIFICATE})

    def test_strangers(self) -> None:
        """
        Authorities that nobody knows count nothing. Case 4 of the owed ones, case 118.
        """
        self.fails(consensus(), "unknown authority", known(5, 6, 7), certificates(0, 1, 2))
        self.fails(consensus(), "0 of 0", known(), certificates(0, 1, 2))
        self.fails(consensus(), "1 of 3", known(0, 6, 7), certificates(0, 1, 2))

    def test_payloads(self) -> None:
        """
        A padding that is not FF, a digest behind or before something else, DigestInfo: no signatures. Cases 6 and 7 of the owed
        ones, case 121.
        """
        text = body(consensus())
        digest = hashlib.sha1(text + b"directory-signature ").digest()
        signer = authority(1)
        numbers = signer.signing.private_numbers()
        n, d = numbers.public_numbers.n, numbers.d
        other = b"\x00\x01" + b"\x41" * (128 - 23) + b"\x00" + digest
        forged = pow(int.from_bytes(other, "big"), d, n).to_bytes(128, "big")
        info = bytes.fromhex("3021300906052b0e03021a05000414")
        for wrong in (
            forged,
            sign_rsa(signer.signing, b"more" + digest),
            sign_rsa(signer.signing, digest + b"more"),
            sign_rsa(signer.signing, info + digest),
            bytes(128),
            b"\xff" * 128,
            b"\x01" * 200,
        ):
            document = Consensus(sign_status(text, [authority(0)]) + raw_signature(signer, wrong))
            self.fails(document, "bad signature")
        good = Consensus(sign_status(text, [authority(0)]) + raw_signature(signer, sign_rsa(signer.signing, digest)))
        good.verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN)
        short = sign_status(text, [authority(0)]) + raw_signature(signer, bytes(127))
        self.assertRaises(MalformedDocument, Consensus.parse, short)

    def test_one_bad_signature_spoils_nothing(self) -> None:
        """
        Enough good signatures are enough, and the bad one is told.
        """
        signed = sign_status(body(consensus()), [authority(0), authority(2)])
        document = Consensus(signed + raw_signature(authority(1), bytes(128)))
        count = document.verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN)
        outcomes = [verdict.outcome for verdict in count.verdicts]
        self.assertEqual(outcomes, [SignatureOutcome.GOOD, SignatureOutcome.GOOD, SignatureOutcome.BAD_SIGNATURE])
        self.assertIn("bad signature", str(count.verdicts[2]))

    def test_expired(self) -> None:
        """
        A consensus and a certificate that expired say so, with times. Case 9 of the owed ones, case 119.
        """
        document = consensus()
        late = document.valid_until + timedelta(seconds=1)
        self.fails(document, "it expired at 2026-11-22 16:00:00 and it is 2026-11-22 16:00:01", now=late)
        self.fails(document, "not valid before 2026-11-22 13:00:00", now=THEN - timedelta(seconds=1))
        document.verify(known(0, 1, 2), certificates(0, 1, 2), now=document.valid_until)
        document.verify(known(0, 1, 2), certificates(0, 1, 2), now=late, grace=USABLE)
        with self.assertRaises(VerificationFailed):
            document.verify(known(0, 1, 2), certificates(0, 1, 2), now=late + USABLE, grace=USABLE)
        held = []
        for number in range(3):
            one = authority(number)
            before = THEN - timedelta(days=9)
            held.append(make_key_certificate(one.identity, one.signing, published=before, expires=THEN - HOUR))
        self.fails(document, "bad certificate (it expired at 2026-11-22 12:00:00", held=held)
        document.verify(known(0, 1, 2), [*held, *certificates(0, 1, 2)], now=THEN)

    def test_missing_certificates(self) -> None:
        """
        What could be good with certificates that are not there is neither good nor bad, and the certificates are named.
        """
        document = consensus()
        with self.assertRaises(MissingCertificates) as caught:
            document.verify(known(0, 1, 2), certificates(2), now=THEN)
        wanted = {(authority(number).v3ident, authority(number).signing_key_digest) for number in (0, 1)}
        self.assertEqual(set(caught.exception.missing), wanted)
        self.assertIn(authority(0).v3ident, str(caught.exception))
        with self.assertRaises(MissingCertificates):
            document.verify(known(0, 1, 2), [], now=THEN)
        self.fails(resigned(document, b"", b"", 0), "1 of 3", held=certificates(0))
        document.verify(known(0, 1, 2), certificates(0, 2), now=THEN)

    def test_flavour(self) -> None:
        """
        The other flavour than the one that was asked for is refused, and so are signatures made with its hash function.
        """
        with self.assertRaises(VerificationFailed) as caught:
            consensus("ns").verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN, flavour="microdesc")
        self.assertIn("the flavour is ns", caught.exception.rule)
        text = body(consensus("ns"))
        document = Consensus(sign_status(text, [authority(0), authority(1), authority(2)], "microdesc"))
        self.assertEqual(set(self.outcomes(document, 0, 1, 2)), {SignatureOutcome.OTHER_ALGORITHM})
        self.fails(document, "other algorithm (sha256)")
        unknown = Consensus(document.raw.replace(b"directory-signature sha256", b"directory-signature sha9"))
        self.assertEqual(set(self.outcomes(unknown, 0, 1, 2)), {SignatureOutcome.OTHER_ALGORITHM})

    def test_rollback(self) -> None:
        """
        A consensus that is older than the one that is held is refused.
        """
        older, newer = consensus(), consensus(hours=1)
        now = THEN + HOUR
        newer.verify(known(0, 1, 2), certificates(0, 1, 2), now=now, previous=older)
        newer.verify(known(0, 1, 2), certificates(0, 1, 2), now=now, previous=newer)
        with self.assertRaises(VerificationFailed) as caught:
            older.verify(known(0, 1, 2), certificates(0, 1, 2), now=now, previous=newer)
        self.assertIn("older", caught.exception.rule)

    def test_signature_of_nobody(self) -> None:
        """
        A signature whose authority the document does not name makes it malformed, as in tor.
        """
        document = Consensus(sign_status(body(consensus()), [authority(0), authority(1), authority(7)]))
        error = self.assertRaises(MalformedDocument, document.check)
        self.assertIn("nobody", error.rule)

    def test_time_has_a_zone(self) -> None:
        """
        A naive time is the caller's mistake.
        """
        with self.assertRaises(InvalidArgument):
            consensus().verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN.replace(tzinfo=None))

    def test_values(self) -> None:
        """
        Parameters and weights are numbers; what is absent has the default of the specification, and bounds hold.
        """
        document = consensus()
        self.assertEqual(document.parameters.within("circwindow", 1000, 100, 1000), 100)
        self.assertEqual(document.parameters.within("absent", 7, 0, 9), 7)
        self.assertEqual((document.parameters.is_set("absent", True), document.parameters.bandwidth_weight_scale), (True, 10000))
        self.assertEqual(document.bandwidth_weights, {"Wgg": 5000})
        self.assertEqual(str(document.parameters), "bwweightscale=10000 circwindow=80")
        assert document.required_client_protocols is not None
        self.assertTrue(document.required_client_protocols.supports("Relay", 2))
