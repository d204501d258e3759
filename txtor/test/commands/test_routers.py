# -*- test-case-name: txtor.test.commands.test_routers -*-
"""
Tests of the commands about relays' descriptors.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import Outcome, PostDescriptor, SetRouterPurpose
from txtor.errors import InvalidArgument, InvalidDescriptor, UnimplementedCommand, UnrecognizedEntity

from .tor_side import reply


class RouterTests(SynchronousTestCase):
    """
    Their form on the wire and their replies.
    """

    def test_post(self) -> None:
        """
        Case 6: the very lines, with and without options.
        """
        self.assertEqual(PostDescriptor("router a\n.x\n").to_wire(), b"+POSTDESCRIPTOR\r\nrouter a\r\n..x\r\n.\r\n")
        wire = PostDescriptor(b"\xff", "bridge", cache=False).to_wire()
        self.assertEqual(wire, b"+POSTDESCRIPTOR purpose=bridge cache=no\r\n\xff\r\n.\r\n")
        self.assertEqual(PostDescriptor("", cache=True).to_wire(), b"+POSTDESCRIPTOR cache=yes\r\n\r\n.\r\n")

    def test_outcomes(self) -> None:
        """
        A descriptor that Tor does not need is no error, and the result tells.
        """
        self.assertEqual(PostDescriptor("r").parse_reply(reply("250 OK")), Outcome(250, "OK"))
        told = PostDescriptor("r").parse_reply(reply("251 Router descriptor was not new."))
        self.assertEqual((told.status, told.text), (251, "Router descriptor was not new."))
        self.assertRaises(InvalidDescriptor, PostDescriptor("r").parse_reply, reply("554 Couldn't parse router descriptor."))
        self.assertRaises(UnrecognizedEntity, PostDescriptor("r").parse_reply, reply('552 Unknown purpose "x"'))

    def test_bad_arguments(self) -> None:
        """
        What cannot be sent.
        """
        for arguments in (("a\0",), (5,), ("a", ""), ("a", "b c"), ("a", "x\r\n"), ("\ud800",)):
            self.assertRaises(InvalidArgument, PostDescriptor, *arguments)

    def test_repr(self) -> None:
        """
        A document is not shown.
        """
        self.assertEqual(repr(PostDescriptor("router")), "PostDescriptor(purpose=None, cache=None)")

    def test_router_purpose(self) -> None:
        """
        It exists, and Tor says that it is obsolete.
        """
        self.assertEqual(SetRouterPurpose("nick", "general").to_wire(), b"SETROUTERPURPOSE nick general\r\n")
        self.assertEqual(SetRouterPurpose("a" * 40, "general").to_wire(), b"SETROUTERPURPOSE $" + b"A" * 40 + b" general\r\n")
        self.assertRaises(InvalidArgument, SetRouterPurpose, "a b", "general")
        self.assertRaises(InvalidArgument, SetRouterPurpose, "nick", "")
        line = reply("511 SETROUTERPURPOSE is obsolete.")
        self.assertRaises(UnimplementedCommand, SetRouterPurpose("nick", "general").parse_reply, line)
