# -*- test-case-name: txtor.test.control.test_lifecycle -*-
"""
Tests of the life of a connection.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.control import _lifecycle as lifecycle
from txtor.errors import Disconnected, ProtocolViolation
from txtor.testing import EveryTransition, Transitions


class LifecycleTests(EveryTransition, SynchronousTestCase):
    """
    What becomes of a connection, and who is told.
    """

    transitions = Transitions(lifecycle.new_lifecycle)

    def setUp(self) -> None:
        self.core = lifecycle.Core()
        self.machine = lifecycle.new_lifecycle(self.core)
        self.transitions.watch(self.machine)

    def assertLost(self, text: str) -> None:
        """
        The commands fail and those who wait for the end are told, for one reason.
        """
        fail, lost = self.core.drain()
        assert isinstance(fail, lifecycle.FailCommands) and isinstance(lost, lifecycle.Lost)
        self.assertIs(fail.error, lost.reason)
        self.assertIsInstance(lost.reason, Disconnected)
        self.assertIn(text, str(lost.reason))

    def test_lost(self) -> None:
        """
        A connection that is lost fails what waits, with the transport's reason. Nothing happens after that.
        """
        self.machine.connected()
        self.machine.connection_lost("it burned")
        self.assertLost("it burned")
        self.machine.close_asked()
        self.machine.violated(ProtocolViolation("late"))
        self.assertEqual(self.core.drain(), [])

    def test_closed(self) -> None:
        """
        A connection that the program closes is closed once, and says so.
        """
        self.machine.close_asked()
        self.assertEqual(self.core.drain(), [])
        self.machine.connected()
        self.machine.close_asked()
        self.assertEqual(self.core.drain(), [lifecycle.Close()])
        self.machine.close_asked()
        self.machine.violated(ProtocolViolation("nobody cares any more"))
        self.assertEqual(self.core.drain(), [])
        self.machine.connection_lost("Connection was closed cleanly.")
        self.assertLost("closed by this program")

    def test_violated(self) -> None:
        """
        A peer that breaks the protocol is cut off at once; what waits is told what it did.
        """
        self.machine.connected()
        violation = ProtocolViolation("it spoke HTTP")
        self.machine.violated(violation)
        self.assertEqual(self.core.drain(), [lifecycle.FailCommands(violation), lifecycle.Abort()])
        self.machine.violated(violation)
        self.machine.close_asked()
        self.assertEqual(self.core.drain(), [])
        self.machine.connection_lost("aborted")
        self.assertLost("broke the protocol")
