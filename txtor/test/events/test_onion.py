"""
Tests of events about onion services' descriptors.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.events import HSDescContentEvent, HSDescEvent, event_from_reply
from txtor.grammar import Reply, ReplyLine, RouterName

from . import sample

ONION = "6lhwsu4rkjtx7fj6q53ehja2rsq2quxg6e5ejl6zuxldbbau2k65cdid"
DIRECTORY = "$D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB~auth002"
ROUTER = RouterName("D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB", "auth002")
DESCRIPTOR = "/Dx5KhvvVj2VKV0mh+m7xWn7KpeMyt1VyEaoF9rFGcI"


class HSDescTests(SynchronousTestCase):
    """
    HS_DESC.
    """

    def test_shapes(self) -> None:
        """
        What each action tells, and what it leaves out.
        """
        for text, authentication, directory, descriptor, index, reason in (
            (f"CREATED {ONION} UNKNOWN UNKNOWN {DESCRIPTOR}", None, None, DESCRIPTOR, None, None),
            (f"UPLOAD {ONION} UNKNOWN {DIRECTORY} {DESCRIPTOR} HSDIR_INDEX=9FD4", None, ROUTER, DESCRIPTOR, "9FD4", None),
            (f"UPLOADED {ONION} UNKNOWN {DIRECTORY}", None, ROUTER, None, None, None),
            (f"REQUESTED {ONION} NO_AUTH {DIRECTORY} {DESCRIPTOR}", "NO_AUTH", ROUTER, DESCRIPTOR, None, None),
            (f"FAILED {ONION} NO_AUTH {DIRECTORY} REASON=NOT_FOUND", "NO_AUTH", ROUTER, None, None, "NOT_FOUND"),
        ):
            event = HSDescEvent(text)
            self.assertEqual((event.action, event.address), (text.split(" ")[0], ONION))
            self.assertEqual((event.authentication, event.directory), (authentication, directory))
            self.assertEqual((event.descriptor_id, event.index, event.reason), (descriptor, index, reason))
            self.assertIsNone(event.replica)

    def test_unknown_address(self) -> None:
        """
        An address that Tor does not know is None, and its word stays.
        """
        event = HSDescEvent(f"UPLOADED UNKNOWN UNKNOWN {DIRECTORY} REPLICA=1")
        self.assertEqual((event.address, event.positional[1], event.replica), (None, "UNKNOWN", 1))


class HSDescContentTests(SynchronousTestCase):
    """
    HS_DESC_CONTENT.
    """

    def test_genuine(self) -> None:
        """
        Case 44: a version 3 descriptor as a Tor sent it.
        """
        (event,) = [
            event for event in map(event_from_reply, sample.events()) if isinstance(event, HSDescContentEvent)
        ]
        self.assertEqual((event.address, event.descriptor_id, event.directory), (ONION, DESCRIPTOR, ROUTER))
        self.assertTrue(event.descriptor.startswith(b"hs-descriptor 3\ndescriptor-lifetime 180\n"))
        self.assertRegex(event.descriptor, rb"\nsignature [A-Za-z0-9+/]{86}\n$")
        self.assertNotIn(b"\r", event.descriptor)

    def test_failed(self) -> None:
        """
        Behind a failure comes an empty descriptor.
        """
        head = f"HS_DESC_CONTENT {ONION} {DESCRIPTOR} {DIRECTORY}"
        event = HSDescContentEvent(Reply([ReplyLine(650, head, b""), ReplyLine(650, "OK")]))
        self.assertEqual((event.address, event.descriptor, event.data), (ONION, b"", b""))
        self.assertEqual(HSDescContentEvent(head).descriptor, b"")
