"""
Fetch pages with treq through Tor, each on circuits of its own. No control port is needed.

    python treq_over_tor.py SOCKS_ENDPOINT URL [URL ...]

SOCKS_ENDPOINT is where Tor takes SOCKS, as tcp:127.0.0.1:9050. Needs txtor[http].
"""

from __future__ import annotations

import sys
from typing import Any

import treq
from treq.client import HTTPClient
from twisted.internet.task import react

from txtor.errors import SocksError
from txtor.socks import IsolationToken
from txtor.web import tor_agent


# begin main
async def main(reactor: Any, socks_endpoint: str, *urls: str) -> None:
    """
    Fetch each page. Two different tokens never share a circuit.
    """
    for url in urls:
        client = HTTPClient(tor_agent(reactor, socks_endpoint, isolation=IsolationToken.new()))
        try:
            response = await client.get(url)
        except SocksError as error:
            print(url, "could not be reached:", error)
        else:
            print(url, response.code, len(await treq.content(response)), "bytes")
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
