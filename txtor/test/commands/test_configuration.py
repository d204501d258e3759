# -*- test-case-name: txtor.test.commands.test_configuration -*-
"""
Tests of the commands about Tor's configuration.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import GetConf, GetConfGroup, LoadConf, ResetConf, SaveConf, SetConf, Value
from txtor.errors import (
    InvalidArgument,
    InvalidConfigurationValue,
    ProtocolViolation,
    UnrecognizedArgument,
    UnrecognizedEntity,
)

from .tor_side import heard_by_tor, reply

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


class GetConfTests(SynchronousTestCase):
    """
    GETCONF.
    """

    def get(self, asked: list[str], *lines: str) -> dict[str, list[str]]:
        """
        What is made of a reply.
        """
        return GetConf(asked).parse_reply(reply(*lines))

    def test_wire(self) -> None:
        """
        Each option is asked for once, even when it is given twice in different capitals.
        """
        self.assertEqual(GetConf(["Nickname", "Log"]).to_wire(), b"GETCONF Nickname Log\r\n")
        self.assertEqual(len(heard_by_tor(GetConf(["Log", "log"]).to_wire())[0].positional), 1)
        self.assertEqual(GetConf([]).to_wire(), b"GETCONF\r\n")

    def test_nothing(self) -> None:
        """
        Case 19: nothing asked, nothing told.
        """
        self.assertEqual(self.get([], "250 OK"), {})

    def test_values(self) -> None:
        """
        Cases 18 and 19: under the name as it was asked, in order; split at the first ``=``; unset and empty are no values.
        """
        self.assertEqual(
            self.get(
                ["nickname", "log", "contactinfo", "EntryNodes"],
                "250-Nickname=a=b",
                "250-Log=notice stdout",
                "250-Log=warn file /x",
                "250-ContactInfo",
                "250 EntryNodes=",
            ),
            {"nickname": ["a=b"], "log": ["notice stdout", "warn file /x"], "contactinfo": [], "EntryNodes": []},
        )

    def test_quoting(self) -> None:
        """
        Case 17: quoted is what begins with a quote; the rest is what it is, blanks and all.
        """
        self.assertEqual(self.get(["ContactInfo"], r'250 ContactInfo="Ren\303\251 #"'), {"ContactInfo": ["René #"]})
        self.assertEqual(self.get(["ContactInfo"], r'250 ContactInfo=a "q" \ b'), {"ContactInfo": [r'a "q" \ b']})
        self.assertEqual(self.get(["ContactInfo"], "250 ContactInfo= it's "), {"ContactInfo": [" it's "]})
        self.assertEqual(self.get(["DataDirectory"], r'250 DataDirectory="/\377"'), {"DataDirectory": ["/\udcff"]})

    def test_empty_among_others(self) -> None:
        """
        An empty value among others is one.
        """
        self.assertEqual(self.get(["Log"], "250-Log=a", "250 Log="), {"Log": ["a", ""]})

    def test_abbreviations(self) -> None:
        """
        Case 18: Tor takes abbreviations, and tells the whole name.
        """
        self.assertEqual(self.get(["Band", "Nick"], "250-BandwidthBurst=5", "250 Nickname=n"), {"Band": ["5"], "Nick": ["n"]})

    def test_the_same_option_twice(self) -> None:
        """
        An option and its abbreviation have the same answer, which Tor gives twice.
        """
        both = {"BandwidthBurst": ["5"], "Band": ["5"], "Nickname": []}
        lines = ["250-BandwidthBurst=5", "250-BandwidthBurst=5", "250 Nickname"]
        self.assertEqual(self.get(["BandwidthBurst", "Band", "Nickname"], *lines), both)
        self.assertEqual(self.get(["Log", "log"], "250-Log=a", "250 Log=b"), {"Log": ["a", "b"], "log": ["a", "b"]})

    def test_one_option_under_another_name(self) -> None:
        """
        An option may be told under another name than the one that was asked for, as ``ConnLimit`` to ``MaxConn``.
        """
        self.assertEqual(self.get(["MaxConn"], "250 ConnLimit=1000"), {"MaxConn": ["1000"]})
        told = self.get(["Nickname", "MaxConn", "Log"], "250-Nickname=a", "250-ConnLimit=1000", "250 Log=x")
        self.assertEqual(told, {"Nickname": ["a"], "MaxConn": ["1000"], "Log": ["x"]})

    def test_prefixes(self) -> None:
        """
        An option whose name is the beginning of another one's is not its abbreviation.
        """
        for asked in (["Log", "LogTimeGranularity"], ["LogTimeGranularity", "Log"]):
            lines = {"Log": ["250-Log=a", "250-Log=b"], "LogTimeGranularity": ["250-LogTimeGranularity=1"]}
            told = [*lines[asked[0]], *lines[asked[1]]]
            told[-1] = told[-1].replace("-", " ", 1)
            self.assertEqual(self.get(asked, *told), {"Log": ["a", "b"], "LogTimeGranularity": ["1"]})

    def test_cannot_be_told_apart(self) -> None:
        """
        Lines that fit no question are a violation and never a wrong answer.
        """
        self.assertRaises(ProtocolViolation, self.get, ["a", "b"], "250 a=1")
        self.assertRaises(ProtocolViolation, self.get, ["a", "b"], "250-a=1", "250-b=1", "250 c=1")
        self.assertRaises(ProtocolViolation, self.get, ["a", "b"], "250-b=1", "250 a=1")
        self.assertRaises(ProtocolViolation, self.get, ["x", "y", "z"], "250-x=1", "250 z=1")
        self.assertRaises(ProtocolViolation, self.get, ["SocksPort", "Socks", "Log", "x"], "250-SocksPort=0", "250 Log=a")

    def test_malformed(self) -> None:
        """
        A line that is none of GETCONF's.
        """
        self.assertRaises(ProtocolViolation, self.get, ["a"], '250 a="b')
        self.assertRaises(ProtocolViolation, self.get, ["a"], "250 =b")
        self.assertRaises(ProtocolViolation, GetConf(["a"]).parse_reply, reply(("250+a=", b"x"), "250 OK"))

    def test_refused(self) -> None:
        """
        Case 12: one unknown option, and there is no value.
        """
        error = self.assertRaises(
            UnrecognizedEntity,
            self.get,
            ["a", "Bogus"],
            '552-Unrecognized configuration key "a"',
            '552 Unrecognized configuration key "Bogus"',
        )
        self.assertEqual(len(error.lines), 2)
        self.assertIn("Bogus", error.text)

    def test_own_results(self) -> None:
        """
        Case 21: what the caller does to a result touches no other.
        """
        command = GetConf(["Log", "log"])
        told = command.parse_reply(reply("250 Log=a"))
        told["Log"].append("mine")
        self.assertEqual(told["log"], ["a"])

    def test_group(self) -> None:
        """
        Options of onion services mean something only with their names and in their order.
        """
        self.assertRaises(InvalidArgument, GetConf, ["Log", "SocksPortLines"])
        error = self.assertRaises(InvalidArgument, GetConf, ["hiddenserviceoptions"])
        self.assertIn("GetConfGroup", str(error))
        command = GetConfGroup()
        self.assertEqual(command.to_wire(), b"GETCONF HiddenServiceOptions\r\n")
        told = command.parse_reply(
            reply(
                "250-HiddenServiceDir=/a",
                '250-HiddenServicePort="80 unix:/a b"',
                "250-HiddenServiceDir=/b",
                "250 HiddenServicePort=1",
            )
        )
        self.assertEqual(told[0], ("HiddenServiceDir", "/a"))
        self.assertEqual(told[1], ("HiddenServicePort", "80 unix:/a b"))
        self.assertEqual([name for name, _ in told], ["HiddenServiceDir", "HiddenServicePort"] * 2)
        self.assertEqual(command.parse_reply(reply("250 HiddenServiceOptions")), [])
        self.assertRaises(UnrecognizedEntity, GetConfGroup("x").parse_reply, reply("552 no"))


class SetConfTests(SynchronousTestCase):
    """
    SETCONF and RESETCONF.
    """

    def test_values(self) -> None:
        """
        Every kind of value.
        """
        options: dict[str, Value] = {"A": "x y", "B": 5, "C": True, "D": False, "E": 0.5, "F": None, "G": b"\xff", "H": ""}
        self.assertEqual(SetConf(options).to_wire(), b'SETCONF A="x y" B="5" C="1" D="0" E="0.5" F G="\\377" H=""\r\n')

    def test_lists(self) -> None:
        """
        A list gives an option several values, and none at all when it is empty.
        """
        options: dict[str, Value] = {"A": ["x", 1], "B": [], "C": ()}
        self.assertEqual(SetConf(options).to_wire(), b'SETCONF A="x" A="1" B C\r\n')

    def test_resetting(self) -> None:
        """
        RESETCONF is written as SETCONF is.
        """
        self.assertEqual(ResetConf({"A": None}).to_wire(), b"RESETCONF A\r\n")
        self.assertNotEqual(ResetConf({"A": None}), SetConf({"A": None}))

    def test_injection(self) -> None:
        """
        Case 4: a value stays one value.
        """
        heard = heard_by_tor(SetConf({"ContactInfo": 'x" Nickname="evil'}).to_wire())
        self.assertEqual(heard[0].keywords, [(b"ContactInfo", b'x" Nickname="evil')])

    def test_bytes(self) -> None:
        """
        Case 2: a NUL cannot be sent; bytes that are not UTF-8 can.
        """
        self.assertRaises(InvalidArgument, SetConf, {"A": "a\0b"})
        self.assertRaises(InvalidArgument, SetConf, {"A": b"\0"})
        self.assertRaises(InvalidArgument, SetConf, {"A": "\ud800"})
        self.assertEqual(SetConf({"A": "\udcff"}).to_wire(), SetConf({"A": b"\xff"}).to_wire())

    def test_bad_arguments(self) -> None:
        """
        What is no option with a value.
        """
        wrong: list[Any] = [
            [("A",)], ["AB"], "AB", 5, None, [("A B", "x")], [("", "x")], [("+A", "x")], [("A=", "x")], [(b"A", "x")],
            {"A": object()}, {"A": {}}, {"A": [None]}, {"A": [["x"]]}, {"A": float("nan")}, {"A": float("inf")},
        ]  # fmt: skip
        for options in wrong:
            self.assertRaises(InvalidArgument, SetConf, options)

    def test_refused(self) -> None:
        """
        Tor's refusals are told by class.
        """
        for line, cause in (
            ("552 Unrecognized option: Unknown option 'x'.  Failing.", UnrecognizedEntity),
            ("513 Unacceptable option value: no", UnrecognizedArgument),
            ("553 Transition not allowed: While Tor is running, changing User is not allowed.", InvalidConfigurationValue),
        ):
            error = self.assertRaises(cause, SetConf({"x": 1}).parse_reply, reply(line))
            self.assertEqual(error.text, line[4:])
        SetConf({"x": 1}).parse_reply(reply("250 OK"))

    @settings(max_examples=300)
    @given(st.lists(st.tuples(st.sampled_from(["ContactInfo", "A_1"]), TEXT), max_size=4))
    def test_round_trip(self, options: list[tuple[str, str]]) -> None:
        """
        Case 1: tor hears the very values.
        """
        heard = heard_by_tor(SetConf(options).to_wire())
        self.assertEqual([(n.decode(), v.decode()) for n, v in heard[0].keywords if v is not None], options)


class TorrcTests(SynchronousTestCase):
    """
    LOADCONF and SAVECONF.
    """

    def test_load(self) -> None:
        """
        Case 6: line ends of every kind, dots, no lines at all.
        """
        for torrc, wire in (
            ("A 1\nB 2\n", b"A 1\r\nB 2\r\n"),
            ("A 1\r\nB 2", b"A 1\r\nB 2\r\n"),
            (".\n..", b"..\r\n...\r\n"),
            ("", b"\r\n"),
            (b"ContactInfo \xff\n\n", b"ContactInfo \xff\r\n\r\n"),
        ):
            self.assertEqual(LoadConf(torrc).to_wire(), b"+LOADCONF\r\n" + wire + b".\r\n")

    def test_cannot_be_sent(self) -> None:
        """
        A NUL, a lone surrogate, and what is no text.
        """
        for torrc in ("a\0", b"\0", "\ud800", 5, None, ["A 1"]):
            self.assertRaises(InvalidArgument, LoadConf, torrc)

    def test_save(self) -> None:
        """
        With and without force.
        """
        self.assertEqual(SaveConf().to_wire(), b"SAVECONF\r\n")
        self.assertEqual(SaveConf(True).to_wire(), b"SAVECONF FORCE\r\n")
