"""
Lines of tor's output.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.process._logs import (
    LONGEST_LINE,
    Bootstrapped,
    LineSplitter,
    LogLine,
    parse_bootstrapped,
    parse_control_listener,
    parse_log_line,
)


class LogLineTests(SynchronousTestCase):
    """
    What a line says.
    """

    def test_parts(self) -> None:
        """
        Severity and message; a line that is none of the log is kept whole.
        """
        self.assertEqual(parse_log_line("Nov 24 13:07:54.298 [notice] a [b] c"), LogLine("notice", "a [b] c"))
        self.assertEqual(parse_log_line("Nov  4 13:07:54.000 [warn] {BUG} a"), LogLine("warn", "a"))
        self.assertEqual(parse_log_line("[err] a"), LogLine("err", "a"))
        self.assertEqual(parse_log_line("tor: a [warn] b"), LogLine("", "tor: a [warn] b"))
        self.assertEqual([parse_log_line(f"[{word}] a").is_warning for word in ("warn", "err", "info")], [True, True, False])

    def test_bootstrapped(self) -> None:
        """
        How far tor has come, in the form of today's tor and of an old one.
        """
        self.assertEqual(parse_bootstrapped("Bootstrapped 5% (conn): Connecting"), Bootstrapped(5, "conn", "Connecting"))
        self.assertEqual(parse_bootstrapped("Bootstrapped 100%: Done"), Bootstrapped(100, "", "Done"))
        for other in ("Bootstrapped", "Bootstrapped 101% (a): b", "Not Bootstrapped 5% (a): b", ""):
            self.assertIsNone(parse_bootstrapped(other))

    def test_control_listener(self) -> None:
        """
        Only "Opened" counts: "Opening" is printed before there is a socket. Case 58.
        """
        said = "Control listener connection (ready) on /a b/c"
        self.assertEqual(parse_control_listener(f"Opened {said}"), "/a b/c")
        self.assertIsNone(parse_control_listener("Opening Control listener on /a b/c"))
        self.assertIsNone(parse_control_listener("Opened Socks listener connection (ready) on 127.0.0.1:1"))


class LineSplitterTests(SynchronousTestCase):
    """
    Output comes in pieces.
    """

    @given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=6), st.data())
    @settings(max_examples=100)
    def test_any_split(self, lines: list[bytes], data: st.DataObject) -> None:
        """
        However the output is cut, the lines are the same, whatever their bytes are. Case 58.
        """
        whole = b"".join(line + b"\n" for line in lines)
        received: list[str] = []
        splitter = LineSplitter(received.append)
        while whole:
            size = data.draw(st.integers(1, len(whole)))
            splitter.feed(whole[:size])
            whole = whole[size:]
        splitter.end()
        self.assertEqual(received, [line.decode("utf-8", "surrogateescape").rstrip("\r") for line in lines])
        for line in received:
            parsed = parse_log_line(line)
            parse_bootstrapped(parsed.message)
            parse_control_listener(parsed.message)

    def test_unfinished(self) -> None:
        """
        A last line without an end is a line.
        """
        received: list[str] = []
        splitter = LineSplitter(received.append)
        splitter.feed(b"a\nb")
        splitter.end()
        splitter.end()
        self.assertEqual(received, ["a", "b"])

    def test_bound(self) -> None:
        """
        A line without end takes no more memory than a long one.
        """
        received: list[str] = []
        splitter = LineSplitter(received.append)
        for _ in range(100):
            splitter.feed(b"x" * 1000)
        splitter.feed(b"\nb\n")
        self.assertEqual(received, ["x" * LONGEST_LINE, "b"])
