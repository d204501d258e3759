"""
For tests of txtor and of programs that use it.
"""

from ._transitions import EveryTransition, Transitions

__all__ = ["EveryTransition", "Transitions"]
