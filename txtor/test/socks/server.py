"""
A SOCKS5 server for tests, written from the specification and not from txtor's own messages.

It goes where it is told: each destination has a port of this machine, or a code to be refused with.
"""

from __future__ import annotations

from ipaddress import ip_address

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IReactorTCP
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure


class Pipe(Protocol):
    """
    One end of a relayed connection: what comes goes to the other end, half-close too where Twisted allows it.
    """

    other: Protocol

    def dataReceived(self, data: bytes) -> None:
        """
        On to the other end.
        """
        assert self.other.transport is not None
        self.other.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The other end is closed as this one was.
        """
        transport = self.other.transport
        assert transport is not None
        if reason.check(ConnectionDone):
            transport.loseConnection()
        else:
            transport.abortConnection()  # type: ignore[attr-defined]  # TCP, in these tests


class SocksServerProtocol(Pipe):
    """
    One connection to the server.
    """

    def __init__(self, server: SocksServer) -> None:
        self.server = server
        self.buffer = b""
        self.step = self.greeted
        self.piping = False

    def connectionMade(self) -> None:
        """
        Somebody came.
        """
        self.server.connections.append(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Take the next message, or relay.
        """
        if self.piping:
            super().dataReceived(data)
            return
        self.buffer += data
        used = self.step()
        while used:
            self.buffer = self.buffer[used:]
            used = self.step()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        They are gone.
        """
        self.server.lost.append(reason)
        if self.piping:
            super().connectionLost(reason)

    def say(self, data: bytes) -> None:
        """
        Answer.
        """
        assert self.transport is not None
        self.transport.write(data)

    def greeted(self) -> int:
        """
        VER NMETHODS METHODS: what is offered is taken; one method is all that this client may offer.
        """
        if len(self.buffer) < 3:
            return 0
        assert self.buffer[:2] == b"\x05\x01", self.buffer
        self.say(b"\x05" + self.buffer[2:3])
        self.step = self.authenticated if self.buffer[2] == 2 else self.asked
        return 3

    def authenticated(self) -> int:
        """
        VER ULEN UNAME PLEN PASSWD: noted, and taken.
        """
        if len(self.buffer) < 2 or len(self.buffer) < 3 + self.buffer[1]:
            return 0
        end = 2 + self.buffer[1]
        whole = end + 1 + self.buffer[end]
        if len(self.buffer) < whole:
            return 0
        assert self.buffer[0] == 1
        self.server.credentials.append((self.buffer[2:end], self.buffer[end + 1 : whole]))
        self.say(b"\x01\x00")
        self.step = self.asked
        return whole

    def asked(self) -> int:
        """
        VER CMD RSV ATYP DST.ADDR DST.PORT: done or refused, as the server's tables say.
        """
        if len(self.buffer) < 5:
            return 0
        kind = self.buffer[3]
        begin, size = {1: (4, 4), 4: (4, 16), 3: (5, self.buffer[4])}[kind]
        whole = begin + size + 2
        if len(self.buffer) < whole:
            return 0
        raw = self.buffer[begin : begin + size]
        host = raw.decode("ascii") if kind == 3 else str(ip_address(raw))
        port = int.from_bytes(self.buffer[whole - 2 : whole], "big")
        self.server.requests.append((self.buffer[1], host, port))
        self.step = lambda: 0
        if self.buffer[1] == 1:
            self.connect(self.server.routes.get((host, port), 4))
        else:
            self.look_up(self.server.names.get(host))
        return whole

    def look_up(self, found: str | None) -> None:
        """
        Answer RESOLVE or RESOLVE_PTR from the table.
        """
        if found is None:
            self.refuse(4)
            return
        try:
            address = ip_address(found)
            self.say(b"\x05\x00\x00" + (b"\x01" if address.version == 4 else b"\x04") + address.packed + b"\x00\x00")
        except ValueError:
            self.say(b"\x05\x00\x00\x03" + bytes([len(found)]) + found.encode() + b"\x00\x00")

    def refuse(self, code: int) -> None:
        """
        Answer with a code and hang up.
        """
        self.say(bytes([5, code]) + b"\x00\x01" + bytes(6))
        assert self.transport is not None
        self.transport.loseConnection()

    def connect(self, route: int | Protocol) -> None:
        """
        Be the destination, go to a port of this machine, or refuse with a code below 256.
        """
        if isinstance(route, Protocol):
            self.say(b"\x05\x00\x00\x01" + bytes(6) + self.server.greeting)
            assert self.transport is not None
            held = "wrappedProtocol" if hasattr(self.transport, "wrappedProtocol") else "protocol"
            setattr(self.transport, held, route)
            route.makeConnection(self.transport)
            return
        if route < 256:
            self.refuse(route)
            return
        far = Pipe()
        far.other, self.other = self, far
        connecting = TCP4ClientEndpoint(self.server.reactor, "127.0.0.1", route).connect(Factory.forProtocol(lambda: far))
        connecting.addCallbacks(lambda _: self.start_piping(), lambda _: self.refuse(5))

    def start_piping(self) -> None:
        """
        The destination is there.
        """
        self.piping = True
        self.say(b"\x05\x00\x00\x01" + bytes(6))


class SocksServer(Factory):
    """
    The server: what it is to do, and what it was asked for.

    :ivar routes: by host and port, a port of this machine, a code below 256 to refuse with, or a protocol for one connection
        that is the destination itself.
    :ivar greeting: what such a destination says in the same segment as the reply.
    :ivar names: by name or address, the answer to a look-up.
    """

    noisy = False

    def __init__(self, reactor: IReactorTCP) -> None:
        self.reactor = reactor
        self.routes: dict[tuple[str, int], int | Protocol] = {}
        self.greeting = b""
        self.names: dict[str, str] = {}
        self.requests: list[tuple[int, str, int]] = []
        self.credentials: list[tuple[bytes, bytes]] = []
        self.connections: list[SocksServerProtocol] = []
        self.lost: list[Failure] = []

    def buildProtocol(self, addr: IAddress | None) -> SocksServerProtocol:
        """
        One more connection.
        """
        return SocksServerProtocol(self)
