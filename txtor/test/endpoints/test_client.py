# -*- test-case-name: txtor.test.endpoints.test_client -*-
"""
`TorClientEndpoint`, and where it finds a SOCKS port.
"""

from __future__ import annotations

import sys
from typing import Any
from unittest import mock

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionRefusedError as TCPRefused
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txtor.endpoints import GuessedSocksEndpoint, TorClientEndpoint
from txtor.errors import InvalidArgument, SocksPortNotFound
from txtor.socks import Isolation, IsolationToken
from txtor.test.endpoints.programs import run

FACTORY = Factory.forProtocol(Protocol)
REPLY = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


class ClientTests(SynchronousTestCase):
    """
    In memory, without a network.
    """

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()

    def refuse(self) -> None:
        """
        The port that was asked for last refuses.
        """
        self.reactor.tcpClients[-1][2].clientConnectionFailed(self.reactor.connectors[-1], Failure(TCPRefused()))

    def accept(self) -> StringTransport:
        """
        The port that was asked for last accepts.
        """
        protocol: Any = self.reactor.tcpClients[-1][2].buildProtocol(None)
        transport = StringTransport()
        transport.protocol = protocol  # type: ignore[attr-defined]  # as transports of the reactor have it
        protocol.makeConnection(transport)
        self.answer = protocol.dataReceived
        return transport

    def asked(self) -> list[int]:
        """
        The ports that were asked for.
        """
        return [client[1] for client in self.reactor.tcpClients]

    def test_interfaces(self) -> None:
        """
        What is declared is provided.
        """
        verifyObject(IStreamClientEndpoint, TorClientEndpoint("example", 80, reactor=self.reactor))
        verifyObject(IStreamClientEndpoint, GuessedSocksEndpoint(self.reactor))

    def test_guess(self) -> None:
        """
        9050 is asked first, then 9150; the first that accepts is used, and asked for what was wanted.
        """
        connecting = TorClientEndpoint("example", 80, reactor=self.reactor).connect(FACTORY)
        self.assertEqual(self.asked(), [9050])
        self.refuse()
        self.assertEqual(self.asked(), [9050, 9150])
        transport = self.accept()
        self.answer(b"\x05\x00")
        self.assertEqual(transport.value(), b"\x05\x01\x00\x05\x01\x00\x03\x07example\x00\x50")
        self.answer(REPLY)
        self.assertIsInstance(self.successResultOf(connecting), Protocol)

    def test_guess_wrong(self) -> None:
        """
        None accepts: one error that says what happened at each, without a second one around it.
        """
        connecting = TorClientEndpoint("example", 80, reactor=self.reactor).connect(FACTORY)
        self.refuse()
        self.refuse()
        error = self.failureResultOf(connecting, SocksPortNotFound).value
        self.assertEqual([place for place, _ in error.attempts], ["127.0.0.1:9050", "127.0.0.1:9150"])
        self.assertIn("9150: Connection was refused", str(error))

    def test_guess_cancelled(self) -> None:
        """
        A cancel while a port is asked ends it, and the next port is not asked. Case 111.
        """
        connecting = TorClientEndpoint("example", 80, reactor=self.reactor).connect(FACTORY)
        connector = self.reactor.connectors[-1]
        self.reactor.tcpClients[-1][2].startedConnecting(connector)
        connecting.cancel()
        self.failureResultOf(connecting)
        self.assertTrue(connector.stoppedConnecting)
        self.assertEqual(self.asked(), [9050])

    def test_endpoint_given(self) -> None:
        """
        An endpoint or its string is used and nothing is guessed.
        """
        for socks in (TCP4ClientEndpoint(self.reactor, "127.0.0.1", 1080), "tcp:127.0.0.1:1080"):
            TorClientEndpoint("example", 80, socks, reactor=self.reactor).connect(FACTORY)
            self.assertEqual(self.asked().pop(), 1080)

    def test_credentials(self) -> None:
        """
        User name and password, or an isolation. Cases 112, 117.
        """
        options: list[dict[str, Any]] = [
            {"socks_username": "u", "socks_password": "p"},
            {"isolation": IsolationToken("t")},
            {"isolation": Isolation.PER_CONNECTION},
        ]
        for given, sent in zip(options, (b"\x01\x01u\x01p", b"\x01\x09<torS0X>0\x01t", b"\x01\x09<torS0X>0\x20"), strict=True):
            TorClientEndpoint("example", 80, reactor=self.reactor, **given).connect(FACTORY)
            transport = self.accept()
            self.assertEqual(transport.value(), b"\x05\x01\x02")
            transport.clear()
            self.answer(b"\x05\x02")
            self.assertTrue(transport.value().startswith(sent))

    def test_wrong_arguments(self) -> None:
        """
        A keyword that there is not is a ``TypeError``, a value that cannot be is refused at once. Case 116.
        """
        with self.assertRaises(TypeError):
            TorClientEndpoint("example", 80, use_tls=True)  # type: ignore[call-arg]
        self.assertRaises(InvalidArgument, TorClientEndpoint, "a b", 80, reactor=self.reactor)
        self.assertRaises(InvalidArgument, TorClientEndpoint, "example", 80, "nonsense:", reactor=self.reactor)

    def test_reactor_of_the_program(self) -> None:
        """
        Without ``reactor=`` the one that is installed is used. Where none is, none is installed. Case 133.
        """
        with mock.patch.dict(sys.modules, {"twisted.internet.reactor": self.reactor}):
            for endpoint in (TorClientEndpoint("example", 80), TorClientEndpoint("example", 80, "tcp:127.0.0.1:1080")):
                endpoint.connect(FACTORY)
        self.assertEqual(self.asked(), [9050, 1080])
        program = (
            "import sys\n"
            "from txtor.endpoints import TorClientEndpoint\n"
            "from txtor.errors import InvalidArgument\n"
            "try:\n"
            "    TorClientEndpoint('example', 80)\n"
            "except InvalidArgument as error:\n"
            "    print(error, 'twisted.internet.reactor' in sys.modules)\n"
        )
        printed = run(program)
        self.assertIn("No reactor is installed", printed)
        self.assertTrue(printed.endswith("False\n"), printed)
