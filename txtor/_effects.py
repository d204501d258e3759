# -*- test-case-name: txtor.test.test_effects -*-
"""
What a machine has decided and its shell does: a machine appends effects to its core, and does nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

E = TypeVar("E")


@dataclass(repr=False)  # a core may hold secrets: each says for itself what it shows
class Effects(Generic[E]):
    """
    The part of a machine's core that all have.

    :ivar effects: what is to be done, in order.
    """

    effects: list[E] = field(default_factory=list, kw_only=True)
    _performing: bool = field(default=False, init=False, repr=False, compare=False)

    def drain(self) -> list[E]:
        """
        Take the effects.
        """
        self.effects, drained = [], self.effects
        return drained

    def perform(self, perform: Callable[[E], None]) -> None:
        """
        Do what is to be done. What an effect causes in turn is done afterwards, in order, by the call that is at it.
        """
        if self._performing:
            return
        self._performing = True
        try:
            while effects := self.drain():
                for effect in effects:
                    perform(effect)
        finally:
            self._performing = False
