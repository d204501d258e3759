# -*- test-case-name: txtor.test.config.test_ports -*-
"""
Tests of lines of ports.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.config import PortLine, ServicePort, Target
from txtor.errors import InvalidArgument

PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
HOSTS = st.sampled_from(["127.0.0.1", "::1", "localhost", "::"])
TARGETS = st.one_of(
    st.builds(Target, st.integers(0, 65535), st.none() | HOSTS),
    st.builds(Target, st.none(), st.none() | HOSTS),
    st.builds(lambda path: Target(path=path), PATHS),
)


class PortLineTests(SynchronousTestCase):
    """
    Where Tor listens.
    """

    def test_lines(self) -> None:
        """
        Case 65: ports, addresses, ``auto``, unix sockets, with flags.
        """
        for line, expected in (
            ("9050", PortLine(Target(9050))),
            ("auto", PortLine(Target())),
            ("127.0.0.1:9050 IsolateDestAddr Two", PortLine(Target(9050, "127.0.0.1"), ("IsolateDestAddr", "Two"))),
            ("[::1]:auto", PortLine(Target(None, "::1"))),
            ("unix:/a/b WorldWritable", PortLine(Target(path="/a/b"), ("WorldWritable",))),
            ('unix:"/a b" GroupWritable', PortLine(Target(path="/a b"), ("GroupWritable",))),
            ("localhost:0", PortLine(Target(0, "localhost"))),
        ):
            self.assertEqual(PortLine.parse(line), expected)
            self.assertEqual(str(expected), line)

    def test_nonsense(self) -> None:
        """
        What is no line is refused.
        """
        for line in (
            "", "x", "65536", "-1", "::1", "::1:80", "a:b", ":80", "unix:", 'unix:"/a', 'unix:"\\q"', "1.2.3.4:٣", "[]:5"
        ):
            self.assertRaises(InvalidArgument, PortLine.parse, line)

    @settings(max_examples=200)
    @given(TARGETS, st.lists(st.sampled_from(["IsolateDestPort", "SessionGroup=3", "NoIPv4Traffic"]), max_size=3))
    def test_round_trip(self, target: Target, flags: list[str]) -> None:
        """
        What is written is read again.
        """
        line = PortLine(target, tuple(flags))
        self.assertEqual(PortLine.parse(str(line)), line)

    @settings(max_examples=200)
    @given(st.text(max_size=30) | st.builds("{}:{} {}".format, st.text(max_size=9), st.text(max_size=6), st.text(max_size=9)))
    def test_any_text(self, line: str) -> None:
        """
        Any text is a line, or the one error.
        """
        for kind in (PortLine, ServicePort):
            try:
                str(kind.parse(line))
            except InvalidArgument:
                pass


class ServicePortTests(SynchronousTestCase):
    """
    Where an onion service leads.
    """

    def test_lines(self) -> None:
        """
        Case 75: a target with blanks and ``=`` is read and written back.
        """
        for line, expected in (
            ("80", ServicePort(80)),
            ("80 8080", ServicePort(80, Target(8080))),
            ("80 127.0.0.1:8080", ServicePort(80, Target(8080, "127.0.0.1"))),
            ("80 [::1]:8080", ServicePort(80, Target(8080, "::1"))),
            ('80 unix:"/a b=c"', ServicePort(80, Target(path="/a b=c"))),
            ("80 unix:/a=b", ServicePort(80, Target(path="/a=b"))),
        ):
            self.assertEqual(ServicePort.parse(line), expected)
            self.assertEqual(str(expected), line)
        self.assertEqual(ServicePort.parse("81 localhost"), ServicePort(81, Target(81, "localhost")))

    def test_nonsense(self) -> None:
        """
        What is no line is refused.
        """
        for line in ("", "0", "x", "80 1 2", "80 unix:", "65536", "80 a:b", "80 unix:/a b"):
            self.assertRaises(InvalidArgument, ServicePort.parse, line)

    @settings(max_examples=100)
    @given(st.integers(1, 65535), st.none() | TARGETS.filter(lambda target: target.port is not None or target.path is not None))
    def test_round_trip(self, port: int, target: Target | None) -> None:
        """
        What is written is read again.
        """
        line = ServicePort(port, target)
        self.assertEqual(ServicePort.parse(str(line)), line)
