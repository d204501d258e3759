"""
One onion address, served by many Tors: each publishes a back end, and a front end puts them under its own address.

    python onion_balance.py FOLDER SECONDS ENDPOINT ENDPOINT [ENDPOINT ...]

The folder, an absolute path, keeps the key of the address and those of the back ends; this program and all Tors must see it.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from twisted.internet.task import deferLater, react
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from txtor import Fleet, Tor, TorService
from txtor.balance import BalancerHealth, OnionBalancer, connects_to
from txtor.onion import FilesystemOnionService, keep_onion_key


class Page(Resource):
    """
    A page that says which back end has served it.
    """

    isLeaf = True  # noqa: N815  # Twisted's name

    def __init__(self, name: str) -> None:
        super().__init__()
        self.text = f"Hello from {name}\n".encode()

    def render_GET(self, request: Request) -> bytes:
        """
        Every path is the same page.
        """
        return self.text


def tell(health: BalancerHealth) -> None:
    """
    Print who is left out.
    """
    for address, found in health.back_ends.items():
        if not found.is_used:
            print(f"{address.hostname} is left out: {found.error}")


# begin main
async def main(reactor: Any, folder: str, seconds: str | float, *control_endpoints: str) -> None:
    """
    Publish the back ends and the front end, and wait.
    """
    key = keep_onion_key(f"{folder}/front.key")
    published: dict[str, FilesystemOnionService] = {}
    ports: list[Any] = []
    fleet = Fleet()

    async def publish(name: str, port: Any, tor: Tor) -> None:
        published[name] = await tor.create_filesystem_onion_service(
            [(80, port)], f"{folder}/{name}", balanced_for=key.address, timeout=120
        )

    for number, endpoint in enumerate(control_endpoints):
        name = f"tor{number}"
        service = TorService(reactor, endpoint)
        port = reactor.listenTCP(0, Site(Page(name)), interface="127.0.0.1")
        ports.append(port)
        service.restore.append(partial(publish, name, port))  # on this Tor, and on each that comes after it
        fleet.add(name, service)
    fleet.startService()
    await fleet.when_ready(failures=1)

    addresses = [back_end.address for back_end in published.values()]
    balancer = OnionBalancer(reactor, fleet.choose(), key, addresses, interval=300, check=connects_to(80))
    balancer.add_status_listener(tell)
    balancer.startService()
    await balancer.when_published()
    print(f"http://{balancer.hostname}/", flush=True)
    try:
        await deferLater(reactor, float(seconds))
    finally:  # also when this is cancelled
        balancer.stopService()
        for back_end in published.values():
            await back_end.remove()
        for port in ports:
            await port.stopListening()
        await fleet.stopService()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
