# -*- test-case-name: txtor.test.testing.test_network_ready -*-
"""
Whether a private network's consensus says that it is ready.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.testing import NodeView
from txtor.testing._network_ready import digests, listed, undescribed, unlisted

MICRODESCRIPTORS = "@last-listed 2026-11-24 12:00:00\nonion-key\nntor-onion-key AAAA\nonion-key\nntor-onion-key BBBB\n"
CONSENSUS = """\
network-status-version 3 microdesc
r exit0 Fmedbk4hOcqusLL1DTMNh8X/aSY 2038-01-01 00:00:00 127.0.0.1 1001 0
m {first}
s Exit Fast Running Valid
r exit1 3xrukswdW2jK8oFP3Z3OOLrYSV0 2038-01-01 00:00:00 127.0.0.1 1002 0
m {second}
s Fast Running Valid
r authority0 3xrukswdW2jK8oFP3Z3OOLrYSV0 2038-01-01 00:00:00 127.0.0.1 1003 1004
m {first}
s Authority Valid
directory-footer
"""


class ReadyTests(SynchronousTestCase):
    """
    `unlisted`, `undescribed` and what they are made of.
    """

    def setUp(self) -> None:
        """
        A consensus and its microdescriptors.
        """
        self.first, self.second = sorted(digests(MICRODESCRIPTORS))
        self.consensus = CONSENSUS.format(first=self.first, second=self.second)

    def test_unlisted(self) -> None:
        """
        A relay is listed when it runs, has this port, and, if it is to be an exit, is one.
        """
        relays = [
            NodeView(nickname, role, "/", {"control_port": 1, "or_port": port})
            for nickname, role, port in (
                ("exit0", "exit", 1001),  # as it is listed
                ("exit0", "exit", 9999),  # the port of an earlier run
                ("exit1", "exit", 1002),  # no exit
                ("authority0", "authority", 1003),  # does not run
                ("relay0", "relay", 1005),  # not there
            )
        ]
        self.assertEqual(unlisted(self.consensus, relays), ["exit0", "exit1", "authority0", "relay0"])
        self.assertEqual(unlisted(self.consensus, relays[:1]), [])

    def test_undescribed(self) -> None:
        """
        The digest of a microdescriptor does not cover the annotations of the cache.
        """
        self.assertEqual(undescribed(self.consensus, MICRODESCRIPTORS), [])
        half = MICRODESCRIPTORS[: MICRODESCRIPTORS.rindex("onion-key\nntor")]
        (known,) = digests(half)
        missing = ["exit1"] if known == self.first else ["exit0", "authority0"]
        self.assertEqual(undescribed(self.consensus, half), missing)

    @settings(max_examples=200)
    @given(st.text(), st.integers(0, 600))
    def test_half_written(self, text: str, length: int) -> None:
        """
        A file that tor is just writing, or any other text, is read without an error.
        """
        for one in (text, f"r {text}", CONSENSUS[:length] + text):
            listed(one)
            digests(one)
