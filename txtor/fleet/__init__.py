"""
Many Tors as one.
"""

from ._fleet import Fleet, FleetEvent
from ._gather import Gathered
from ._member import Choice
from ._stream import FleetEndpoint

__all__ = ["Choice", "Fleet", "FleetEndpoint", "FleetEvent", "Gathered"]
