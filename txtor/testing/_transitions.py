# -*- test-case-name: txtor.test.testing.test_transitions -*-
"""
Whether tests take every transition of an Automat machine.

This is the one place that touches Automat's semi-private names (``__automat_automaton__``, ``__automat_transitioner__``).
"""

from __future__ import annotations

from typing import Any

Transition = tuple[str, str]


class Transitions:
    """
    The transitions that a machine declares, and those that watched machines have taken.

    :ivar declared: every transition as the name of the state left and the name of the input.
    :ivar taken: those of them that a watched machine took.
    """

    def __init__(self, factory: Any) -> None:
        """
        :param factory: what ``TypeMachineBuilder.build()`` returned. It has no public type.
        """
        table = factory.__automat_automaton__.allTransitions()
        self.declared: set[Transition] = {(state.name, symbol) for state, symbol, _, _ in table}
        self.taken: set[Transition] = set()

    def watch(self, machine: Any) -> None:
        """
        Note from now on what a machine does. A machine has one watcher.

        :param machine: what the factory made.
        """

        def note(state: Any, symbol: str, _new: Any) -> None:
            self.taken.add((state.name, symbol))

        machine.__automat_transitioner__.setTrace(note)


class EveryTransition:
    """
    A mixin for a synchronous trial test case whose tests watch their machines with `transitions`.

    It runs the other tests of the class itself, so it holds alone, in random order and in parallel runs.
    Tests of hypothesis belong in a class of their own: it refuses to be run from a second instance.
    """

    transitions: Transitions

    def test_every_transition(self: Any) -> None:
        """
        Together, the tests of this class take every transition of the machine.
        """
        self.transitions.taken.clear()
        for name in dir(self):
            if name.startswith("test_") and name != "test_every_transition":
                case = type(self)(name)
                case.setUp()
                try:
                    getattr(case, name)()
                finally:
                    case.tearDown()
                    case.doCleanups()
        self.assertEqual(sorted(self.transitions.declared - self.transitions.taken), [])
