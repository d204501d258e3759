"""
The machine that keeps a Tor at hand.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import Disconnected
from txtor.service._machine import (
    Close,
    Core,
    Discard,
    Effect,
    Lost,
    Open,
    Prepare,
    Ready,
    Stopped,
    StopWaiting,
    Wait,
    new_supervision,
)
from txtor.testing import EveryTransition, Transitions

ERROR = Disconnected("gone")


class SupervisionTests(EveryTransition, SynchronousTestCase):
    """
    Inputs, and the effects that they have.
    """

    transitions = Transitions(new_supervision)

    def setUp(self) -> None:
        """
        A machine at rest.
        """
        self.core = Core()
        self.machine = new_supervision(self.core)
        self.transitions.watch(self.machine)

    def expect(self, *effects: Effect) -> None:
        """
        Compare what is to be done.
        """
        self.assertEqual(self.core.drain(), list(effects))

    def reach(self, state: str) -> None:
        """
        Go to a state.
        """
        machine = self.machine
        steps = {
            "stopped": [],
            "opening": [machine.start_asked],
            "preparing": [machine.start_asked, machine.opened],
            "ready": [machine.start_asked, machine.opened, machine.prepared],
            "waiting": [machine.start_asked, lambda: machine.failed(ERROR)],
            "closing": [machine.start_asked, machine.stop_asked],
        }
        for step in steps[state]:
            step()
        self.core.drain()

    def test_good_day(self) -> None:
        """
        Opened, restored, ready; after a while its failures are forgotten.
        """
        self.machine.start_asked()
        self.expect(Open())
        self.machine.opened()
        self.expect(Prepare())
        self.machine.prepared()
        self.expect(Ready())
        self.core.failures = 3
        self.machine.settled()
        self.assertEqual(self.core.failures, 0)

    def test_lost_and_found(self) -> None:
        """
        When it is lost, it is discarded, and after a wait opened again.
        """
        self.reach("ready")
        self.machine.lost(ERROR)
        self.expect(Lost(ERROR), Discard(), Wait(1, ERROR))
        self.machine.wait_over()
        self.expect(Open())

    def test_failures_are_counted(self) -> None:
        """
        Whatever fails counts, until it has been good for a while.
        """
        self.reach("opening")
        self.machine.failed(ERROR)
        self.expect(Discard(), Wait(1, ERROR))
        self.machine.wait_over()
        self.machine.opened()
        self.core.drain()
        self.machine.failed(ERROR)
        self.expect(Discard(), Wait(2, ERROR))
        self.machine.wait_over()
        self.machine.opened()
        self.core.drain()
        self.machine.lost(ERROR)
        self.expect(Discard(), Wait(3, ERROR))
        self.machine.wait_over()
        self.machine.opened()
        self.machine.prepared()
        self.core.drain()
        self.machine.lost(ERROR)
        self.expect(Lost(ERROR), Discard(), Wait(4, ERROR))

    def test_retry(self) -> None:
        """
        The next attempt can be had at once; in other states there is nothing to hurry.
        """
        self.reach("waiting")
        self.machine.retry_asked()
        self.expect(StopWaiting(), Open())
        for state in ("stopped", "opening", "preparing", "ready", "closing"):
            self.setUp()
            self.reach(state)
            self.machine.retry_asked()
            self.expect()

    def test_stop(self) -> None:
        """
        In each state it stops, and says when everything is put away.
        """
        for state in ("opening", "preparing", "ready"):
            self.setUp()
            self.reach(state)
            self.machine.stop_asked()
            self.expect(Close())
            self.machine.put_away()
            self.expect(Stopped())
        self.setUp()
        self.reach("waiting")
        self.machine.stop_asked()
        self.expect(StopWaiting(), Close())
        self.machine.put_away()
        self.expect(Stopped())
        self.machine.stop_asked()
        self.expect(Stopped())

    def test_start_again(self) -> None:
        """
        Who starts it while it closes gets it again afterwards, unless he changes his mind; a start too many does nothing.
        """
        self.reach("closing")
        self.machine.start_asked()
        self.machine.put_away()
        self.expect(Stopped(), Open())
        self.setUp()
        self.reach("closing")
        self.machine.start_asked()
        self.machine.stop_asked()
        self.machine.put_away()
        self.expect(Stopped())
        for state in ("opening", "preparing", "ready", "waiting"):
            self.setUp()
            self.reach(state)
            self.machine.start_asked()
            self.expect()
