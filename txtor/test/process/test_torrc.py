"""
A torrc that says what was meant, whatever the values are: tor itself reads it back.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.config import Torrc
from txtor.errors import InvalidArgument
from txtor.grammar import unquote_cstring
from txtor.process import format_torrc, option_pairs

#: Any text that tor takes: no NUL, and valid in UTF-8.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


class PairsTests(SynchronousTestCase):
    """
    From what a caller gives to names and texts.
    """

    def test_values(self) -> None:
        """
        Numbers, truth values, paths, bytes and lists become text, in order; ``None`` leaves an option out. Case 61.
        """
        config: dict[str, Any] = {"SocksPort": [9050, "auto"], "AvoidDiskWrites": True, "A": None, "B": b"\xff", "C": 1e-7}
        config["D"] = pathlib.Path("/d")
        before = dict(config)
        self.assertEqual(
            option_pairs(config),
            [
                ("SocksPort", "9050"),
                ("SocksPort", "auto"),
                ("AvoidDiskWrites", "1"),
                ("B", "\udcff"),
                ("C", "0.0000001"),
                ("D", "/d"),
            ],
        )
        self.assertEqual(config, before)

    def test_order_of_pairs(self) -> None:
        """
        Pairs may repeat a name, and keep their order, on which onion services depend.
        """
        pairs = [("HiddenServiceDir", "/a"), ("HiddenServicePort", "80"), ("HiddenServiceDir", "/b")]
        self.assertEqual(option_pairs(iter(pairs)), pairs)

    def test_none(self) -> None:
        """
        Nothing gives nothing.
        """
        self.assertEqual(option_pairs(None), [])
        self.assertEqual(format_torrc([]), b"")

    def test_torrc(self) -> None:
        """
        The text of a torrc will do too, if it stands alone.
        """
        torrc = Torrc.parse('# a\nSocksPort 1 # b\nContactInfo "c#d"\n')
        self.assertEqual(option_pairs(torrc), [("SocksPort", "1"), ("ContactInfo", "c#d")])
        for text in ("%include /a\n", "+SocksPort 1\n", "/SocksPort\n"):
            self.assertRaises(InvalidArgument, option_pairs, Torrc.parse(text))

    def test_refused(self) -> None:
        """
        What is no name and no value is refused, with the one error.
        """
        wrong: list[Any] = [
            {"%include": "/etc/passwd"},
            {"+SocksPort": "1"},
            {"A B": "1"},
            {"A\nB": "1"},
            {"": "1"},
            {1: "1"},
            {"A": "\0"},
            {"A": "\ud800"},
            {"A": float("nan")},
            {"A": object()},
            {"A": {"B": "c"}},
            "SocksPort 1",
            b"SocksPort 1",
            17,
            [("A",)],
            ["AB"],
            [17],
        ]
        for config in wrong:
            self.assertRaises(InvalidArgument, option_pairs, config)


class FormatTests(SynchronousTestCase):
    """
    From pairs to lines.
    """

    def test_as_it_stands(self) -> None:
        """
        What tor reads as it stands is written so, as a person would.
        """
        for value in ("9050 IsolateDestAddr", 'unix:"/a b" WorldWritable', "obfs4 1.2.3.4:5 cert=a+b/c iat-mode=0"):
            self.assertEqual(format_torrc([("A", value)]), f"A {value}\n".encode())

    def test_quoted(self) -> None:
        """
        What tor would read differently is a CString.
        """
        for value, text in (
            ("", ""),
            (" a", '" a"'),
            ("a ", '"a "'),
            ("a#b", '"a#b"'),
            ("a\\", '"a\\\\"'),
            ("a\nSocksPort 1", '"a\\nSocksPort 1"'),
            ('"a"', '"\\"a\\""'),
            ("é", '"\\303\\251"'),
        ):
            self.assertEqual(format_torrc([("A", value)]), f"A {text}".rstrip().encode() + b"\n")


class HypothesisTests(SynchronousTestCase):
    """
    Any value.
    """

    @given(st.lists(TEXT, max_size=4))
    @settings(max_examples=100)
    def test_one_line_each(self, values: list[str]) -> None:
        """
        Each value is one line of ASCII, and a reader of torrc's rules finds it again.
        """
        lines = format_torrc([("A", value) for value in values]).decode("ascii").splitlines(keepends=True)
        self.assertEqual(len(lines), len(values))
        for line, value in zip(lines, values, strict=True):
            self.assertTrue(line.startswith("A ") and line.endswith("\n"))
            text = line[2:-1]
            self.assertEqual(unquote_cstring(text) if text[0] == '"' else text.split("#")[0].strip(), value)

    @given(st.lists(TEXT, min_size=2, max_size=2))
    @settings(max_examples=12)
    def test_tor_reads_it(self, values: list[str]) -> None:
        """
        tor finds both values again, and no option that nobody has set.
        """
        contact, name = values
        folder = tempfile.mkdtemp(prefix="txtor-")
        try:
            path = os.path.join(folder, "torrc")
            pairs = [("ContactInfo", contact), ("DataDirectory", folder), ("GeoIPFile", name), ("SocksPort", "0")]
            with open(path, "wb") as file:
                file.write(format_torrc(pairs))
            arguments = ["tor", "-f", path, "--defaults-torrc", f"{path}-d", "--ignore-missing-torrc", "--dump-config", "short"]
            dumped = subprocess.run(arguments, capture_output=True, check=True, text=True).stdout
        finally:
            shutil.rmtree(folder)
        read = dict(line.split(" ", 1) for line in dumped.splitlines())
        self.assertEqual(sorted(read), ["ContactInfo", "DataDirectory", "GeoIPFile", "SocksPort"])
        for option, value in (("ContactInfo", contact), ("GeoIPFile", name)):
            text = read[option]
            self.assertEqual(unquote_cstring(text) if text[0] == '"' else text, value)
