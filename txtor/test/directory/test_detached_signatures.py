"""
Tests for ``txtor.directory._detached_signatures``.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Consensus, DetachedSignatures, make_detached_signatures
from txtor.errors import DocumentError, InvalidArgument, MalformedDocument, MissingCertificates, VerificationFailed
from txtor.test.directory.samples import sample
from txtor.test.directory.statuses import THEN, authority, certificates, consensus, genuine_authorities, known

BOTH = [consensus("ns"), consensus("microdesc")]
GOOD = make_detached_signatures(BOTH, [authority(0), authority(1), authority(2)])


class DetachedSignaturesTests(SynchronousTestCase):
    """
    Reading and verifying detached signatures.
    """

    def fails(self, found: DetachedSignatures, words: str, document: Consensus = BOTH[0]) -> None:
        """
        Assert that signatures are not believed.
        """
        with self.assertRaises(VerificationFailed) as caught:
            found.verify(document, known(0, 1, 2), certificates(0, 1, 2), now=THEN)
        self.assertIn(words, caught.exception.rule)

    def test_genuine(self) -> None:
        """
        Real detached signatures verify for both flavours of their consensus, and for no other.
        """
        found = DetachedSignatures.parse(sample("network-2/consensus-signatures"))
        self.assertEqual(b"".join(map(bytes, found.items)), found.raw)
        authorities, held = genuine_authorities()
        for name in ("consensus", "consensus-microdesc"):
            document = Consensus.parse(sample(f"network-2/{name}"))
            count = found.verify(document, authorities, held, now=document.valid_after)
            self.assertEqual(len(count.good), 3)
            with self.assertRaises(VerificationFailed):
                found.verify(Consensus.parse(sample(f"network-1/{name}")), authorities, held, now=document.valid_after)

    def test_made(self) -> None:
        """
        Those that txtor makes verify.
        """
        for document in BOTH:
            GOOD.verify(document, known(0, 1, 2), certificates(0, 1, 2), now=THEN)
        self.assertRaises(InvalidArgument, make_detached_signatures, BOTH[1:], [authority(0)])

    def test_not_believed(self) -> None:
        """
        Too few, missing certificates, times or digests of another consensus, a flavour without digest.
        """
        one = make_detached_signatures(BOTH, [authority(0)])
        self.fails(one, "1 of 3")
        count = one.count_signatures(BOTH[0], known(0, 1, 2), certificates(0, 1, 2), now=THEN)
        self.assertEqual(count.good, {authority(0).v3ident})
        with self.assertRaises(MissingCertificates):
            GOOD.verify(BOTH[0], known(0, 1, 2), [], now=THEN)
        self.fails(GOOD, "valid-after", consensus(hours=1))
        self.fails(GOOD, "sha1 digest", consensus(routers=3))
        self.fails(GOOD, "sha256 digest", consensus("microdesc", routers=3))
        self.fails(make_detached_signatures(BOTH[:1], [authority(0)]), "no digest of the flavour", BOTH[1])

    def test_two_digests(self) -> None:
        """
        Of two digests for one flavour and hash function the first counts; digests of unknown kinds are kept.
        """
        line = f"additional-digest microdesc sha256 {'0' * 64}\n".encode()
        later = DetachedSignatures(GOOD.raw.replace(b"additional-signature", line + b"additional-signature", 1))
        later.verify(BOTH[1], known(0, 1, 2), certificates(0, 1, 2), now=THEN)
        sooner = DetachedSignatures(GOOD.raw.replace(b"additional-digest", line + b"additional-digest", 1))
        self.fails(sooner, "sha256 digest", BOTH[1])
        more = b"additional-digest x y 00\nadditional-digest"
        strange = DetachedSignatures.parse(GOOD.raw.replace(b"additional-digest", more, 1))
        self.assertEqual(strange.digests_of("x"), {"y": "00"})
        strange.verify(BOTH[1], known(0, 1, 2), certificates(0, 1, 2), now=THEN)

    def test_a_consensus_is_none(self) -> None:
        """
        A directory that has no such signatures may answer with the consensus: it is not taken. Case 26 of the owed ones.
        """
        self.assertRaises(MalformedDocument, DetachedSignatures.parse, BOTH[0].raw)
        self.assertRaises(MalformedDocument, Consensus.parse, GOOD.raw)

    def test_refused(self) -> None:
        """
        Digests that are none, signatures that are missing or too small.
        """
        for old, new in [
            (b"consensus-digest ", b"consensus-digest 0"),
            (b"microdesc sha256 ", b"microdesc sha256 0"),
            (b"additional-digest microdesc sha256", b"additional-digest microdesc"),
            (b"valid-until", b"valid-untie"),
            (b"-----BEGIN SIGNATURE-----\n", b"-----BEGIN SIGNATURE-----\n!"),
            (b"directory-signature", b"directory-signal"),
        ]:
            self.assertRaises(MalformedDocument, DetachedSignatures.parse, GOOD.raw.replace(old, new))

    @given(st.data())
    @settings(max_examples=60)
    def test_any_bytes(self, data: st.DataObject) -> None:
        """
        With a part replaced by anything it is a value whose bytes come back, or malformed; it verifies only where nothing counts.
        """
        start = data.draw(st.integers(0, len(GOOD.raw)))
        changed = GOOD.raw[:start] + data.draw(st.binary(min_size=1, max_size=9)) + GOOD.raw[start + 9 :]
        try:
            found = DetachedSignatures.parse(changed)
            self.assertEqual(bytes(found), changed)
            found.verify(BOTH[0], known(0, 1, 2), certificates(0, 1, 2), now=THEN + timedelta(minutes=1))
        except DocumentError:
            return
        self.assertEqual((found.consensus_digest, found.valid_after), (GOOD.consensus_digest, GOOD.valid_after))
