# -*- test-case-name: txtor.test.endpoints.test_shared -*-
"""
The SocksPort of a Tor that endpoints share: ``control=`` and ``launch=`` of ``tor:`` strings.
"""

from __future__ import annotations

import gc
from typing import Any
from unittest import mock
from weakref import ref

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.error import ConnectionRefusedError as TCPRefused
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txtor.endpoints._shared import SharedSocksEndpoint, socks_of_control, socks_of_launched
from txtor.errors import Disconnected, SocksServerUnreachable
from txtor.process import LaunchOptions
from txtor.service import TorService
from txtor.testing import FakeTor

FACTORY = Factory.forProtocol(Protocol)
REPLY = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
CONTROL = r"tor:example:80:control=tcp\:127.0.0.1\:9051"


class Reactor(MemoryReactorClock):
    """
    A reactor in memory that can be stopped.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopping: list[Any] = []

    def addSystemEventTrigger(self, *what: Any, **more: Any) -> Any:
        """
        Remember what is to be called.
        """
        phase, event, function = what
        assert (phase, event, more) == ("before", "shutdown", {})
        self.stopping.append(function)
        return function

    def removeSystemEventTrigger(self, triggerID: Any) -> None:  # noqa: N803  # Twisted's
        """
        Forget it.
        """
        self.stopping.remove(triggerID)

    def stop_all(self) -> list[Deferred[Any]]:
        """
        The reactor stops; what it waits for.
        """
        return [each() for each in self.stopping]


class SharedTests(SynchronousTestCase):
    """
    In memory: a `FakeTor` behind a reactor that connects nothing by itself.
    """

    def setUp(self) -> None:
        self.reactor: Any = Reactor()
        self.fake = FakeTor()
        self.fake.info["net/listeners/socks"] = '"127.0.0.1:7"'

    def connect(self, string: str = CONTROL) -> Deferred[Any]:
        """
        Connect a new endpoint.
        """
        endpoint = clientFromString(self.reactor, string)
        connecting: Deferred[Any] = endpoint.connect(FACTORY)
        return connecting

    def asked(self) -> list[int]:
        """
        The ports that were connected to, in order.
        """
        return [client[1] for client in self.reactor.tcpClients]

    def open_control(self) -> None:
        """
        The control port that was asked for last accepts.
        """
        self.assertEqual(self.asked()[-1], 9051)
        protocol: Any = self.reactor.tcpClients[-1][2].buildProtocol(None)
        self.fake.attach(protocol)

    def refuse(self) -> None:
        """
        What was asked for last refuses.
        """
        self.reactor.tcpClients[-1][2].clientConnectionFailed(self.reactor.connectors[-1], Failure(TCPRefused()))

    def serve(self, client: int, port: int = 7) -> None:
        """
        A SOCKS port accepts and does what is asked.
        """
        self.assertEqual(self.asked()[client], port)
        protocol: Any = self.reactor.tcpClients[client][2].buildProtocol(None)
        transport = StringTransport()
        transport.protocol = protocol  # type: ignore[attr-defined]  # as transports of the reactor have it
        protocol.makeConnection(transport)
        protocol.dataReceived(b"\x05\x00")
        self.assertEqual(transport.value(), b"\x05\x01\x00\x05\x01\x00\x03\x07example\x00\x50")
        protocol.dataReceived(REPLY)

    def commands(self, keyword: str) -> int:
        """
        How often a command was sent.
        """
        return sum(line.split()[0] == keyword for line in self.fake.received)

    def test_one_for_all(self) -> None:
        """
        Endpoints of one control string share one connection, made when the first of them connects, and one question for the
        SocksPort when nobody else asks at the same time.
        """
        clientFromString(self.reactor, CONTROL)
        self.assertEqual((self.asked(), self.reactor.stopping), ([], []))
        one, two = self.connect(), self.connect()
        self.assertEqual(self.asked(), [9051])
        self.open_control()
        self.assertEqual(self.asked(), [9051, 7, 7])
        self.serve(1)
        self.serve(2)
        for each in (one, two):
            self.assertIsInstance(self.successResultOf(each), Protocol)
        questions = self.commands("GETINFO")
        three = self.connect()
        self.serve(3)
        self.successResultOf(three)
        self.assertEqual((self.commands("AUTHENTICATE"), self.commands("GETINFO")), (1, questions))

    def test_others(self) -> None:
        """
        Another control string, or another reactor, is another Tor.
        """
        places = [
            socks_of_control(self.reactor, "tcp:127.0.0.1:9051"),
            socks_of_control(self.reactor, "tcp:127.0.0.1:9052"),
            socks_of_control(Reactor(), "tcp:127.0.0.1:9051"),
            socks_of_launched(self.reactor),
        ]
        self.assertEqual(len(set(places)), 4)
        self.assertIs(socks_of_control(self.reactor, "tcp:127.0.0.1:9051"), places[0])

    def test_forgotten(self) -> None:
        """
        An endpoint that was never used leaves nothing behind.
        """
        endpoint = ref(socks_of_control(self.reactor, "tcp:127.0.0.1:9051"))
        gc.collect()
        self.assertIsNone(endpoint())

    def test_kept(self) -> None:
        """
        A connection that is there is found by strings that come when all endpoints are gone.
        """
        self.connect().addErrback(lambda failure: None)
        self.open_control()
        gc.collect()
        self.connect()
        self.assertEqual(self.asked(), [9051, 7, 7])

    def test_lost(self) -> None:
        """
        When the control connection is lost, what is connected stays, and the next one connects to the control port again.
        """
        one = self.connect()
        self.open_control()
        self.serve(1)
        self.successResultOf(one)
        self.fake.drop()
        two = self.connect()
        self.open_control()
        self.serve(3)
        self.successResultOf(two)
        self.assertEqual((self.asked(), len(self.reactor.stopping)), ([9051, 7, 9051, 7], 2))

    def test_refused(self) -> None:
        """
        Without a Tor all who wait are told why, and the next one tries again.
        """
        waiting = [self.connect(), self.connect()]
        self.refuse()
        for each in waiting:
            error = self.failureResultOf(each, SocksServerUnreachable).value
            self.assertIsInstance(error.__cause__, Disconnected)
            self.assertIn("Nothing listens there", str(error))
        again = self.connect()
        self.open_control()
        self.serve(2)
        self.successResultOf(again)

    def test_cancelled(self) -> None:
        """
        One who gives up does not harm the others; when the last one gives up, so does the connection. Case 111.
        """
        one, two = self.connect(), self.connect()
        connector = self.reactor.connectors[-1]
        self.reactor.tcpClients[-1][2].startedConnecting(connector)
        one.cancel()
        self.failureResultOf(one, CancelledError)
        self.assertFalse(connector.stoppedConnecting)
        two.cancel()
        self.failureResultOf(two, CancelledError)
        self.assertTrue(connector.stoppedConnecting)
        three = self.connect()
        self.open_control()
        self.serve(2)
        self.successResultOf(three)

    def test_stopped(self) -> None:
        """
        When the reactor stops, the control connection is closed, those who wait are told, and nobody connects any more.
        """
        one = self.connect()
        endpoint = clientFromString(self.reactor, CONTROL)
        self.open_control()
        self.serve(1)
        self.successResultOf(one)
        for stopped in self.reactor.stop_all():
            self.successResultOf(stopped)
        self.assertEqual((self.commands("QUIT"), self.fake.connections), (1, []))
        error = self.failureResultOf(endpoint.connect(FACTORY), SocksServerUnreachable).value
        self.assertIsInstance(error.__cause__, Disconnected)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_stopped_meanwhile(self) -> None:
        """
        When the reactor stops while a Tor is launched, the launch is given up, and its end is waited for.
        """
        launch: Deferred[Any] = Deferred()
        process_gone: Deferred[None] = Deferred()
        launch.addErrback(lambda failure: process_gone.addCallback(lambda _: failure))
        endpoint = SharedSocksEndpoint(self.reactor, lambda: launch)
        connecting = endpoint.connect(FACTORY)
        (stopped,) = self.reactor.stop_all()
        self.failureResultOf(connecting, Disconnected)
        self.assertNoResult(stopped)
        process_gone.callback(None)
        self.successResultOf(stopped)

    def test_late(self) -> None:
        """
        A Tor that comes although nobody wanted it any more is given back; an error that comes so late is nobody's.
        """
        given_back: list[Any] = []

        class Late:
            """
            What a launch gives that does not hear that it is given up.
            """

            def release(self) -> None:
                """
                Given back.
                """
                given_back.append(self)

        coming: list[Deferred[Any]] = []

        def take() -> Deferred[Any]:
            inner: Deferred[Any] = Deferred()
            coming.append(inner)
            return inner.addErrback(lambda failure: Late())

        endpoint = SharedSocksEndpoint(self.reactor, take)
        connecting = endpoint.connect(FACTORY)
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.assertEqual([type(each) for each in given_back], [Late])
        self.successResultOf(endpoint.close())
        self.assertEqual(self.reactor.stopping, [])

    def launching(self) -> Any:
        """
        What would be launched is the Tor in memory.
        """

        def keep(reactor: Any, options: LaunchOptions, **more: Any) -> TorService:
            self.assertEqual((reactor, options), (self.reactor, LaunchOptions()))
            return TorService(reactor, self.fake.endpoint())

        return mock.patch("txtor.endpoints._tors.TorService", keep)

    def test_launch(self) -> None:
        """
        ``launch=yes`` launches one Tor for all, when the first connects, and ends it when the reactor stops.
        """
        with self.launching():
            clientFromString(self.reactor, "tor:example:80:launch=yes")
            self.assertEqual(self.fake.received, [])
            one, two = self.connect("tor:example:80:launch=yes"), self.connect("tor:example:80:launch=on")
            for client, each in enumerate((one, two)):
                self.serve(client)
                self.successResultOf(each)
            self.assertEqual(self.commands("AUTHENTICATE"), 1)
            for stopped in self.reactor.stop_all():
                self.successResultOf(stopped)
        self.assertEqual((self.commands("QUIT"), self.fake.connections, self.reactor.getDelayedCalls()), (1, [], []))

    def test_launch_fails(self) -> None:
        """
        Why a Tor cannot be launched is told, and the next one tries again.
        """
        with self.launching():
            self.fake.listening = False
            for _ in range(2):
                connecting = self.connect("tor:example:80:launch=yes")
                error = self.failureResultOf(connecting, SocksServerUnreachable).value
                self.assertIsInstance(error.__cause__, Disconnected)
            self.fake.listening = True
            connecting = self.connect("tor:example:80:launch=yes")
            self.serve(0)
            self.successResultOf(connecting)

    def test_moved(self) -> None:
        """
        A Tor whose SocksPort has moved is asked again.
        """
        one = self.connect()
        self.open_control()
        self.serve(1)
        self.successResultOf(one)
        self.fake.info["net/listeners/socks"] = '"127.0.0.1:8"'
        two = self.connect()
        self.refuse()
        self.serve(3, 8)
        self.successResultOf(two)
        self.assertEqual(self.asked(), [9051, 7, 7, 8])
