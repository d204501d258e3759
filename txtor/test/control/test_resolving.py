# -*- test-case-name: txtor.test.control.test_resolving -*-
"""
Tests of look-ups over the control port.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txtor import connect
from txtor._deferred import deferred
from txtor.commands import MapAddress
from txtor.control import resolve
from txtor.errors import CommandTimeout, Disconnected, HostUnreachableError, InvalidArgument
from txtor.testing import FakeTor, TorNetworkTestCase


class ResolveTests(SynchronousTestCase):
    """
    Case 47: the listener is there before the question, and one answer fires one Deferred.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.tor = FakeTor()
        self.protocol = self.tor.connect(self.clock)

    def ask(self, name: str, reverse: bool = False) -> Deferred[str]:
        """
        Ask for a name.
        """
        return resolve(self.clock, self.protocol, name, reverse)

    def assertQuiet(self) -> None:
        """
        Nothing is left: no listener, no timer.
        """
        self.assertEqual(self.tor.connections[0].events, frozenset())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_answer(self) -> None:
        """
        The answer for the name that was asked for, and no other.
        """
        waiting = self.ask("A.Example")
        self.assertEqual(self.tor.received, ["SETEVENTS ADDRMAP", "RESOLVE A.Example"])
        self.tor.emit("ADDRMAP b.example 10.0.0.9 NEVER")
        self.assertNoResult(waiting)
        self.tor.emit("ADDRMAP a.example 10.0.0.1 NEVER")
        self.assertEqual(self.successResultOf(waiting), "10.0.0.1")
        self.assertQuiet()

    def test_reverse(self) -> None:
        """
        The name of an address.
        """
        waiting = self.ask("10.0.0.1", reverse=True)
        self.assertEqual(self.tor.received[-1], "RESOLVE mode=reverse 10.0.0.1")
        self.tor.emit("ADDRMAP REVERSE[10.0.0.1] a.example NEVER")
        self.assertEqual(self.successResultOf(waiting), "a.example")
        self.assertQuiet()

    def test_failures(self) -> None:
        """
        No such name, silence, a lost connection, giving up, and what cannot be asked.
        """
        waiting = self.ask("a.example")
        self.tor.emit('ADDRMAP a.example <error> "2026-01-01 00:00:00" error=yes EXPIRES="2026-01-01 00:00:00" CACHED="NO"')
        self.failureResultOf(waiting, HostUnreachableError)
        self.assertQuiet()
        waiting = self.ask("a.example")
        self.clock.advance(130)
        self.failureResultOf(waiting, CommandTimeout)
        self.assertQuiet()
        waiting = self.ask("a.example")
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertQuiet()
        self.failureResultOf(self.ask("a b"), InvalidArgument)
        waiting = self.ask("a.example")
        self.tor.drop()
        self.failureResultOf(waiting, Disconnected)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class RealTorTests(TorNetworkTestCase):
    """
    The same on a Tor.
    """

    @deferred
    async def test_mapped(self) -> None:
        """
        A name that is mapped is answered, without the network.
        """
        tor = await connect(self.reactor, self.network.clients[0].control_endpoint)
        self.addCleanup(tor.close)
        await tor.protocol.send(MapAddress({"resolving.example": "10.7.7.7"}))
        self.assertEqual(await resolve(self.reactor, tor.protocol, "resolving.example"), "10.7.7.7")
        await tor.protocol.send(MapAddress({"resolving.example": "resolving.example"}))

    @deferred
    async def test_no_such_name(self) -> None:
        """
        A name that does not exist fails with the one error.
        """
        tor = await connect(self.reactor, self.network.clients[0].control_endpoint)
        self.addCleanup(tor.close)
        with self.assertRaises(HostUnreachableError):
            await resolve(self.reactor, tor.protocol, "no-such-name.invalid")
