"""
Fetch a page over one circuit, whose relays are known beforehand, and say over which.

    python circuit_web_page.py ENDPOINT URL [FINGERPRINT ...]

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


# begin main
async def main(reactor: Any, control_endpoint: ControlEndpoint, url: str, *relays: str) -> None:
    """
    Build a circuit and fetch the page over it.
    """
    async with await connect(reactor, control_endpoint) as tor:
        state = await tor.create_state()
        circuit = await state.build_circuit(relays or None, purpose="controller")
        await circuit.when_built()
        client = HTTPClient(circuit.web_agent())
        response = await client.get(url)
        body = await treq.content(response)
        print(response.code, len(body), "bytes through", ", ".join(router.name for router in circuit.path))
        await circuit.close()
        await state.close()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
