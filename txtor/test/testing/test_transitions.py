# -*- test-case-name: txtor.test.testing.test_transitions -*-
"""
The tool that says whether a machine's tests take all its transitions.
"""

from typing import Protocol

from automat import TypeMachineBuilder
from twisted.trial.reporter import TestResult
from twisted.trial.unittest import SynchronousTestCase

from txtor.testing import EveryTransition, Transitions


class Switch(Protocol):
    """
    What can happen to a lamp.
    """

    def pressed(self) -> None:
        "Somebody pressed."


builder = TypeMachineBuilder(Switch, list[str])
dark = builder.state("dark")
bright = builder.state("bright")
dark.upon(Switch.pressed).to(bright).returns(None)
bright.upon(Switch.pressed).to(dark).returns(None)
new_switch = builder.build()


class TransitionsTests(SynchronousTestCase):
    """
    `Transitions` and `EveryTransition`.
    """

    def test_declared_and_taken(self) -> None:
        """
        What is declared is known at once, what is taken only when a watched machine takes it.
        """
        transitions = Transitions(new_switch)
        self.assertEqual(transitions.declared, {("dark", "pressed"), ("bright", "pressed")})
        machine = new_switch([])
        machine.pressed()
        self.assertEqual(transitions.taken, set())
        transitions.watch(machine)
        machine.pressed()
        self.assertEqual(transitions.taken, {("bright", "pressed")})

    def run_case(self, presses: int) -> TestResult:
        """
        Run the mixin over a class whose one test presses so many times.
        """

        class SwitchTests(EveryTransition, SynchronousTestCase):
            transitions = Transitions(new_switch)

            def test_presses(self) -> None:
                machine = new_switch([])
                self.transitions.watch(machine)
                for _ in range(presses):
                    machine.pressed()

        result = TestResult()
        SwitchTests("test_every_transition").run(result)
        self.assertEqual(result.testsRun, 1)
        return result

    def test_complete(self) -> None:
        """
        It passes where the tests take everything, although it ran alone.
        """
        self.assertTrue(self.run_case(2).wasSuccessful())

    def test_incomplete(self) -> None:
        """
        It fails, and names the transition, where one is missing.
        """
        [(_, failure)] = self.run_case(1).failures
        self.assertIn("bright", str(failure))
