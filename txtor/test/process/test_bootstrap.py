"""
The machine from a process to a Tor that can be used.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.process import BootstrapProgress
from txtor.process._bootstrap import Connect, Core, Effect, Fail, Ready, Report, new_bootstrap
from txtor.testing import EveryTransition, Transitions


class BootstrapTests(EveryTransition, SynchronousTestCase):
    """
    Inputs, and the effects that they have.
    """

    transitions = Transitions(new_bootstrap)

    def setUp(self) -> None:
        """
        A machine that waits for all of it.
        """
        self.make(100)

    def make(self, threshold: int) -> None:
        """
        A machine that waits for a percentage.
        """
        self.core = Core(threshold)
        self.machine = new_bootstrap(self.core)
        self.transitions.watch(self.machine)

    def expect(self, *effects: Effect) -> None:
        """
        Compare what is to be done.
        """
        self.assertEqual(self.core.drain(), list(effects))

    def test_whole_way(self) -> None:
        """
        Connect once, however many listeners open; report each step once, though two sources tell it; be ready at 100 %.
        """
        machine = self.machine
        machine.progressed(0, "starting", "Starting")
        machine.listener_opened()
        machine.listener_opened()
        self.expect(Report(BootstrapProgress(0, "starting", "Starting")), Connect())
        machine.progressed(5, "conn", "Connecting")
        machine.controlled()
        machine.listener_opened()
        machine.progressed(5, "conn", "Connecting")
        machine.progressed(2, "conn_pt", "an old one")
        self.expect(Report(BootstrapProgress(5, "conn", "Connecting")))
        machine.progressed(100, "done", "Done")
        self.expect(Report(BootstrapProgress(100, "done", "Done")), Ready())
        machine.listener_opened()
        machine.progressed(100, "done", "Done")
        machine.failed("too late to fail")
        self.expect()

    def test_done_before_we_came(self) -> None:
        """
        Tor is at 100 % before we control it. Case 60.
        """
        self.machine.listener_opened()
        self.machine.progressed(100, "done", "Done")
        self.core.drain()
        self.machine.controlled()
        self.expect(Ready())

    def test_control_is_enough(self) -> None:
        """
        Offline, a caller who wants control alone waits for nothing else, and still hears of progress. Case 60.
        """
        self.make(0)
        self.machine.listener_opened()
        self.machine.controlled()
        self.expect(Connect(), Ready())
        self.machine.progressed(10, "conn_done", "Connected")
        self.machine.complained("slow")
        self.assertEqual(self.core.progress, BootstrapProgress(10, "conn_done", "Connected", ("slow",)))

    def test_threshold(self) -> None:
        """
        A caller may want a part of the way. Case 60.
        """
        self.make(50)
        self.machine.listener_opened()
        self.machine.controlled()
        self.machine.progressed(45, "requesting_descriptors", "Asking")
        self.core.drain()
        self.machine.progressed(55, "loading_descriptors", "Loading")
        self.assertEqual(self.core.drain()[-1], Ready())

    def test_warnings(self) -> None:
        """
        What tor complains of is reported with the progress, once, and the oldest go when there are too many.
        """
        machine = self.machine
        machine.complained("Stuck at 5% (No route to host; NOROUTE)")
        machine.listener_opened()
        machine.complained("No route to host")
        machine.controlled()
        machine.complained("No route to host")
        stuck = BootstrapProgress(warnings=("Stuck at 5% (No route to host; NOROUTE)",))
        self.expect(Report(stuck), Connect())
        for number in range(30):
            machine.complained(f"<{number}>")
        self.assertEqual(self.core.progress.warnings, tuple(f"<{number}>" for number in range(10, 30)))

    def test_failure(self) -> None:
        """
        In each state before it is ready a failure is told, once, and nothing afterwards matters.
        """
        for reached in range(3):
            self.setUp()
            for step in (self.machine.listener_opened, self.machine.controlled)[:reached]:
                step()
            self.core.drain()
            self.machine.failed("tor exited")
            self.expect(Fail("tor exited"))
            self.machine.failed("again")
            self.machine.listener_opened()
            self.machine.controlled()
            self.machine.progressed(100, "done", "Done")
            self.machine.complained("w")
            self.expect()
