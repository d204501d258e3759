# -*- test-case-name: txtor.test.control.test_readiness -*-
"""
Whether a Tor can be used, in memory and on the network.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txtor import Tor, connect
from txtor.errors import Disconnected, TorRefused
from txtor.events import NoticeEvent
from txtor.testing import FakeTor, TorNetworkTestCase

READY = {"dormant": "0", "status/enough-dir-info": "1", "status/circuit-established": "1"}


class ReadinessTests(SynchronousTestCase):
    """
    A Tor in memory.
    """

    def setUp(self) -> None:
        """
        It is ready.
        """
        self.fake = FakeTor()
        self.fake.info.update(READY)
        self.tor = Tor(Clock(), self.fake.connect())  # type: ignore[arg-type]  # nothing is connected

    def test_is_ready(self) -> None:
        """
        Each of three things may be missing.
        """
        self.assertTrue(self.successResultOf(self.tor.is_ready()))
        for key, value in READY.items():
            self.fake.info[key] = "1" if value == "0" else "0"
            self.assertFalse(self.successResultOf(self.tor.is_ready()))
            self.fake.info[key] = value

    def test_is_ready_already(self) -> None:
        """
        Then there is nothing to wait for, and nothing is listened to any more.
        """
        self.successResultOf(self.tor.become_ready())
        self.assertEqual(self.fake.received[-1], "SETEVENTS")

    def test_wakes(self) -> None:
        """
        It is woken whatever it says; idle for lack of use, it can be used.
        """
        self.fake.info["dormant"] = "1"
        self.successResultOf(self.tor.become_ready())
        self.assertIn("SIGNAL ACTIVE", self.fake.received)

    def test_waits(self) -> None:
        """
        Each step is looked at; several at once are one.
        """
        self.fake.info.update({"status/enough-dir-info": "0", "status/circuit-established": "0"})
        waiting = self.tor.become_ready()
        self.fake.info["status/enough-dir-info"] = "1"
        for event in ("ENOUGH_DIR_INFO", "BOOTSTRAP PROGRESS=90"):
            self.fake.emit(f"STATUS_CLIENT NOTICE {event}")
        self.assertNoResult(waiting)
        self.fake.info["status/circuit-established"] = "1"
        self.fake.emit("STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED")
        self.successResultOf(waiting)

    def test_lost(self) -> None:
        """
        The connection ends while it is waited for, or while it is asked.
        """
        self.fake.info["status/circuit-established"] = "0"
        waiting = self.tor.become_ready()
        self.fake.mute("GETINFO")
        asking = Tor(Clock(), self.fake.connect()).become_ready()  # type: ignore[arg-type]  # nothing is connected
        self.fake.drop()
        self.failureResultOf(waiting, Disconnected)
        self.failureResultOf(asking, Disconnected)

    def test_cancelled(self) -> None:
        """
        Who waits no more listens no more.
        """
        self.fake.info["status/circuit-established"] = "0"
        waiting = self.tor.become_ready()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(self.fake.received[-1], "SETEVENTS")

    def test_filtered(self) -> None:
        """
        A filter does not let us listen, or ask.
        """
        for keyword in ("SETEVENTS", "GETINFO"):
            fake = FakeTor()
            fake.refuse(keyword, 510, "Command filtered")
            tor = Tor(Clock(), fake.connect())  # type: ignore[arg-type]  # nothing is connected
            self.failureResultOf(tor.become_ready(), TorRefused)


class NetworkTests(TorNetworkTestCase):
    """
    A real Tor.
    """

    async def test_dormant(self) -> None:
        """
        A client that has gone to sleep is woken, which only its log tells.
        """
        awake: Deferred[Any] = Deferred()

        def told(event: NoticeEvent) -> None:
            if event.message == "Tor is no longer dormant.":
                awake.callback(None)

        async with await connect(self.reactor, self.network.clients[1].control_endpoint) as tor:
            await tor.become_ready()
            self.assertTrue(await tor.is_ready())
            await tor.signal("DORMANT")
            await tor.protocol.add_event_listener("NOTICE", told)
            await tor.become_ready()
            await awake
            self.assertTrue(await tor.is_ready())
