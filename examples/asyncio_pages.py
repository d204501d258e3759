"""
Fetch pages through Tor from a program for asyncio, each on circuits of its own.

    python asyncio_pages.py SOCKS_ENDPOINT URL [URL ...]

SOCKS_ENDPOINT is where Tor takes SOCKS, as tcp:127.0.0.1:9050. Needs txtor[http].
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet import asyncioreactor

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

T = TypeVar("T")


def future(deferred: Deferred[T]) -> asyncio.Future[T]:
    """
    What asyncio can wait for. Cancelling it cancels the Deferred, which closes the connection.
    """
    return deferred.asFuture(asyncio.get_running_loop())


# begin main
async def fetch(reactor: Any, socks_endpoint: str, url: str) -> str:
    """
    Fetch a page, in at most a minute: a coroutine of asyncio, which may use any library for it.
    """
    import treq  # it imports the reactor, which must be installed before
    from treq.client import HTTPClient

    from txtor.socks import IsolationToken
    from txtor.web import tor_agent

    client = HTTPClient(tor_agent(reactor, socks_endpoint, isolation=IsolationToken.new()))
    response = await asyncio.wait_for(future(client.get(url)), 60)
    body = await future(treq.content(response))
    return f"{url} {response.code} {len(body)} bytes"


async def main(reactor: Any, socks_endpoint: str, *urls: str) -> None:
    """
    Fetch all at the same time.
    """
    for line in await asyncio.gather(*(fetch(reactor, socks_endpoint, url) for url in urls)):
        print(line)
# end main


async def run(*arguments: str) -> None:
    """
    Start Twisted's reactor on the loop that runs.
    """
    asyncioreactor.install(asyncio.get_running_loop())
    from twisted.internet import reactor  # not before it is installed

    reactor.startRunning()  # type: ignore[attr-defined]  # the loop runs already, so that reactor.run() must not
    try:
        await main(reactor, *arguments)
    finally:
        reactor.fireSystemEvent("shutdown")


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
