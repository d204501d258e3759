"""
Tests for ``txtor.directory._router_status`` and ``_router_words``.
"""

from __future__ import annotations

import pickle
from datetime import datetime, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Consensus, PortSummary, RouterStatus, TorVersion, Vote
from txtor.errors import MalformedDocument
from txtor.test.directory.samples import sample

#: One entry of each dialect.
NS = b"""r seele AAoQ1DAR6kkoo19hBAX5K0QztNw 7Ox2c8koPVn1mThu+I+EfCSoopw 2025-11-04 14:11:26 104.53.221.159 9001 9030
a [2a0a:4cc0:c1:2aac::1]:8443
s Fast Guard Running Valid
v Tor 0.4.8.16
pr Cons=1-2 Link=1-5
w Bandwidth=280 Unmeasured=1
p accept 80,443
"""
MICRODESC = b"""r lisdex AAAErLudKby6FyVrs1ko3b/Iq6k 2038-01-01 00:00:00 152.53.144.50 8443 0
m jauY803ygX19rw14B2x4suqNIIMIPPbtYBAwA9UegdI
s Fast Running Valid
v Tor 0.4.8.21
pr Cons=1-2
w Bandwidth=76000
"""
VOTE = b"""r relay000 uVG6p6xg1qMdguZMXuN3Fqk6Ggw 0JM3WPQ8AOWyMioT5FI6jWoA0w4 2026-11-22 12:53:21 127.0.0.1 15100 0
s Exit Fast Valid
v Tor 0.4.9.11
pr Link=3-5
w Bandwidth=7 Measured=1000 GuardFraction=66
p accept 1-65535
id ed25519 ocANhmfZGiKNo8G9s3RqjT/FxbzlsDCDigFTGKbkptY
stats wfu=1.000000 tk=130 mtbf=130
m 32,33,34 sha256=QgfR60wvrfBdiY/LfyJdtdhgbmT9tubxYu994Qd+hnI
m 35 sha256=ggfKFoogrphe9fDQHlz9PpZwZCvcxRDOkzlq4oSHhZs
"""
CONTROL = b"""r relay000 uVG6p6xg1qMdguZMXuN3Fqk6Ggw ggfKFoogrphe9fDQHlz9PpZwZCs 2038-01-01 00:00:00 127.0.0.1 15100 0
s Exit Fast Valid
w Bandwidth=7
"""


class RouterStatusTests(SynchronousTestCase):
    """
    Reading one entry.
    """

    def refused(self, old: bytes, new: bytes, words: str) -> None:
        """
        Assert that an entry is refused when something in it is replaced, at once and also when it is read later.
        """
        self.assertIn(old, NS)
        error = self.assertRaises(MalformedDocument, RouterStatus.parse, NS.replace(old, new, 1))
        self.assertIn(words, str(error))

    def test_ns(self) -> None:
        """
        An entry of the consensus, every attribute.
        """
        router = RouterStatus.parse(NS)
        self.assertEqual((router.nickname, router.fingerprint), ("seele", "000A10D43011EA4928A35F610405F92B4433B4DC"))
        self.assertEqual(router.identity, bytes.fromhex(router.fingerprint))
        self.assertEqual(router.digest, "ECEC7673C9283D59F599386EF88F847C24A8A29C")
        self.assertEqual(router.published, datetime(2025, 11, 4, 14, 11, 26, tzinfo=timezone.utc))
        self.assertEqual((router.address, router.or_port, router.dir_port), ("104.53.221.159", 9001, 9030))
        self.assertEqual(router.or_addresses, (("2a0a:4cc0:c1:2aac::1", 8443),))
        self.assertEqual(router.flags, {"Fast", "Guard", "Running", "Valid"})
        self.assertEqual((router.version, router.version_text), (TorVersion.parse("0.4.8.16"), "Tor 0.4.8.16"))
        assert router.protocols is not None
        self.assertTrue(router.protocols.supports("Link", 5))
        self.assertEqual((router.bandwidth, router.is_unmeasured, router.measured), (280, True, None))
        self.assertEqual(router.exit_policy, PortSummary.parse("accept 80,443"))
        self.assertEqual((router.microdescriptor_digest, router.ed25519_identity, dict(router.stats)), (None, None, {}))
        self.assertEqual(router.unrecognized_lines, ())
        self.assertEqual(bytes(router), NS)

    def test_microdesc(self) -> None:
        """
        An entry of the microdescriptor flavour has no digest of a descriptor, and no time. Case 24 of the owed ones.
        """
        router = RouterStatus.parse(MICRODESC)
        self.assertEqual((router.digest, router.published, router.published_text), (None, None, "2038-01-01 00:00:00"))
        self.assertEqual(router.microdescriptor_digest, "jauY803ygX19rw14B2x4suqNIIMIPPbtYBAwA9UegdI")
        self.assertEqual((router.address, router.or_port, router.dir_port), ("152.53.144.50", 8443, None))
        self.assertEqual((router.bandwidth, router.exit_policy, router.is_unmeasured), (76000, None, False))

    def test_vote(self) -> None:
        """
        An entry of a vote tells more: measurements, the Ed25519 identity, statistics, digests by consensus method.
        """
        router = RouterStatus.parse(VOTE)
        self.assertEqual((router.bandwidth, router.measured, router.guard_fraction), (7, 1000, 66))
        self.assertEqual(router.ed25519_identity, "ocANhmfZGiKNo8G9s3RqjT/FxbzlsDCDigFTGKbkptY")
        self.assertEqual(router.stats, {"wfu": "1.000000", "tk": "130", "mtbf": "130"})
        first, second = router.microdescriptor_digests
        self.assertEqual(first, ((32, 33, 34), {"sha256": "QgfR60wvrfBdiY/LfyJdtdhgbmT9tubxYu994Qd+hnI"}))
        self.assertEqual(second[0], (35,))
        self.assertIsNone(router.microdescriptor_digest)

    def test_control_port(self) -> None:
        """
        The digest on the control port of a tor that uses microdescriptors is 20 bytes of the microdescriptor's. Case 25 of the
        owed ones.
        """
        router = RouterStatus.parse(CONTROL)
        sha256 = bytes.fromhex("8207CA168A20AE985EF5F0D01E5CFD3E9670642BDCC510CE93396AE284878 59B".replace(" ", ""))
        self.assertEqual(router.digest, sha256[:20].hex().upper())
        self.assertTrue(router.matches_microdescriptor(sha256))
        self.assertFalse(router.matches_descriptor(sha256))
        self.assertTrue(RouterStatus.parse(VOTE).matches_microdescriptor(sha256))
        self.assertFalse(RouterStatus.parse(MICRODESC).matches_microdescriptor(sha256))
        self.assertTrue(RouterStatus.parse(NS).matches_descriptor(bytes.fromhex("ECEC7673C9283D59F599386EF88F847C24A8A29C")))

    def test_unknown_things(self) -> None:
        """
        Unknown lines, flags, words and versions are kept and are no error. Cases 14 and 15 of the owed ones, case 129.
        """
        entry = NS.replace(b"s Fast", b"s Fast New\xc3\xa9").replace(b"v Tor 0.4.8.16", b"v Arti 2.0 \xff")
        entry = entry.replace(b"Unmeasured=1", b"Later=x") + b"later one two\nz\nlater three\n"
        router = RouterStatus.parse(entry)
        self.assertIn("New\u00e9", router.flags)
        self.assertEqual((router.version, router.version_text), (None, "Arti 2.0 \udcff"))
        self.assertEqual((router.bandwidth, router.weights["Later"]), (280, "x"))
        self.assertEqual(router.unrecognized_lines, ("later one two", "z", "later three"))
        self.assertEqual(bytes(router), entry)

    def test_old_forms(self) -> None:
        """
        Tabs, several spaces, a leading ``opt``, no flags at all, more words at the end: as tor takes them. Case 127.
        """
        entry = NS.replace(b"s Fast Guard Running Valid", b"opt s\tFast  Guard").replace(b"9001 9030", b"9001  9030 more")
        router = RouterStatus.parse(entry)
        self.assertEqual((router.flags, router.dir_port), ({"Fast", "Guard"}, 9030))
        self.assertEqual(RouterStatus.parse(NS.replace(b"s Fast Guard Running Valid", b"s")).flags, frozenset())
        self.assertEqual(RouterStatus.parse(NS[:-1]), RouterStatus.parse(NS))

    def test_equal_sets_are_one(self) -> None:
        """
        The flags of ten thousand relays are a few hundred objects.
        """
        self.assertIs(RouterStatus.parse(NS).flags, RouterStatus.parse(NS).flags)

    def test_long_lines_are_not_kept(self) -> None:
        """
        Lines of any length are read, and nothing of long ones stays behind.
        """
        long = NS.replace(b"s Fast", b"s " + b" ".join(b"F%d" % number for number in range(400)))
        self.assertEqual(len(RouterStatus.parse(long).flags), 403)
        self.assertIsNot(RouterStatus.parse(long).flags, RouterStatus.parse(long).flags)

    def test_refused(self) -> None:
        """
        What is wrong in an entry is told, with the entry.
        """
        for old, new, words in [
            (b"seele", b"se_le", "nickname"),
            (b"AAoQ", b"AA!Q", "base64"),
            (b"QztNw ", b"QztNx ", "base64"),  # leftover bits
            (b"7Ox2", b"7Ox", "base64"),
            (b"14:11:26", b"14:61:26", "not a time"),
            (b"104.53", b"1040.53", "IPv4"),
            (b" 9001", b" 65536", "port"),
            (b" 9001 9030", b"", "words"),
            (b"[2a0a:", b"[2a0g:", "IPv6"),
            (b"Bandwidth=280", b"Bandwidth=-1", "number"),
            (b"Bandwidth=280", b"Bandwidth=4294967296", "within"),
            (b"Link=1-5", b"Link=5-2", "pr"),
            (b"Link=1-5", b"Link=1-50000000", "pr"),
            (b"accept 80", b"accept 90-80", "reversed"),
            (b"s Fast Guard Running Valid\n", b"", "s is missing"),
            (b"v Tor", b"s Fast\nv Tor", "twice"),
            (b"w Band", b"w Bandwidth=1\nw Band", "twice"),
            (b"v Tor", b"\nv Tor", "keyword"),
            (b"\nv Tor", b"\r\nv Tor", "carriage return"),
            (b"\nv Tor", b"\nv\0Tor", "NUL"),
            (b"\nv Tor", b"\nr Tor", "not one entry"),
        ]:
            self.refused(old, new, words)
        self.assertRaises(MalformedDocument, RouterStatus.parse, b"")

    def test_malformed_when_read(self) -> None:
        """
        An entry that was not checked tells what is wrong when it is read, and only what was read.
        """
        router = RouterStatus(NS[2:-1].replace(b"Bandwidth=280", b"Bandwidth=x"))
        self.assertEqual(router.nickname, "seele")
        error = self.assertRaises(MalformedDocument, getattr, router, "bandwidth")
        self.assertIn("seele", str(error))
        self.assertRaises(AttributeError, setattr, router, "nickname", "other")
        self.assertRaises(AttributeError, setattr, router, "flags", frozenset())

    def test_value(self) -> None:
        """
        Entries are equal by their bytes, can be hashed, pickled and shown.
        """
        router = RouterStatus.parse(NS)
        self.assertEqual(pickle.loads(pickle.dumps(router)), router)
        self.assertEqual(len({router, RouterStatus.parse(NS), RouterStatus.parse(VOTE)}), 2)
        self.assertIn("seele", repr(router))

    def test_genuine(self) -> None:
        """
        Every entry of a real network is read in all its dialects, and nothing of it is unknown.
        """
        for name in ("consensus", "consensus-microdesc", "vote-auth000"):
            kind = Vote if name.startswith("vote") else Consensus
            for router in kind.parse(sample(f"network-2/{name}")).routers.values():
                router.check()
                self.assertEqual((router.unrecognized_lines, router.address), ((), "127.0.0.1"))

    @given(st.sampled_from([NS, MICRODESC, VOTE, CONTROL]), st.data())
    @settings(max_examples=150)
    def test_any_bytes(self, entry: bytes, data: st.DataObject) -> None:
        """
        An entry with a part replaced by anything is a value, or malformed, and its bytes are kept.
        """
        start = data.draw(st.integers(0, len(entry)))
        end = data.draw(st.integers(start, min(len(entry), start + 9)))
        changed = entry[:start] + data.draw(st.binary(max_size=6) | st.text(max_size=6).map(str.encode)) + entry[end:]
        try:
            router = RouterStatus.parse(changed)
        except MalformedDocument:
            return
        self.assertEqual(bytes(router), changed if changed.endswith(b"\n") else changed + b"\n")
        router.check()
