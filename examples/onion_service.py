"""
Serve a page as an onion service, for as long as this program runs.

    python onion_service.py ENDPOINT [SECONDS [PRIVATE_KEY]]

It prints the private key, with which the same address can be had again.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import deferLater, react
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from txtor import connect
from txtor.control import ControlEndpoint
from txtor.errors import OnionPublishError


class Hello(Resource):
    """
    The page.
    """

    isLeaf = True  # noqa: N815  # Twisted's name

    def render_GET(self, request: Request) -> bytes:
        """
        Every path is the same page.
        """
        request.setHeader(b"content-type", b"text/plain")
        return b"Hello over Tor\n"


# begin main
async def main(
    reactor: Any, control_endpoint: ControlEndpoint, seconds: str | float = "600", private_key: str | None = None
) -> None:
    """
    Publish, and wait.
    """
    site = Site(Hello())
    async with await connect(reactor, control_endpoint) as tor:
        try:
            # A factory of Twisted is given a port of 127.0.0.1; a port or the path of a unix socket would do as well.
            service = await tor.create_onion_service([(80, site)], private_key, wait="first", timeout=120)
        except OnionPublishError as error:
            raise SystemExit(str(error)) from error
        print(f"http://{service.hostname}/")
        print(service.private_key)
        try:
            await deferLater(reactor, float(seconds))
        finally:  # also when this is cancelled
            await service.remove()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
