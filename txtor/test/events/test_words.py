"""
Tests of the words that are known.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor import events
from txtor.events import CircuitPurpose, CircuitStatus, parse_event
from txtor.events import _words as private

from . import sample

SETS = private.Keyword.__subclasses__()


class WordTests(SynchronousTestCase):
    """
    Members that are the words of the wire.
    """

    def test_text(self) -> None:
        """
        A member is its text: compared, as the key of a dict, formatted and joined.
        """
        self.assertEqual(CircuitStatus.BUILT, "BUILT")
        self.assertEqual({"BUILT": 1}[CircuitStatus.BUILT], 1)
        self.assertEqual(f"{CircuitStatus.BUILT} {CircuitStatus.BUILT:>6} {CircuitStatus.BUILT!s}", "BUILT  BUILT BUILT")
        self.assertEqual(",".join([CircuitStatus.BUILT, CircuitStatus.CLOSED]), "BUILT,CLOSED")

    def test_attribute(self) -> None:
        """
        An attribute is compared with a member; a word that is none is a value like any other.
        """
        event = parse_event("CIRC", "5 BUILT PURPOSE=LAUNDRY")
        assert isinstance(event, events.CircuitEvent)
        self.assertEqual(event.status, CircuitStatus.BUILT)
        self.assertNotIn(event.purpose, list(CircuitPurpose))

    def test_spelling(self) -> None:
        """
        Members are named as they are spelled, in capitals, and each set is exported.
        """
        self.assertGreater(len(SETS), 20)
        for words in SETS:
            for member in words:
                self.assertEqual(member.name, member.value.upper())
            self.assertIn(words.__name__, events.__all__)

    def test_sample(self) -> None:
        """
        Every word that a Tor sent is known.
        """
        sets = {
            "status": {"CIRC": "CircuitStatus", "STREAM": "StreamStatus", "GUARD": "GuardStatus"},
            "purpose": {"CIRC": "CircuitPurpose", "CIRC_MINOR": "CircuitPurpose", "STREAM": "StreamPurpose"},
            "reason": {"CIRC": "CircuitReason", "STREAM": "StreamReason"},
            "remote_reason": {"CIRC": "CircuitReason", "STREAM": "StreamReason"},
            "hs_state": {"CIRC": "HSState", "CIRC_MINOR": "HSState"},
            "event": {"CIRC_MINOR": "CircuitMinorChange"},
            "client_protocol": {"STREAM": "ClientProtocol"},
            "source": {"STREAM": "StreamSource"},
            "action": {"HS_DESC": "HSDescAction"},
            "signal": {"SIGNAL": "SignalName"},
            "conn_type": {"CONN_BW": "ConnType"},
        }
        compared = 0
        for reply in sample.events():
            event = events.event_from_reply(reply)
            for attribute, by_keyword in sets.items():
                if event.keyword in by_keyword and getattr(event, attribute) is not None:
                    self.assertIn(getattr(event, attribute), list(getattr(events, by_keyword[event.keyword])))
                    compared += 1
            self.assertLessEqual(set(getattr(event, "build_flags", ())), set(events.BuildFlag))
            self.assertLessEqual(set(getattr(event, "iso_fields", None) or ()), set(events.IsolationField))
        self.assertGreater(compared, 200)
