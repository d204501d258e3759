# -*- test-case-name: txtor.test.test_effects -*-
"""
Tests of doing what a machine has decided.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor._effects import Effects


class EffectsTests(SynchronousTestCase):
    """
    Effects are done in order, each once.
    """

    def test_drain(self) -> None:
        """
        What was taken is there no more.
        """
        core = Effects(effects=["a", "b"])
        self.assertEqual(core.drain(), ["a", "b"])
        self.assertEqual(core.drain(), [])

    def test_what_follows(self) -> None:
        """
        What an effect causes comes after those that stood before it, though the shell asks for it at once.
        """
        core = Effects(effects=["a", "b"])
        done: list[str] = []

        def perform(effect: str) -> None:
            if effect == "a":
                core.effects.append("c")
                core.perform(perform)
            done.append(effect)

        core.perform(perform)
        self.assertEqual(done, ["a", "b", "c"])

    def test_failure(self) -> None:
        """
        After an effect that fails, the next call performs again.
        """
        core = Effects(effects=[0])
        self.assertRaises(ZeroDivisionError, core.perform, lambda effect: 1 // effect and None)
        core.effects.append(1)
        done: list[int] = []
        core.perform(done.append)
        self.assertEqual(done, [1])
