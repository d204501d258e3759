"""
Tests of news of the network's directory.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from txtor.events import AuthDirNewDescsEvent, NetworkStatusEvent, NewConsensusEvent, NewDescEvent, event_from_reply
from txtor.grammar import Reply, ReplyLine, RouterName, stuff, unstuff

FINGERPRINT = "D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB"
ENTRIES = (
    b"r auth002 2G2jw5i1PtuV5sw+QXg2TaT/GNs AAAAAAAAAAAAAAAAAAAAAAAAAAA 2038-01-01 00:00:00 127.0.0.1 15002 0\n"
    b"s Authority Fast Running V2Dir Valid\nw Bandwidth=0\n"
    b"r relay003 8IlbSdJTTIEuDhJbXjCKJaS3bc4 AAAAAAAAAAAAAAAAAAAAAAAAAAA 2038-01-01 00:00:00 127.0.0.1 15006 0\n"
    b"s Exit Fast Running Valid\nw Bandwidth=12"
)


def block_event(keyword: str, data: bytes) -> Reply:
    """
    An event with one data block.
    """
    return Reply([ReplyLine(650, keyword, data), ReplyLine(650, "OK")])


class NewDescTests(SynchronousTestCase):
    """
    NEWDESC.
    """

    def test_routers(self) -> None:
        """
        Case 39: many relays on one line, one of which cannot be read.
        """
        event = NewDescEvent(" ".join([f"${FINGERPRINT}~auth002"] * 5000 + ["$x"]))
        self.assertEqual(len(event.routers), 5001)
        self.assertEqual(event.routers[0], RouterName(FINGERPRINT, "auth002"))
        self.assertEqual(event.routers[-1], RouterName(None, "$x"))

    def test_none(self) -> None:
        """
        Case 39: no relay at all.
        """
        self.assertEqual(NewDescEvent("").routers, ())


class NetworkStatusTests(SynchronousTestCase):
    """
    NS and NEWCONSENSUS.
    """

    def test_routers(self) -> None:
        """
        Case 39: the entries, as they came over the wire, by fingerprint.
        """
        data = unstuff(stuff(ENTRIES)[: -len(b"\r\n.\r\n")])
        for keyword, event_class in (("NS", NetworkStatusEvent), ("NEWCONSENSUS", NewConsensusEvent)):
            event = event_from_reply(block_event(keyword, data))
            assert isinstance(event, event_class)
            self.assertEqual(event.data, ENTRIES)
            routers = event.routers
            assert routers is not None
            self.assertEqual([router.nickname for router in routers.values()], ["auth002", "relay003"])
            self.assertEqual((routers[FINGERPRINT].or_port, routers[FINGERPRINT].bandwidth), (15002, 0))

    def test_empty(self) -> None:
        """
        No entries are no routers, with a block or without.
        """
        for event in (NetworkStatusEvent(block_event("NS", b"")), NetworkStatusEvent("")):
            self.assertEqual(event.routers, {})

    def test_broken(self) -> None:
        """
        Entries that cannot be told apart are None, and their bytes stay.
        """
        for data in (b"x", b"r", b"r a b", ENTRIES + b"\n" + ENTRIES, b"\n" + ENTRIES):
            event = NewConsensusEvent(block_event("NEWCONSENSUS", data))
            self.assertEqual((event.routers, event.data), (None, data))

    def test_light(self) -> None:
        """
        Who looks at no documents does not import what documents need.
        """
        root = pathlib.Path(__file__).parents[3]
        code = "import sys, txtor.events; sys.exit('cryptography' in sys.modules or 'txtor.directory' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)
        self.assertEqual(done.returncode, 0)


class AuthDirNewDescsTests(SynchronousTestCase):
    """
    AUTHDIR_NEWDESCS.
    """

    def test_parts(self) -> None:
        """
        Action, message and descriptor of an older Tor's event.
        """
        event = AuthDirNewDescsEvent(block_event("AUTHDIR_NEWDESCS", b"DROPPED\nNot new enough\nrouter a 192.0.2.1 1 0 0\nx"))
        self.assertEqual((event.action, event.message), ("DROPPED", "Not new enough"))
        self.assertEqual(event.descriptor, b"router a 192.0.2.1 1 0 0\nx\n")

    def test_broken(self) -> None:
        """
        Case 40: an event without the three parts.
        """
        for event in (AuthDirNewDescsEvent("x"), AuthDirNewDescsEvent(block_event("AUTHDIR_NEWDESCS", b"DROPPED\nx"))):
            self.assertEqual((event.action, event.message, event.descriptor), (None, None, None))
