"""
One onion address for many onion services.
"""

from ._back_ends import Check, connects_to
from ._balancer import OnionBalancer, StatusListener
from ._health import BackEndHealth, BalancerHealth, BalancerStatus, PostedDescriptor

__all__ = [
    "BackEndHealth",
    "BalancerHealth",
    "BalancerStatus",
    "Check",
    "OnionBalancer",
    "PostedDescriptor",
    "StatusListener",
    "connects_to",
]
