"""
The SOCKS tasks of the Twisted libraries, whose endpoints are made and used alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from measuring import Meter, Options, Result

Task = Callable[[Any, Options], Any]


def _receiving(endpoint_class: Any, reactor: Any, options: Options, port: int) -> tuple[Any, Any]:
    """
    An endpoint behind the SOCKS server, and a factory of protocols that receive until the end.
    """
    from twisted.internet.defer import Deferred
    from twisted.internet.endpoints import TCP4ClientEndpoint
    from twisted.internet.protocol import Factory, Protocol
    from twisted.python.failure import Failure

    class Receiving(Protocol):
        received = 0

        def __init__(self) -> None:
            self.closed: Deferred[None] = Deferred()
            self.meter = Meter()

        def connectionMade(self) -> None:
            if port == 19:
                self.meter.__enter__()

        def dataReceived(self, data: bytes) -> None:
            self.received += len(data)

        def connectionLost(self, reason: Failure | None = None) -> None:
            if port == 19:
                self.meter.__exit__(None, None, None)
            self.closed.callback(None)

    socks = TCP4ClientEndpoint(reactor, "127.0.0.1", options.socks)
    return endpoint_class(socks, "example.com", port), Factory.forProtocol(Receiving)


def socks_tasks(load: Callable[[], Any]) -> tuple[Task, Task]:
    """
    The two tasks of one library.

    :param load: imports its class of SOCKS endpoints, when a task begins.
    """

    async def socks_connect(reactor: Any, options: Options) -> Result:
        """
        A connection through SOCKS until it is closed, and the next.
        """
        endpoint, factory = _receiving(load(), reactor, options, 9)
        with Meter() as meter:
            for _ in range(options.count):
                await (await endpoint.connect(factory)).closed
        return meter.result(done=options.count)

    async def socks_bulk(reactor: Any, options: Options) -> Result:
        """
        All that the other side sends through SOCKS, from the moment when the connection is there.
        """
        endpoint, factory = _receiving(load(), reactor, options, 19)
        protocol = await endpoint.connect(factory)
        await protocol.closed
        result: Result = protocol.meter.result(done=protocol.received)
        return result

    return socks_connect, socks_bulk
