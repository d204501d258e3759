# -*- test-case-name: txtor.test.commands.test_info -*-
"""
Tests of GETINFO.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import GetInfo, GetInfoBytes
from txtor.errors import InternalTorError, InvalidArgument, ProtocolViolation, UnrecognizedEntity
from txtor.grammar import Reply, ReplyLine, decode, encode

from .tor_side import reply

KEYS = st.lists(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"'), min_size=1), max_size=4)


class GetInfoTests(SynchronousTestCase):
    """
    Questions and answers.
    """

    def test_wire(self) -> None:
        """
        Keys as they are; no keys are no question.
        """
        self.assertEqual(GetInfo(["version", "ns/id/$AB~nick"]).to_wire(), b"GETINFO version ns/id/$AB~nick\r\n")
        self.assertEqual(GetInfo([]).to_wire(), b"GETINFO\r\n")

    def test_nothing(self) -> None:
        """
        Case 19: nothing asked, nothing told.
        """
        self.assertEqual(GetInfo([]).parse_reply(reply("250 OK")), {})

    def test_answers(self) -> None:
        """
        Lines and blocks, a value with ``=``, an empty one.
        """
        answer = reply("250-a=1=2", ("250+b=", b"x\n.y\nOK\n250 OK"), "250-c=", "250 OK")
        self.assertEqual(GetInfo(["a", "b", "c"]).parse_reply(answer), {"a": "1=2", "b": "x\n.y\nOK\n250 OK", "c": ""})
        self.assertEqual(GetInfoBytes(["a", "b", "c"]).parse_reply(answer), {"a": b"1=2", "b": b"x\n.y\nOK\n250 OK", "c": b""})

    def test_empty_block(self) -> None:
        """
        Case 14: an empty block is an empty value.
        """
        self.assertEqual(GetInfoBytes(["a"]).parse_reply(reply(("250+a=", b""), "250 OK")), {"a": b""})

    def test_not_copied(self) -> None:
        """
        A block of several megabytes is handed on as it is.
        """
        block = b"r relay\n" * 500_000
        self.assertIs(GetInfoBytes(["ns/all"]).parse_reply(reply(("250+ns/all=", block), "250 OK"))["ns/all"], block)

    def test_bytes(self) -> None:
        """
        Case 16: bytes that are not UTF-8 are kept by both.
        """
        line = decode(b"250-a=caf\xc3\xa9\xff")
        self.assertEqual(GetInfo(["a"]).parse_reply(reply(line, "250 OK")), {"a": "café\udcff"})
        self.assertEqual(GetInfoBytes(["a"]).parse_reply(reply(line, "250 OK")), {"a": b"caf\xc3\xa9\xff"})

    def test_the_same_key_twice(self) -> None:
        """
        Tor answers it twice.
        """
        self.assertEqual(GetInfo(["a", "a"]).parse_reply(reply("250-a=1", "250-a=1", "250 OK")), {"a": "1"})

    def test_key_with_equals(self) -> None:
        """
        A key may hold ``=``; the answer repeats it.
        """
        self.assertEqual(GetInfo(["md/id/AB="]).parse_reply(reply("250-md/id/AB==x", "250 OK")), {"md/id/AB=": "x"})

    def test_other_answers(self) -> None:
        """
        Answers to other questions are a violation and never a wrong value.
        """
        for lines in (
            ["250 OK"],
            ["250-b=1", "250 OK"],
            ["250-a=1", "250-a=1", "250 OK"],
            ["250-A=1", "250 OK"],
            ["250-a", "250 OK"],
            ["250-aa=1", "250 OK"],
        ):
            self.assertRaises(ProtocolViolation, GetInfo(["a"]).parse_reply, reply(*lines))
        self.assertRaises(ProtocolViolation, GetInfo(["a", "b"]).parse_reply, reply("250-b=1", "250-a=1", "250 OK"))

    def test_refused(self) -> None:
        """
        Case 12: an unknown key, and one that fails; no value comes, even if there are as many lines as there would be.
        """
        self.assertRaises(UnrecognizedEntity, GetInfo(["version", "x"]).parse_reply, reply('552 Unrecognized key "x"'))
        self.assertRaises(UnrecognizedEntity, GetInfo(["a"]).parse_reply, reply("552-a=1", "552 no"))
        self.assertRaises(UnrecognizedEntity, GetInfo(["a"]).parse_reply, reply("250-a=1", "552 no"))
        self.assertRaises(UnrecognizedEntity, GetInfo(["a"]).parse_reply, reply("552-a=1", "250 OK"))
        error = self.assertRaises(InternalTorError, GetInfo(["a", "b"]).parse_reply, reply("551 Address unknown"))
        self.assertEqual((error.text, error.command), ("Address unknown", "GETINFO"))

    def test_bad_keys(self) -> None:
        """
        Case 3: a key is one word of printable ASCII.
        """
        for key in ("", "a b", "a\tb", "a\r\nQUIT", 'a"', "é", "\0", "\udcff", None, 5, b"version"):
            self.assertRaises(InvalidArgument, GetInfo, [key])
            self.assertRaises(InvalidArgument, GetInfoBytes, [key])

    @settings(max_examples=200)
    @given(KEYS, st.data())
    def test_round_trip(self, keys: list[str], data: st.DataObject) -> None:
        """
        What Tor would answer is what both forms give.
        """
        values: dict[str, bytes] = {}
        lines = []
        for key in keys:
            value = values.setdefault(key, data.draw(st.binary(max_size=20)))
            if b"\n" in value or b"\r" in value:
                lines.append(ReplyLine(250, key + "=", value))
            else:
                lines.append(ReplyLine(250, f"{key}={decode(value)}"))
        answer = Reply([*lines, ReplyLine(250, "OK")])
        self.assertEqual(GetInfoBytes(keys).parse_reply(answer), values)
        told = GetInfo(keys).parse_reply(answer)
        self.assertEqual({key: encode(value) for key, value in told.items()}, values)
        self.assertEqual(list(told), list(dict.fromkeys(keys)))
