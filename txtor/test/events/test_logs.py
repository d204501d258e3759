"""
Tests of log messages, and of events about transports.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.events import LogEvent, PTLogEvent, PTStatusEvent, TransportLaunchedEvent, event_from_reply, parse_event
from txtor.grammar import Reply, ReplyLine


class LogTests(SynchronousTestCase):
    """
    DEBUG, INFO, NOTICE, WARN, ERR.
    """

    def message(self, *lines: ReplyLine) -> str:
        """
        The message of a log event of some lines.
        """
        event = event_from_reply(Reply(lines))
        assert isinstance(event, LogEvent)
        return event.message

    def test_unharmed(self) -> None:
        """
        Case 43: a message is the text, whatever looks like the end of a reply, a key or a quote in it.
        """
        for text in ("Everything is OK", "OK", "new LOOK", "  two spaces before", 'a "b c', "PURPOSE=x y", "", "café \udcff"):
            self.assertEqual(self.message(ReplyLine(650, f"NOTICE {text}")), text)

    def test_several_lines(self) -> None:
        """
        Case 43: a message that comes as a block has all its lines.
        """
        end = ReplyLine(650, "OK")
        self.assertEqual(self.message(ReplyLine(650, "WARN", "one\n two\nOK é".encode()), end), "one\n two\nOK é")
        self.assertEqual(self.message(ReplyLine(650, "WARN head", b"one"), end), "head\none")

    def test_severities(self) -> None:
        """
        The keyword is the severity.
        """
        for keyword in ("DEBUG", "INFO", "NOTICE", "WARN", "ERR"):
            event = parse_event(keyword, "x")
            assert isinstance(event, LogEvent)
            self.assertEqual((event.runlevel, event.message), (keyword, "x"))
        self.assertEqual(repr(parse_event("ERR", "it burns " * 20)), f"<ErrEvent {('it burns ' * 20)[:80]!r}>")

    @given(st.text())
    def test_any(self, text: str) -> None:
        """
        Case 43: any message is itself, one positional word, and has no keys.
        """
        event = parse_event("INFO", text)
        assert isinstance(event, LogEvent)
        self.assertEqual((event.message, event.positional, dict(event.keywords)), (text, (text,), {}))


class TransportTests(SynchronousTestCase):
    """
    TRANSPORT_LAUNCHED, PT_LOG, PT_STATUS.
    """

    def test_launched(self) -> None:
        """
        Case 44: whom it serves, its name, and where it listens.
        """
        event = TransportLaunchedEvent("server obfs4 127.0.0.1 9004")
        self.assertEqual((event.type, event.name, event.address, event.port), ("server", "obfs4", "127.0.0.1", 9004))

    def test_log(self) -> None:
        """
        What a transport says.
        """
        event = PTLogEvent('PT=/usr/bin/obfs4proxy SEVERITY=debug MESSAGE="Connected to bridge \\"A\\""')
        self.assertEqual((event.program, event.severity), ("/usr/bin/obfs4proxy", "debug"))
        self.assertEqual(event.message, 'Connected to bridge "A"')

    def test_status(self) -> None:
        """
        What a transport says of itself, with keys of its own.
        """
        event = PTStatusEvent("PT=/usr/bin/obfs4proxy TRANSPORT=obfs4 ADDRESS=192.0.2.1:4 CONNECT=Success")
        self.assertEqual((event.program, event.transport), ("/usr/bin/obfs4proxy", "obfs4"))
        self.assertEqual((event.keywords["ADDRESS"], event.keywords["CONNECT"]), ("192.0.2.1:4", "Success"))
