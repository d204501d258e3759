"""
Fetch a page through a Tor that we control, and another as somebody else.

    python web_page.py ENDPOINT URL

Needs txtor[http].
"""

from __future__ import annotations

import sys
from typing import Any

import treq
from treq.client import HTTPClient
from twisted.internet.task import react

from txtor import connect
from txtor.control import ControlEndpoint
from txtor.socks import IsolationToken


# begin main
async def main(reactor: Any, control_endpoint: ControlEndpoint, url: str) -> None:
    """
    Fetch one page twice, over different circuits.
    """
    async with await connect(reactor, control_endpoint) as tor:
        for _ in range(2):
            client = HTTPClient(tor.web_agent(isolation=IsolationToken.new()))
            response = await client.get(url)
            print(response.code, len(await treq.content(response)), "bytes")
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
