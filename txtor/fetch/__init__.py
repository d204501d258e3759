"""
Directory documents through a Tor's control port, and from directory servers over HTTP.
"""

from ._client import DirectoryClient, Server, Through
from ._documents import TorDirectory, Verify
from ._gathered import Fetched

__all__ = ["DirectoryClient", "Fetched", "Server", "Through", "TorDirectory", "Verify"]
