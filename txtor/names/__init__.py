"""
Names looked up by Tor, for any Twisted program.
"""

from ._hostname import TorHostnameResolver
from ._resolver import TorResolver

__all__ = ["TorHostnameResolver", "TorResolver"]
