"""
Tests for ``txtor.directory._vote``.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Consensus, Vote, make_vote, sign_status
from txtor.errors import DocumentError, MalformedDocument, VerificationFailed
from txtor.test.directory.samples import sample
from txtor.test.directory.statuses import THEN, authority, consensus, entry, genuine_authorities, known

GENUINE = ["network-1/vote-auth000", *[f"network-2/vote-auth00{number}" for number in range(3)]]
FLAGS = "Fast Running Valid"
REVEAL = base64.b64encode((1795351977).to_bytes(8, "big") + bytes(range(32))).decode()
COMMIT = base64.b64encode((1795351977).to_bytes(8, "big") + hashlib.sha3_256(REVEAL.encode()).digest()).decode()


def identified(number: int, key: bytes) -> bytes:
    """
    The entry of a relay with an Ed25519 identity.
    """
    return entry(number) + b"id ed25519 " + base64.b64encode(key).rstrip(b"=") + b"\n"


def vote(*lines: str, flags: str = FLAGS) -> Vote:
    """
    A vote of authority 0.
    """
    entries = [identified(number, bytes([number]) * 32) for number in range(9)]
    return make_vote([*entries, entry(9) + b"id ed25519 none\n"], authority(0), valid_after=THEN, flags=flags, lines=lines)


def resigned(document: Vote, old: bytes, new: bytes, number: int = 0) -> Vote:
    """
    A vote in which something was replaced before it was signed.
    """
    text = document.raw[: document.raw.index(b"directory-signature")]
    assert old in text
    return Vote(sign_status(text.replace(old, new), [authority(number)]))


class VoteTests(SynchronousTestCase):
    """
    Reading and verifying votes.
    """

    def fails(self, document: Vote, words: str) -> None:
        """
        Assert that a vote is not believed.
        """
        with self.assertRaises(DocumentError) as caught:
            document.verify(known(0, 1), now=THEN)
        self.assertIn(words, caught.exception.rule)

    def test_genuine(self) -> None:
        """
        Real votes are read, keep all their bytes, and verify.
        """
        authorities, _ = genuine_authorities()
        for name in GENUINE:
            document = Vote.parse(sample(name))
            document.verify(authorities, now=document.valid_after)
            self.assertEqual(b"".join(map(bytes, document.items)), document.raw)
            self.assertEqual((document.consensus_methods, len(document.routers)), ((32, 33, 34, 35), 7))
            self.assertEqual((document.unrecognized_lines, document.flavour), ((), "ns"))
            self.assertEqual(document.certificate.fingerprint, document.source.identity)
            self.assertTrue(document.takes_part_in_shared_randomness)
        first = Vote.parse(sample("network-2/vote-auth000"))
        assert first.flag_thresholds is not None and first.bandwidth_file_headers is not None
        self.assertEqual(first.flag_thresholds["guard-wfu"], "98.000%")
        self.assertEqual(first.bandwidth_file_headers["software"], "sbws")
        digest = hashlib.sha256(sample("network-1/bandwidth-next")).digest()
        self.assertEqual(first.bandwidth_file_digest, {"sha256": digest})

    def test_counted(self) -> None:
        """
        The real votes are those that their consensus names.
        """
        made = Consensus.parse(sample("network-2/consensus"))
        for name in GENUINE[1:]:
            Vote.parse(sample(name)).check_counted(made)
        self.assertRaises(VerificationFailed, Vote.parse(sample(GENUINE[0])).check_counted, made)
        self.assertRaises(VerificationFailed, Vote.parse(sample(GENUINE[1])).check_counted, consensus())

    def test_made(self) -> None:
        """
        A vote that txtor makes verifies.
        """
        document = vote("shared-rand-participate", f"shared-rand-commit 1 sha3-256 {authority(0).v3ident} {COMMIT} {REVEAL}")
        document.verify(known(0, 1), now=THEN)
        (commit,) = document.shared_randomness_commits
        self.assertEqual((commit.identity, commit.time.year), (authority(0).v3ident, 2026))

    def test_not_believed(self) -> None:
        """
        A stranger's vote, one signed with another key, by another authority or with another hash, and one that was changed.
        """
        good = vote()
        good.verify(known(0), now=THEN)
        with self.assertRaises(VerificationFailed):
            good.verify(known(1, 2), now=THEN)
        with self.assertRaises(VerificationFailed):
            good.verify(known(0), now=THEN + timedelta(days=400))
        self.fails(resigned(good, b"", b"", 1), "not of one authority")
        self.fails(Vote(good.raw.replace(b"relay3", b"relayX")), "the signature is wrong")
        text = good.raw[: good.raw.index(b"directory-signature")]
        self.fails(Vote(sign_status(text, [authority(0)], "microdesc")), "another kind")
        stolen = dataclasses.replace(authority(0), signing=authority(1).signing)
        self.fails(Vote(sign_status(text, [stolen])), "another key")

    def test_flags(self) -> None:
        """
        A router has only flags that the vote knows, of which there are at most 64.
        """
        self.fails(vote(flags="Fast Valid"), "known-flags does not have: 'Running'")
        self.assertRaises(MalformedDocument, vote(flags=" ".join(f"F{number:03}" for number in range(65))).check)
        vote(flags=" ".join(sorted([*FLAGS.split(), *[f"X{number:03}" for number in range(61)]]))).verify(known(0), now=THEN)

    def test_identities(self) -> None:
        """
        No two routers have one Ed25519 identity.
        """
        document = make_vote([identified(1, bytes(32)), identified(2, bytes(32))], authority(0), valid_after=THEN, flags=FLAGS)
        self.fails(document, "another router")

    def test_commits(self) -> None:
        """
        What was revealed is what was committed to, and each authority commits once.
        """
        other = base64.b64encode((1795351977).to_bytes(8, "big") + bytes(32)).decode()
        late = base64.b64encode((1795351978).to_bytes(8, "big") + bytes(range(32))).decode()
        name = authority(0).v3ident
        self.fails(vote(f"shared-rand-commit 1 sha3-256 {name} {COMMIT} {other}"), "another number")
        self.fails(vote(f"shared-rand-commit 1 sha3-256 {name} {COMMIT} {late}"), "another time")
        self.fails(vote(*[f"shared-rand-commit 1 sha3-256 {name} {COMMIT}"] * 2), "two commits")
        for wrong in ("AAAA", COMMIT[:-1], "/" * 56, base64.b64encode(bytes(39)).decode()):
            self.fails(vote(f"shared-rand-commit 1 sha3-256 {name} {wrong}"), "shared-rand-commit")

    def test_structure(self) -> None:
        """
        Two signatures, certificate lines elsewhere, a flavour, no certificate: no votes. Case 20 of the owed ones.
        """
        good = vote()
        signature = good.raw[good.raw.index(b"directory-signature") :]
        for raw in (
            good.raw + signature,
            good.raw.replace(b"\nvalid-after", b"\ndir-key-published 2026-11-22 00:00:00\nvalid-after"),
            good.raw.replace(b"network-status-version 3", b"network-status-version 3 microdesc"),
            good.raw.replace(good.certificate.raw, b""),
            good.raw.replace(b"vote-status vote", b"vote-status consensus"),
            consensus().raw,
        ):
            self.assertRaises(MalformedDocument, Vote.parse, raw)

    @given(st.sampled_from(GENUINE), st.data())
    @settings(max_examples=40)
    def test_flipped_byte(self, name: str, data: st.DataObject) -> None:
        """
        A vote with one byte changed anywhere in what is signed is never believed.
        """
        raw = sample(name)
        authorities, _ = genuine_authorities()
        place = data.draw(st.integers(0, len(Vote(raw).signed_range()) - 1))
        value = data.draw(st.integers(0, 255).filter(lambda value: value != raw[place]))
        with self.assertRaises(DocumentError):
            Vote.parse(raw[:place] + bytes([value]) + raw[place + 1 :]).verify(authorities, now=Vote(raw).valid_after)
