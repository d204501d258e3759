# -*- test-case-name: txtor.test.testing.test_network_checks -*-
"""
What a caller may ask of a private network.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.testing import TorNetwork
from txtor.testing._network_checks import check_lines, check_torrc, nicknames

ANYTHING = st.none() | st.integers() | st.floats() | st.text() | st.booleans() | st.lists(st.text())


class CheckTests(SynchronousTestCase):
    """
    `nicknames`, `check_torrc` and the arguments of `TorNetwork`.
    """

    def test_names(self) -> None:
        """
        Nodes are named after their role and counted from 0.
        """
        names = nicknames(1, 1, 2, 1)
        self.assertEqual(list(names), ["authority0", "relay0", "exit0", "exit1", "client0"])
        self.assertEqual(names["exit1"], "exit")

    def test_too_few(self) -> None:
        """
        A network in which some relay could build no circuit is refused, and so is one without an authority.
        """
        for numbers in ((1, 0, 2, 1), (1, 1, 1, 1), (0, 4, 4, 1), (3, 0, 0, 2)):
            self.assertRaises(InvalidArgument, nicknames, *numbers)

    @settings(max_examples=200)
    @given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
    def test_any_numbers(self, authorities: object, relays: object, exits: object, clients: object) -> None:
        """
        Whatever the numbers are, there are names or there is `InvalidArgument`.
        """
        try:
            names = nicknames(authorities, relays, exits, clients)  # type: ignore[arg-type]
        except InvalidArgument:
            return
        self.assertEqual(len(names), authorities + relays + exits + clients)  # type: ignore[operator]

    def test_torrc(self) -> None:
        """
        Lines for all come before lines for the role, and those before the node's own, so that the last wins.
        """
        names = nicknames(1, 0, 3, 0)
        lines = check_torrc({"exit0": "C 3", "*": ["A 1", "A 2"], "exit": "B 1\nB 2\n"}, names)
        self.assertEqual(lines["exit0"], ["A 1", "A 2", "B 1", "B 2", "C 3"])
        self.assertEqual(lines["exit1"], ["A 1", "A 2", "B 1", "B 2"])
        self.assertEqual(lines["authority0"], ["A 1", "A 2"])

    def test_torrc_of_nobody(self) -> None:
        """
        Lines for a node that is not there are a mistake, and the error names it.
        """
        error = self.assertRaises(InvalidArgument, check_torrc, {"exit9": ""}, nicknames(1, 0, 3, 0))
        self.assertIn("exit9", str(error))

    @settings(max_examples=200)
    @given(ANYTHING | st.lists(ANYTHING))
    def test_any_lines(self, text: object) -> None:
        """
        No value becomes more lines of a torrc than it has.
        """
        try:
            lines = check_lines(text)
        except InvalidArgument:
            return
        for line in lines:
            self.assertFalse({"\n", "\r", "\0"} & set(line))

    def test_arguments(self) -> None:
        """
        A mistake is found before anything starts.
        """
        for wrong in (
            {"authorities": 0},
            {"clients": -1},
            {"exits": 1.5},
            {"relays": True},
            {"timeout": 0},
            {"timeout": float("nan")},
            {"timeout": "1"},
            {"directory": "a\nb"},
            {"directory": ""},
            {"directory": b"x"},
            {"directory": 7},
            {"torrc": {"nobody": ""}},
            {"torrc": {"exit": 3}},
            {"torrc": ["exit"]},
            {"tor_binary": 3},
            {"tor_binary": "a\0b"},
        ):
            self.assertRaises(InvalidArgument, TorNetwork, MemoryReactorClock(), **wrong)
