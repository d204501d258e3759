# -*- test-case-name: txtor.test.commands.test_circuits -*-
"""
Tests of the commands about circuits.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import CloseCircuit, ExtendCircuit, SetCircuitPurpose
from txtor.errors import InternalTorError, InvalidArgument, ProtocolViolation, UnrecognizedEntity

from .tor_side import reply

ONE, TWO = "A" * 40, "b" * 40


class ExtendCircuitTests(SynchronousTestCase):
    """
    EXTENDCIRCUIT.
    """

    def test_wire(self) -> None:
        """
        A new circuit with and without a path, and one that becomes longer. tor refuses ``$hex=nick``, so names are left out.
        """
        self.assertEqual(ExtendCircuit().to_wire(), b"EXTENDCIRCUIT 0\r\n")
        self.assertEqual(ExtendCircuit(purpose="controller").to_wire(), b"EXTENDCIRCUIT 0 purpose=controller\r\n")
        wire = ExtendCircuit(0, [ONE, f"${TWO}=nick", "nick"], "general").to_wire()
        self.assertEqual(wire, f"EXTENDCIRCUIT 0 ${ONE},${TWO.upper()},nick purpose=general\r\n".encode())
        self.assertEqual(ExtendCircuit("5", ["nick"]).to_wire(), b"EXTENDCIRCUIT 5 nick\r\n")

    def test_bad_arguments(self) -> None:
        """
        What is refused before it is sent.
        """
        wrong: list[tuple[Any, ...]] = [
            ("5",), ("5", []), (-1,), (True,), ("1 2",), ("a" * 17,), ("",),
            (0, "nick"), (0, ["a,b"]), (0, [""]), (0, ["$" + ONE[1:]]), (0, [], ""),
            (0, [], "a b"), (0, [], 'a"'), (0, [None]), (None,), (1.0, ["nick"]), (0, [], 5),
        ]  # fmt: skip
        for arguments in wrong:
            self.assertRaises(InvalidArgument, ExtendCircuit, *arguments)

    def test_reply(self) -> None:
        """
        The identifier is text, of up to 16 letters and digits.
        """
        self.assertEqual(ExtendCircuit().parse_reply(reply("250 EXTENDED 12")), "12")
        self.assertEqual(ExtendCircuit().parse_reply(reply("250 EXTENDED aB3 NEW=1")), "aB3")

    def test_not_understood(self) -> None:
        """
        Anything else is a violation.
        """
        for text in ("OK", "EXTENDED", "EXTENDED ", "EXTENDED  5", "EXTENDED -", "EXTENDED é", "extended 5"):
            self.assertRaises(ProtocolViolation, ExtendCircuit().parse_reply, reply(f"250 {text}"))

    def test_refused(self) -> None:
        """
        Case 12: without a network, and with an unknown relay.
        """
        self.assertRaises(InternalTorError, ExtendCircuit().parse_reply, reply("551 Couldn't start circuit"))
        self.assertRaises(UnrecognizedEntity, ExtendCircuit().parse_reply, reply('552 No such router "x"'))


class CircuitTests(SynchronousTestCase):
    """
    The other two.
    """

    def test_purpose(self) -> None:
        """
        It always has both arguments: tor 0.4.9 crashes of none.
        """
        self.assertEqual(SetCircuitPurpose(5, "controller").to_wire(), b"SETCIRCUITPURPOSE 5 purpose=controller\r\n")
        self.assertRaises(TypeError, SetCircuitPurpose)
        for arguments in (("", "general"), (5, ""), (5, None), (None, "general"), (5, "a b")):
            self.assertRaises(InvalidArgument, SetCircuitPurpose, *arguments)
        self.assertRaises(UnrecognizedEntity, SetCircuitPurpose(5, "x").parse_reply, reply("552 Unknown purpose"))

    def test_close(self) -> None:
        """
        With and without its flag.
        """
        self.assertEqual(CloseCircuit("5").to_wire(), b"CLOSECIRCUIT 5\r\n")
        self.assertEqual(CloseCircuit(5, True).to_wire(), b"CLOSECIRCUIT 5 IfUnused\r\n")
        self.assertRaises(InvalidArgument, CloseCircuit, "5 6")
        self.assertRaises(UnrecognizedEntity, CloseCircuit(5).parse_reply, reply('552 Unknown circuit "5"'))
