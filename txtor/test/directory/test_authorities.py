"""
Tests for ``txtor.directory._authorities``.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Authorities, DirectoryAuthority
from txtor.errors import MalformedDocument

LINE = (
    "DirAuthority test000a orport=5000 no-v2 v3ident=F533C81CEF0BC0267857C99B2F471ADF249FA232 ipv6=[2001:db8::1]:443 weight=2 "
    "127.0.0.1:7000 1A25 C635 8DB9 1342 AA51  720A 5038 B727 4273 2498"
)


class AuthoritiesTests(SynchronousTestCase):
    """
    Reading the configuration of authorities.
    """

    def test_line(self) -> None:
        """
        A line with everything in it, with and without the name of the option.
        """
        for line in (LINE, LINE.partition(" ")[2]):
            one = DirectoryAuthority.parse(line)
            self.assertEqual((one.nickname, one.address, one.dir_port, one.or_port), ("test000a", "127.0.0.1", 7000, 5000))
            self.assertEqual(one.fingerprint, "1A25C6358DB91342AA51720A5038B72742732498")
            self.assertEqual(one.v3ident, "F533C81CEF0BC0267857C99B2F471ADF249FA232")
            self.assertEqual((one.ipv6, one.is_bridge_authority), (("2001:db8::1", 443), False))
            self.assertEqual(one.options, ("no-v2", "weight=2"))

    def test_bare_lines(self) -> None:
        """
        Name and options may be missing; a bridge authority does not vote.
        """
        one = DirectoryAuthority.parse("127.0.0.1:80 1A25C6358DB91342AA51720A5038B72742732498")
        self.assertEqual((one.nickname, one.v3ident, one.or_port), (None, None, None))
        two = DirectoryAuthority.parse("bridge 127.0.0.1:80 1a25c6358db91342aa51720a5038b72742732498")
        self.assertEqual((two.nickname, two.is_bridge_authority, two.fingerprint), (None, True, one.fingerprint))
        three = DirectoryAuthority.parse("orport=9 127.0.0.1:80 1a25c6358db91342aa51720a5038b72742732498")
        self.assertEqual((three.nickname, three.or_port), (None, 9))

    def test_written(self) -> None:
        """
        Written as torrc has it, and read back, it is the same.
        """
        some = [DirectoryAuthority.parse(line) for line in (LINE, "127.0.0.1:80 1A25C6358DB91342AA51720A5038B72742732498")]
        for one in (*some, *Authorities.public_network()):
            self.assertEqual(DirectoryAuthority.parse(str(one)), one)
        self.assertEqual(str(some[1]), "127.0.0.1:80 1A25C6358DB91342AA51720A5038B72742732498")
        self.assertTrue(str(some[0]).startswith("test000a orport=5000 no-v2 weight=2 v3ident="), str(some[0]))

    def test_public_network(self) -> None:
        """
        Nine authorities vote in the public network, five make a majority, and Serge is for bridges.
        """
        public = Authorities.public_network()
        self.assertEqual((len(public), len(public.v3idents), public.majority), (10, 9, 5))
        (serge,) = [one for one in public if one.v3ident is None]
        self.assertEqual((serge.nickname, serge.is_bridge_authority), ("Serge", True))
        moria = public.by_v3ident("f533c81cef0bc0267857c99b2f471adf249fa232")
        assert moria is not None
        self.assertEqual((moria.nickname, moria.address, moria.dir_port), ("moria1", "128.31.0.39", 9231))
        self.assertIsNone(public.by_v3ident("0" * 40))
        self.assertEqual(public, Authorities.public_network())
        self.assertIn(moria, public)
        self.assertIn("moria1", repr(public))

    def test_lines(self) -> None:
        """
        Lines of a torrc; blank ones and comments are passed over, and there is a bound.
        """
        found = Authorities.parse(["# mine", "", LINE, "  "])
        self.assertEqual((len(found), found.majority), (1, 1))
        self.assertRaises(MalformedDocument, Authorities.parse, [LINE] * 257)

    def test_refused(self) -> None:
        """
        A line without address, with a port or fingerprint that is none, or a nickname with a dash.
        """
        for old, new in [
            ("127.0.0.1:7000", ""),
            ("127.0.0.1:7000", "127.0.0.1:70000"),
            ("1A25", "1A2X"),
            ("1A25", ""),
            ("v3ident=F", "v3ident="),
            ("orport=5000", "orport=0"),
            ("ipv6=[2001", "ipv6=[x001"),
            ("test000a", "test-000a"),
        ]:
            self.assertRaises(MalformedDocument, DirectoryAuthority.parse, LINE.replace(old, new))
        self.assertRaises(MalformedDocument, DirectoryAuthority.parse, "")

    @given(st.text(max_size=80) | st.lists(st.sampled_from(LINE.split())).map(" ".join))
    @settings(max_examples=150)
    def test_any_text(self, text: str) -> None:
        """
        Any text is an authority, or malformed.
        """
        try:
            one = DirectoryAuthority.parse(text)
            self.assertEqual(DirectoryAuthority.parse(str(one)), one)
        except MalformedDocument as error:
            self.assertEqual(error.document, "DirAuthority line")
