"""
A part of a program, and its unit tests, which need neither a Tor nor a network.

    python -m twisted.trial unit_test_with_fake_tor.py
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txtor import TorControlProtocol
from txtor.errors import Disconnected, UnrecognizedCommand
from txtor.testing import FakeTor


# begin program
async def total_traffic(protocol: TorControlProtocol) -> int:
    """
    How many bytes this Tor has read and written.
    """
    values = await protocol.get_info("traffic/read", "traffic/written")
    return sum(map(int, values.values()))


def warn_when_busy(protocol: TorControlProtocol, limit: int, warn: object) -> Deferred[None]:
    """
    Call a function with each second in which Tor reads more than a limit.
    """
    assert callable(warn)
    return protocol.add_event_listener("BW", lambda event: warn(event.read) if event.read > limit else None)
# end program


# begin tests
class TrafficTests(SynchronousTestCase):
    """
    `total_traffic` and `warn_when_busy`.
    """

    def setUp(self) -> None:
        """
        A Tor in memory. Everything happens at once: what one side writes, the other has read when the call returns.
        """
        self.tor = FakeTor()
        self.protocol = self.tor.connect(Clock())

    def test_total(self) -> None:
        """
        What Tor answers is what the test says.
        """
        self.tor.info.update({"traffic/read": "1000", "traffic/written": "234"})
        total = self.successResultOf(Deferred.fromCoroutine(total_traffic(self.protocol)))
        self.assertEqual(total, 1234)
        self.assertEqual(self.tor.received, ["GETINFO traffic/read traffic/written"])

    def test_events(self) -> None:
        """
        The test decides what happens.
        """
        warnings: list[int] = []
        self.successResultOf(warn_when_busy(self.protocol, 1000, warnings.append))
        self.tor.emit("BW 999 0")
        self.tor.emit("BW 5000 0")
        self.assertEqual(warnings, [5000])

    def test_filtered(self) -> None:
        """
        A filter in front of the control port refuses.
        """
        self.tor.refuse("GETINFO", 510, "Command filtered")
        self.failureResultOf(Deferred.fromCoroutine(total_traffic(self.protocol)), UnrecognizedCommand)

    def test_killed(self) -> None:
        """
        Tor never answers, and is killed.
        """
        self.tor.mute("GETINFO")
        total = Deferred.fromCoroutine(total_traffic(self.protocol))
        self.assertNoResult(total)
        self.tor.drop()
        self.failureResultOf(total, Disconnected)
# end tests
