"""
A service that keeps one Tor at hand through crashes and restarts.
"""

from ._backoff import Backoff
from ._health import Health, Status
from ._onions import KeptOnionService
from ._restoring import Restore
from ._service import Outage, TorService

__all__ = ["Backoff", "Health", "KeptOnionService", "Outage", "Restore", "Status", "TorService"]
