"""
Directory documents through a Tor's control port, and from directory servers over HTTP.
"""

from ._client import DirectoryClient, Fetched, Server, Through
from ._documents import TorDirectory, Verify

__all__ = ["DirectoryClient", "Fetched", "Server", "Through", "TorDirectory", "Verify"]
