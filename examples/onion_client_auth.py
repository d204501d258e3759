"""
Serve a page to one client alone: an onion service that lets in who has a certain key, and a visit with the key and without.

    python onion_client_auth.py SERVER_ENDPOINT CLIENT_ENDPOINT

Both are control ports, as tcp:127.0.0.1:9051; they may be of one Tor. The client's needs a SocksPort.
"""

from __future__ import annotations

import sys
from typing import Any

import treq
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from txtor import Tor, connect
from txtor.control import ControlEndpoint
from txtor.errors import ClientAuthorizationNeeded, ClientKeyNotAccepted
from txtor.onion import ClientAuthKey, EphemeralOnionService


class Secret(Resource):
    """
    The page.
    """

    isLeaf = True  # noqa: N815  # Twisted's name

    def render_GET(self, request: Request) -> bytes:
        """
        Every path is the same page.
        """
        request.setHeader(b"content-type", b"text/plain")
        return b"For you alone\n"


# begin look
async def look(client: Tor, service: EphemeralOnionService, key: ClientAuthKey | None) -> None:
    """
    Read the descriptor of the service from a directory that has it, and say whether this key opens it.
    """
    holders = sorted(service.report.wanted.holding)[:1]
    try:
        content = await client.get_onion_descriptor(service.address, key, servers=holders)
    except ClientAuthorizationNeeded:
        print("without a key: it needs one")
    except ClientKeyNotAccepted:
        print("with another key: not accepted")
    else:
        print(f"with the key: {len(content.introduction_points)} introduction points")
# end look


# begin main
async def main(reactor: Any, server_endpoint: ControlEndpoint, client_endpoint: ControlEndpoint) -> None:
    """
    Publish, look and visit.
    """
    # The client makes the key and keeps it; the service is told the public half.
    key = ClientAuthKey.generate()
    site = Site(Secret())  # type: ignore[no-untyped-call]  # Twisted's
    async with await connect(reactor, server_endpoint) as server, await connect(reactor, client_endpoint) as client:
        service = await server.create_onion_service([(80, site)], clients={"friend": key.public_key}, wait="all")
        print(f"http://{service.hostname}/")
        for each in (None, ClientAuthKey.generate(), key):
            await look(client, service, each)
        async with client.onion_authentication(service.address, key):  # Tor forgets it at the end of the block
            answer = await client.web_agent().request(b"GET", f"http://{service.hostname}/".encode())
            print((await treq.content(answer)).decode(), end="")
        await service.remove()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
