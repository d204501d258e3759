"""
HTTP through Tor: agents for twisted.web, and so for treq.
"""

from ._agent import CircuitLike, TorAgent, tor_agent

__all__ = ["CircuitLike", "TorAgent", "tor_agent"]
