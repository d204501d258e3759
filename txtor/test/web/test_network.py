# -*- test-case-name: txtor.test.web.test_network -*-
"""
Agents through real Tors: the private network.
"""

from __future__ import annotations

import treq
from treq.client import HTTPClient
from twisted.web.client import HTTPConnectionPool
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from txtor import Tor, connect
from txtor._deferred import deferred
from txtor.errors import HostUnreachableError
from txtor.socks import IsolationToken
from txtor.state import TorState
from txtor.test.serving import serve
from txtor.testing import TorNetworkTestCase
from txtor.web import tor_agent


class Hello(Resource):
    """
    A page.
    """

    isLeaf = True  # noqa: N815  # Twisted's

    def render_GET(self, request: Request) -> bytes:
        """
        Its path.
        """
        return request.path


class AgentTests(TorNetworkTestCase):
    """
    `tor_agent` over the SOCKS port of a client.
    """

    def serve(self) -> int:
        """
        Serve pages until the test is over; the port.
        """
        return serve(self, Site(Hello()))

    async def circuits(self, tor: Tor, port: int) -> list[str]:
        """
        The circuits of the connections to a port.
        """
        words = [line.split() for line in (await tor.protocol.get_info_single("stream-status")).splitlines()]
        return [each[2] for each in words if each[1] == "SUCCEEDED" and each[3] == f"127.0.0.1:{port}"]

    @deferred
    async def test_over_a_circuit(self) -> None:
        """
        An agent of a circuit asks over that circuit.
        """
        client = self.network.clients[0]
        number = self.serve()
        async with await connect(self.reactor, client.control_endpoint) as tor:
            state = await TorState.from_protocol(self.reactor, tor.protocol)
            path = [state.routers[node.fingerprint or ""] for node in self.network.exits[:2]]
            circuit = await (await state.build_circuit(path, purpose="controller")).when_built()
            pool = HTTPConnectionPool(self.reactor)
            agent = tor_agent(self.reactor, client.socks_endpoint or "", circuit, pool)
            self.assertEqual(await treq.content(await HTTPClient(agent).get(f"http://127.0.0.1:{number}/page")), b"/page")
            self.assertEqual(await self.circuits(tor, number), [str(circuit.id)])
            await pool.closeCachedConnections()
            await circuit.close()
            await state.close()

    @deferred
    async def test_pages(self) -> None:
        """
        Agents of different isolation that share a pool have connections of their own, on different circuits; agents of the same
        share theirs. A host that there is not is told.
        """
        client = self.network.clients[0]
        number = self.serve()
        pool = HTTPConnectionPool(self.reactor)
        self.addCleanup(pool.closeCachedConnections)
        agents = [
            HTTPClient(tor_agent(self.reactor, client.socks_endpoint or "", pool=pool, isolation=IsolationToken(name)))
            for name in ("one", "two", "one")
        ]
        for index, agent in enumerate(agents):
            page = await agent.get(f"http://127.0.0.1:{number}/{index}")
            self.assertEqual(await treq.content(page), f"/{index}".encode())
        async with await connect(self.reactor, client.control_endpoint) as tor:
            circuits = await self.circuits(tor, number)
        self.assertEqual((len(circuits), len(set(circuits))), (2, 2))
        await self.assertFailure(agents[0].get("http://nowhere.invalid/"), HostUnreachableError)
