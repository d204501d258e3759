# -*- test-case-name: txtor.test.config.test_torrc -*-
"""
Tests of the text of a torrc.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.config import Torrc
from txtor.config._torrc import MAX_SIZE, format_line
from txtor.errors import InvalidArgument, MalformedDocument

SAMPLE = """\
# My Tor.
  SocksPort 9050   # the usual one
SocksPort unix:"/a b" IsolateDestPort

ContactInfo "a \\"quoted\\" # one" # and a comment
+ExitPolicy reject *:25
/NodeFamily
%include /etc/torrc.d/*.conf
HiddenServiceDir /a
HiddenServicePort 80
HiddenServiceNewerOption 1 \\
  2 \\
# in between
  3
Nickname me
"""

#: Texts that look like a torrc: hypothesis seldom finds them by itself.
PIECES = st.lists(
    st.sampled_from(
        [
            "A", "b", " ", "  ", "\t", "\n", "\n\n", "\\\n", "\\", "#", "# c", '"', '\\"', '"x y"', "+", "/", "%include",
            "\r\n", "\\n", "é", "\v",
        ]
    ),
    max_size=20,
).map("".join)

NAMES = st.sampled_from(["Nickname", "SocksPort", "__X", "Log"])
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


class TorrcTests(SynchronousTestCase):
    """
    Reading and changing.
    """

    def test_sample(self) -> None:
        """
        Every option is found with its value, and the text is as it was.
        """
        torrc = Torrc.parse(SAMPLE)
        self.assertEqual(str(torrc), SAMPLE)
        self.assertEqual(torrc.get("socksport"), ["9050", 'unix:"/a b" IsolateDestPort'])
        self.assertEqual(torrc.get("ContactInfo"), ['a "quoted" # one'])
        self.assertEqual((torrc.get("ExitPolicy"), torrc.get("NodeFamily")), (["reject *:25"], []))
        self.assertEqual(torrc.get("HiddenServiceNewerOption"), ["1   2   3"])
        self.assertEqual(torrc.includes, ["/etc/torrc.d/*.conf"])
        self.assertEqual([line.prefix for line in torrc if line.name in ("ExitPolicy", "NodeFamily")], ["+", "/"])
        names = [name for name, _ in torrc.pairs()]
        self.assertEqual(names[-4:], ["HiddenServiceDir", "HiddenServicePort", "HiddenServiceNewerOption", "Nickname"])
        self.assertNotIn("quoted", repr(torrc))

    def test_set(self) -> None:
        """
        Only the lines of the option are written anew; everything else stays, comments and order.
        """
        torrc = Torrc.parse(SAMPLE)
        torrc.set("nickname", "you")
        self.assertEqual(str(torrc), SAMPLE.replace("Nickname me", "nickname you"))
        torrc = Torrc.parse(SAMPLE)
        torrc.set("SocksPort", "9050", "9051 IsolateDestPort", "auto")
        expected = SAMPLE.replace('SocksPort unix:"/a b" IsolateDestPort', "SocksPort 9051 IsolateDestPort\nSocksPort auto")
        self.assertEqual(str(torrc), expected)
        torrc.set("socksport")
        self.assertEqual(torrc.get("SocksPort"), [])
        self.assertTrue(str(torrc).startswith("# My Tor.\n\nContactInfo"))

    def test_add(self) -> None:
        """
        A line goes to the end, on a line of its own.
        """
        torrc = Torrc.parse("Nickname me # no line end")
        torrc.add("ContactInfo", " a\nb ")
        torrc.add("ExitPolicy", "accept *:80", "+")
        torrc.add("NodeFamily", "", "/")
        torrc.add("%include", "/etc/a b")
        self.assertEqual(
            str(torrc),
            'Nickname me # no line end\nContactInfo " a\\nb "\n+ExitPolicy accept *:80\n/NodeFamily\n%include /etc/a b\n',
        )
        self.assertEqual(Torrc.parse(str(torrc)).get("ContactInfo"), [" a\nb "])
        torrc = Torrc()
        torrc.set("Nickname", "me")
        self.assertEqual(bytes(torrc), b"Nickname me\n")

    def test_cannot_be_written(self) -> None:
        """
        What would be read as something else is refused.
        """
        torrc = Torrc.parse("Nickname me\n")
        for name, value in (("", "x"), ("a b", "x"), ("Nickname", "\0"), ("Nickname", "\ud800"), ("#", "x"), ("+X", "1")):
            self.assertRaises(InvalidArgument, torrc.set, name, value)
            self.assertRaises(InvalidArgument, torrc.add, name, value)
        self.assertRaises(InvalidArgument, torrc.add, "X", "1", "!")
        self.assertEqual(str(torrc), "Nickname me\n")

    def test_malformed(self) -> None:
        """
        What tor could not read is refused with the number of its line.
        """
        for text, line in (
            ('A 1\nB "open\n', 2), ('A "x" y', 1), ('# c\n\nA "\\q"', 3), ("A 1\nB \0", 2), ("+ x", 1), ("A \\\n 1\n/", 3),
            ('A "a\nb"', 1), ('A "\\0"', 1), ("\\\nA 1", 1),
        ):
            error = self.assertRaises(MalformedDocument, Torrc.parse, text)
            self.assertEqual(error.line, line, text)
        not_text: Any = 5
        self.assertRaises(InvalidArgument, Torrc.parse, not_text)
        self.assertRaises(InvalidArgument, Torrc.parse, "#" * (MAX_SIZE + 1))

    def test_bytes(self) -> None:
        """
        Bytes that are not UTF-8 come back as they were.
        """
        data = b"# \xff\nNickname \xfe\r\nLog \"a\"\r\nContactInfo x"
        torrc = Torrc.parse(data)
        self.assertEqual(bytes(torrc), data)
        self.assertEqual(torrc.get("Nickname"), ["\udcfe"])

    def test_linear(self) -> None:
        """
        A long torrc is read in time that is proportional to it.
        """
        torrc = Torrc.parse("A " + "\\\n# c\n" * 50_000 + "\n" + "B 1\n" * 50_000 + "\n" * 50_000)
        self.assertEqual(len(torrc.get("b")), 50_000)

    @settings(max_examples=300)
    @given(PIECES | st.text(max_size=60))
    def test_any_text(self, text: str) -> None:
        """
        Any text is a torrc that comes back as it was, or the one error; its pieces are read alike by themselves.
        """
        try:
            torrc = Torrc.parse(text)
        except MalformedDocument:
            return
        self.assertEqual(str(torrc), text)
        for line in torrc:
            again = [one for one in Torrc.parse(line.text) if one.name is not None]
            self.assertEqual([(one.name, one.value) for one in again], [] if line.name is None else [(line.name, line.value)])

    @settings(max_examples=200)
    @given(PIECES, st.lists(st.tuples(NAMES, VALUES), max_size=5))
    def test_any_change(self, text: str, pairs: list[tuple[str, str]]) -> None:
        """
        What was set is read again, whatever the value is, and nothing else is changed.
        """
        try:
            torrc = Torrc.parse(text)
        except MalformedDocument:
            torrc = Torrc()
        others = [pair for pair in torrc.pairs() if pair[0] in ("A", "b")]
        wanted: dict[str, list[str]] = {}
        for name, value in pairs:
            wanted.setdefault(name, []).append(value)
            torrc.set(name, *wanted[name])
        again = Torrc.parse(str(torrc))
        self.assertEqual({name: again.get(name) for name in wanted}, wanted)
        self.assertEqual([pair for pair in again.pairs() if pair[0] in ("A", "b")], others)

    @settings(max_examples=200)
    @given(NAMES, VALUES)
    def test_any_line(self, name: str, value: str) -> None:
        """
        A line is pure ASCII and is one option.
        """
        line = format_line(name, value)
        self.assertTrue(line.isascii() and line.count("\n") == 1)
        self.assertEqual(Torrc.parse(line).pairs(), [(name, value)])
