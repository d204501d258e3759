# -*- test-case-name: txtor.test.commands.test_process -*-
"""
Tests of the commands about the connection and the process.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import DropGuards, DropOwnership, DropTimeouts, Quit, SetEvents, Signal, TakeOwnership, UseFeature
from txtor.errors import InvalidArgument, UnrecognizedEntity

from .tor_side import reply


class ProcessTests(SynchronousTestCase):
    """
    Their form on the wire, and their refusals.
    """

    def test_plain(self) -> None:
        """
        Commands without arguments are their keyword.
        """
        for command, wire in (
            (Quit(), b"QUIT\r\n"),
            (TakeOwnership(), b"TAKEOWNERSHIP\r\n"),
            (DropOwnership(), b"DROPOWNERSHIP\r\n"),
            (DropGuards(), b"DROPGUARDS\r\n"),
            (DropTimeouts(), b"DROPTIMEOUTS\r\n"),
        ):
            self.assertEqual(command.to_wire(), wire)
            command.parse_reply(reply("250 OK"))

    def test_events(self) -> None:
        """
        All events that are wanted, or none.
        """
        self.assertEqual(SetEvents(["CIRC", "BW"]).to_wire(), b"SETEVENTS CIRC BW\r\n")
        self.assertEqual(SetEvents().to_wire(), b"SETEVENTS\r\n")
        self.assertRaises(InvalidArgument, SetEvents, ["CIRC BW"])
        self.assertRaises(UnrecognizedEntity, SetEvents(["X"]).parse_reply, reply('552 Unrecognized event "X"'))

    def test_signal(self) -> None:
        """
        Case 9: a name in any case; Tor judges whether it is one.
        """
        self.assertEqual(Signal("newnym").to_wire(), b"SIGNAL newnym\r\n")
        self.assertRaises(InvalidArgument, Signal, "")
        self.assertRaises(InvalidArgument, Signal, "HUP\r\nSIGNAL HALT")
        self.assertRaises(UnrecognizedEntity, Signal("E").parse_reply, reply('552 Unrecognized signal code "E"'))

    def test_features(self) -> None:
        """
        Features by name.
        """
        self.assertEqual(UseFeature(["A", "B"]).to_wire(), b"USEFEATURE A B\r\n")
        self.assertRaises(UnrecognizedEntity, UseFeature(["X"]).parse_reply, reply('552 Unrecognized feature "X"'))
