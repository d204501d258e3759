"""
The Twisted library for Tor.
"""

from txtor._version import __version__

__all__ = ["__version__"]
