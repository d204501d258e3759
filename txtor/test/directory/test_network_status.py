"""
Tests for ``txtor.directory._network_status``.
"""

from __future__ import annotations

import pickle
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Consensus, Vote, make_consensus
from txtor.errors import DocumentError, InvalidArgument, MalformedDocument, UnsupportedDocument, VerificationFailed
from txtor.test.directory.samples import sample
from txtor.test.directory.statuses import (
    THEN,
    authority,
    body,
    certificates,
    consensus,
    entry,
    genuine_authorities,
    known,
    resigned,
)

GENUINE = [f"network-{number}/{name}" for number in (1, 2) for name in ("consensus", "consensus-microdesc")]


class NetworkStatusTests(SynchronousTestCase):
    """
    The structure of votes and consensuses.
    """

    def refused(self, data: bytes, words: str, line: int | None = None) -> None:
        """
        Assert that a consensus is refused when it is read, with the number of a line.
        """
        error = self.assertRaises(MalformedDocument, Consensus.parse, data)
        self.assertIn(words, error.rule)
        if line is not None:
            self.assertEqual(error.line, line)

    def test_genuine(self) -> None:
        """
        Real consensuses are read, and all their items joined are their bytes. Case 127: ``client-versions`` is empty in them.
        """
        for name in GENUINE:
            document = Consensus.parse(sample(name))
            self.assertEqual(b"".join(map(bytes, document.items)), document.raw)
            self.assertEqual((document.client_versions, document.consensus_method, len(document.routers)), ((), 35, 7))
            self.assertEqual(document.unrecognized_lines, ())
            self.assertEqual([source.nickname for source in document.sources], ["auth001", "auth000", "auth002"])
            self.assertEqual(document.sources[0].contact, "auth@test.test")
            self.assertEqual(len(document.signatures), 3)
            self.assertEqual(document.voting_delay.vote.total_seconds(), 4)
            self.assertEqual(document.parameters["cfx_enabled"], 1)
            self.assertIn("NoEdConsensus", document.known_flags)
            for _ in document.check_routers():
                pass

    def test_items_know_their_place(self) -> None:
        """
        Items of header and footer have the offsets and lines that they have in the whole document.
        """
        raw = b"@type network-status-consensus-3 1.0\n" + sample("network-1/consensus")
        document = Consensus.parse(raw)
        every = set(document.items)
        for place in range(len(document.tokens)):
            item = document.item_at(place)
            self.assertIn(item, every)
            self.assertEqual(raw[item.start : item.end], bytes(item))
            self.assertEqual(raw.count(b"\n", 0, item.start) + 1, item.line)

    def test_annotated_and_several(self) -> None:
        """
        Annotations are kept, unknown ones as well, and consensuses may follow each other. Case 127.
        """
        one = b"@type network-status-consensus-3 1.0\n@strange word\n" + consensus().raw
        first, second = Consensus.parse_many(one + one)
        assert isinstance(first, Consensus) and isinstance(second, Consensus)
        self.assertEqual([note.name for note in first.annotations], ["type", "strange"])
        self.assertEqual(first.raw + second.raw, one + one)
        self.assertEqual(first.digest(), consensus().digest())
        self.assertEqual(pickle.loads(pickle.dumps(first)), first)

    def test_routers_are_found(self) -> None:
        """
        One router is found by bisection, without the others; all of them are found in slices. Case 28 of the owed ones.
        """
        made = consensus(routers=300)
        for fingerprint, router in made.routers.items():
            self.assertEqual(Consensus(made.raw).find(fingerprint), router)
        fresh = Consensus(made.raw)
        self.assertIsNone(fresh.find("0" * 40))
        self.assertIsNone(fresh.find("F" * 40))
        self.assertIsNone(fresh._routers)
        self.assertRaises(InvalidArgument, fresh.find, "nickname")
        for _ in fresh.routers_in_slices(made.routers):
            pass
        self.assertTrue(all(fresh.routers[name] is router for name, router in made.routers.items()))
        self.assertIs(fresh.find(fingerprint), router)

    def test_eight_thousand_routers(self) -> None:
        """
        Reading what one needs of a long consensus takes no time. Case 28 of the owed ones.
        """
        entries = [entry(number) for number in range(8000)]
        made = Consensus(make_consensus(entries, [authority(0)], valid_after=THEN).raw)
        start = time.process_time()
        self.assertEqual(made.valid_after, THEN)
        self.assertIsNotNone(made.find(next(iter(consensus().routers))))
        self.assertLess(time.process_time() - start, 0.1)  # 3 ms here; ten times what a busy machine takes
        self.assertEqual(len(made.routers), 8000)

    def test_no_routers(self) -> None:
        """
        A network without relays has a consensus.
        """
        made = make_consensus([], [authority(0)], valid_after=THEN)
        made.check()
        self.assertEqual((len(made.routers), made.find("0" * 40)), (0, None))
        self.assertEqual(b"".join(map(bytes, made.items)), made.raw)

    def test_order_of_routers(self) -> None:
        """
        Routers that are not sorted, or there twice, are refused. Case 21 of the owed ones.
        """
        made = consensus()
        first, second, *_ = map(bytes, made.routers.values())
        self.refused(resigned(made, first + second, second + first).raw, "not in its order")
        self.refused(resigned(made, first, first + first).raw, "twice")

    def test_order_of_items(self) -> None:
        """
        Signatures before the footer, anything behind the first signature, header lines below: refused. Case 21 of the owed ones.
        """
        raw = consensus().raw
        signature = raw[raw.index(b"directory-signature") :]
        lines = raw.count(b"\n", 0, raw.index(b"directory-signature"))
        self.refused(raw.replace(b"directory-footer\n", signature + b"directory-footer\n"), "something else behind")
        self.refused(raw.replace(b"valid-after", signature + b"valid-after", 1), "directory-signature stands", 4)
        self.refused(raw + b"unknown-word\n", "something else behind", lines + 1)
        self.refused(raw + b"bandwidth-weights Wgg=1\n", "twice")
        self.refused(raw.replace(b"directory-footer\n", b"").replace(b"bandwidth-weights", b"directory-footer-x"), "missing")
        self.refused(raw.replace(b"bandwidth-weights", b"params a=1\nbandwidth-weights"), "twice")
        self.refused(raw.replace(b"bandwidth-weights", b"package a b c\nbandwidth-weights"), "package stands", lines)
        self.refused(raw.replace(b"directory-footer\n", b""), "directory-footer is missing")
        self.refused(raw[: raw.index(b"directory-signature")], "directory-signature is missing")

    def test_header(self) -> None:
        """
        What is wrong in the header is told with its line.
        """
        raw = consensus().raw
        for old, new, words, line in [
            (b"version 3\n", b"version 2\n", "not within 3", 1),
            (b"vote-status consensus", b"vote-status vote", "vote-status is", 2),
            (b"consensus-method 35", b"consensus-method 35 36", "exactly 1", 3),
            (b"valid-after 2026-11-22", b"valid-after 2026-13-22", "not a time", 4),
            (b"valid-after 2026-11-22", b"valid-after 2027-11-22", "before fresh-until", 4),
            (b"known-flags Authority BadExit", b"known-flags BadExit Authority", "stands behind", None),
            (b"Cons=2 Desc=2", b"Cons=2-1 Desc=2", "required-client-protocols", None),
            (b"bwweightscale=10000 circwindow=80", b"circwindow=80 bwweightscale=10000", "stands behind", None),
            (b"circwindow=80", b"circwindow=2147483648", "not within", None),
            (b"circwindow=80", b"bwweightscale=80", "twice", None),
            (b"circwindow=80", b"circwindow", "name=number", None),
            (b"dir-source auth", b"dir-source auth x", "dir-source", None),
            (b"contact auth", b"tact auth", "no contact", None),
            (authority(1).v3ident.encode(), authority(2).v3ident.encode(), "identity of another", None),
            (b"valid-until", b"valid-untie", "valid-until is missing", None),
            (b"\nvoting-delay", b"\nvoting-delay 1 2\nvoting-delay", "twice", 8),
            (b"\nvoting-delay 300", b"\nvoting-delay -1", "not a number", 7),
        ]:
            self.assertIn(old, raw)
            self.refused(raw.replace(old, new, 1), words, line)

    def test_broken_bytes(self) -> None:
        """
        CRLF, NUL and a document cut anywhere are refused. Case 20 of the owed ones; case 127: told, or repaired when asked.
        """
        raw = consensus().raw
        self.refused(raw.replace(b"\n", b"\r\n"), "carriage return")
        made = Consensus.parse(raw.replace(b"\n", b"\r\n"), normalize=True)
        made.verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN)
        router = raw.index(b"\nr ") + 20
        self.refused(raw[:router] + b"\0" + raw[router:], "NUL")
        line = raw[: raw.index(b"\nw Band")].count(b"\n") + 1
        self.refused(raw.replace(b"\nw Band", b"\r\nw Band", 1), "carriage return", line)
        for place in range(0, raw.index(b"-----END SIGNATURE-----"), 37):
            self.assertRaises(DocumentError, Consensus.parse, raw[:place])

    def test_entries_are_checked_when_read(self) -> None:
        """
        A router that cannot be read is found by `check_routers`, and by who reads it.
        """
        made = resigned(consensus(), b"w Bandwidth=1004", b"w Bandwidth=x")
        made.check()
        self.assertRaises(MalformedDocument, list, made.check_routers())

    def test_flavours(self) -> None:
        """
        A flavour that is not known is told as such.
        """
        raw = consensus("microdesc").raw.replace(b"version 3 microdesc", b"version 3 nanodesc", 1)
        error = self.assertRaises(UnsupportedDocument, Consensus.parse, raw)
        self.assertIn("nanodesc", error.rule)

    def test_new_things(self) -> None:
        """
        Unknown lines, a new consensus method and new flags are no errors. Case 15 of the owed ones, case 129.
        """
        made = resigned(consensus(), b"consensus-method 35", b"consensus-method 36\nbrand-new 1 2")
        made = resigned(made, b"known-flags Authority", b"known-flags Anew Authority")
        made = resigned(made, b"directory-footer\n", b"directory-footer\nnew-footer x\n")
        made.check()
        self.assertEqual((made.consensus_method, made.known_flags[0]), (36, "Anew"))
        self.assertEqual(made.unrecognized_lines, ("brand-new 1 2", "new-footer x"))
        made.verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN)

    def test_signed_range_is_the_one_of_tor(self) -> None:
        """
        Where a search for the text would end the signed part elsewhere, the document is refused.
        """
        for old, new in [
            (b"contact auth0", b"directory-signature-x y\ncontact auth0"),
            (b"directory-footer", b"directory-footer\ndirectory-signature-x y"),
            (b"\np accept", b"\ndirectory-signature x y\np accept"),
        ]:
            made = resigned(consensus(), old, new)
            with self.assertRaises(DocumentError):
                made.verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN)
        raw = body(consensus()) + consensus().raw[len(body(consensus())) :].replace(b"directory-sig", b"opt directory-sig", 1)
        self.assertRaises(VerificationFailed, Consensus.parse(raw).digest)

    def test_many_signatures(self) -> None:
        """
        The number of signatures is bounded.
        """
        raw = consensus().raw
        signature = raw[raw.rindex(b"directory-signature") :]
        self.refused(raw + signature * 256, "more than 256")

    @given(st.sampled_from([*GENUINE, "network-2/vote-auth001"]), st.data())
    @settings(max_examples=80)
    def test_any_bytes(self, name: str, data: st.DataObject) -> None:
        """
        A document with a part replaced by anything is a value from which its bytes come back, or one declared error.
        """
        raw = sample(name)
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 40)))
        changed = raw[:start] + data.draw(st.binary(max_size=12)) + raw[end:]
        kind = Vote if "vote" in name else Consensus
        try:
            document = kind.parse(changed)
            for _ in document.check_routers():
                pass
        except DocumentError:
            return
        self.assertEqual(bytes(document), changed)
        try:
            items = document.items
        except DocumentError:
            return  # a line of a router that is no item
        self.assertEqual(b"".join(map(bytes, items)), document.content)


class FlippedByteTests(SynchronousTestCase):
    """
    Nothing that is signed can be changed.
    """

    @given(st.sampled_from(GENUINE), st.data())
    @settings(max_examples=80)
    def test_flipped_byte(self, name: str, data: st.DataObject) -> None:
        """
        A consensus with one byte changed anywhere in what is signed is never believed.
        """
        raw = sample(name)
        place = data.draw(st.integers(0, len(Consensus(raw).signed_range()) - 1))
        value = data.draw(st.integers(0, 255).filter(lambda value: value != raw[place]))
        authorities, found = genuine_authorities()
        good = Consensus.parse(raw)
        good.verify(authorities, found, now=good.valid_after)
        changed = raw[:place] + bytes([value]) + raw[place + 1 :]
        with self.assertRaises(DocumentError):
            Consensus.parse(changed).verify(authorities, found, now=good.valid_after)
