# -*- test-case-name: txtor.test.endpoints.test_kept -*-
"""
Onion endpoints whose Tor is lost and comes back: a Tor in memory, with a clock.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.protocol import Factory, Protocol
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from txtor.endpoints import OnionServerEndpoint
from txtor.errors import Disconnected
from txtor.onion import (
    DISCARD,
    ClientAuthKey,
    DiskTerms,
    OnionTerms,
    read_authorized_clients,
    write_authorized_client,
    write_onion_directory,
)
from txtor.service import KeptOnionService
from txtor.test.onion.services import KEY, OnionTor
from txtor.testing._fake_config import FakeConfiguration

from .test_shared import Reactor

ADDRESS = KEY.address.bare

#: Longer than any wait that grows.
LONG = 120.0


class KeptTests(SynchronousTestCase):
    """
    A Tor that others run.
    """

    def setUp(self) -> None:
        self.reactor: Any = Reactor()
        self.tor = OnionTor()
        self.tor.drop()

    def listen(self, terms: OnionTerms | DiskTerms, local: int = 8080) -> Any:
        """
        Listen.
        """
        endpoint = OnionServerEndpoint.system_tor(self.reactor, self.tor.endpoint(), 80, terms, local)
        return self.successResultOf(endpoint.listen(Factory.forProtocol(Protocol)))

    def lose(self, forgetful: bool = True) -> None:
        """
        The Tor is killed.

        :param forgetful: whether it was that, and not the connection alone.
        """
        if forgetful:
            self.tor.configuration = FakeConfiguration()
        self.tor.drop()
        self.assertEqual(self.tor.onions, [])

    def come_back(self) -> None:
        """
        It is there again, and noticed.
        """
        self.tor.listening = True
        self.reactor.advance(LONG)
        self.assertEqual(len(self.tor.connections), 1)

    def restart(self) -> None:
        """
        The Tor is killed, and another one is there after a while.
        """
        self.tor.listening = False
        self.lose()
        self.reactor.advance(1)
        self.come_back()

    def stop(self, port: Any) -> None:
        """
        Stop listening: then nothing is left.
        """
        self.successResultOf(port.stopListening())
        self.tor.listening = True
        self.reactor.advance(LONG)
        self.assertEqual((self.tor.connections, self.tor.onions), ([], []))
        self.assertEqual((self.reactor.getDelayedCalls(), self.reactor.stopping), ([], []))

    def test_comes_back(self) -> None:
        """
        The service is made again with its key, ports, limits and the clients of now, as often as need be, and its address is the
        same; when the port stops listening, it is gone.
        """
        old, new = ClientAuthKey.generate().public_key, ClientAuthKey.generate().public_key
        port = self.listen(OnionTerms(max_streams=5, clients=[old], wait="none"))
        service = port.onion_service
        self.assertIsInstance(service, KeptOnionService)
        host, address = port.getHost().onion_uri, service.address.bare
        changed = service.current.set_clients([new])
        self.tor.upload(address, 1)
        self.tor.stored(address, 1)
        self.successResultOf(changed)
        for _ in range(2):
            del self.tor.received[:]
            self.restart()
            self.assertEqual((self.tor.onions, port.getHost().onion_uri, service.hostname), ([address], host, host))
            (line,) = [line for line in self.tor.received if line.startswith("ADD_ONION")]
            for part in (service.private_key, "MaxStreams=5", "Port=80,127.0.0.1:8080", new.base32):
                self.assertIn(part, line)
        self.assertEqual((service.ports, service.address.bare), (("80 127.0.0.1:8080",), address))
        self.stop(port)

    def test_waited_for(self) -> None:
        """
        What was waited for in the beginning is not waited for again: whoever visits finds the descriptor of before.
        """
        terms = OnionTerms(KEY, await_all_uploads=True, timeout=10)
        endpoint = OnionServerEndpoint.system_tor(self.reactor, self.tor.endpoint(), 80, terms, 8080)
        listening = endpoint.listen(Factory.forProtocol(Protocol))
        self.tor.upload(ADDRESS, 1, 2)
        self.tor.stored(ADDRESS, 1)
        self.assertNoResult(listening)
        self.tor.stored(ADDRESS, 2)
        self.reactor.advance(9)
        port: Any = self.successResultOf(listening)
        self.restart()
        self.reactor.advance(LONG)
        self.assertEqual(self.tor.onions, [ADDRESS])
        self.stop(port)

    def test_stopped_while_away(self) -> None:
        """
        A port that stops listening while Tor is away does not come back.
        """
        port = self.listen(OnionTerms(KEY, wait="none"))
        self.tor.listening = False
        self.lose()
        self.stop(port)

    def test_stopped_meanwhile(self) -> None:
        """
        Nor does one that stops listening just when its service, or one before it, is made again on a Tor that others have too.
        """
        endpoint = OnionServerEndpoint.system_tor(self.reactor, self.tor.endpoint(), 80, OnionTerms(wait="none"), 8080)
        ports: list[Any] = [self.successResultOf(endpoint.listen(Factory.forProtocol(Protocol))) for _ in range(4)]
        make = self.tor._answers["ADD_ONION"]
        stopping: list[Any] = []

        def answer(connection: Any, command: Any) -> Any:
            if not stopping:
                stopping.extend([ports[0].stopListening(), ports[2].stopListening()])
            return make(connection, command)

        self.tor.answer("ADD_ONION", answer)
        self.restart()
        for each in stopping:
            self.successResultOf(each)
        self.assertEqual(self.tor.onions, [ports[number].onion_service.address.bare for number in (1, 3)])
        self.successResultOf(ports[1].stopListening())
        self.stop(ports[3])

    def test_refused(self) -> None:
        """
        A service that the next Tor does not take is logged, and made on the one after that.
        """
        port, make = self.listen(OnionTerms(KEY, wait="none")), self.tor._answers["ADD_ONION"]
        self.tor.refuse("ADD_ONION", 551, "No")
        with capturedLogs() as logged:
            self.restart()
        told = [line for line in map(formatEvent, logged) if line and "could not be restored" in line]
        self.assertEqual((len(told), self.tor.onions), (1, []))
        self.assertIn(KEY.address.hostname, told[0])
        self.assertIn("No", told[0])
        self.tor.answer("ADD_ONION", make)
        self.restart()
        self.assertEqual(self.tor.onions, [ADDRESS])
        self.stop(port)

    def test_discarded(self) -> None:
        """
        A service whose key nobody has is gone with its Tor, and its port stops listening as any other.
        """
        port = self.listen(OnionTerms(DISCARD, wait="none"))
        self.assertEqual(len(self.tor.onions), 1)
        self.restart()
        self.assertEqual(self.tor.onions, [])
        self.stop(port)

    def files(self) -> Any:
        """
        Listen behind a service with files.

        :return: the port, and the directory.
        """
        folder = os.path.abspath(self.mktemp())
        write_onion_directory(folder, KEY)
        friend = ClientAuthKey.generate().public_key
        return self.listen(DiskTerms(folder, clients={"friend": friend}, wait="none")), folder

    @property
    def directories(self) -> list[str]:
        """
        Those of the services in Tor's configuration.
        """
        return self.tor.configuration.get("HiddenServiceDir")

    def test_files(self) -> None:
        """
        A service with files is put into the configuration of the next Tor, and once into that of one to which the connection
        alone was lost; its clients stay those who have files. When the port stops listening, it is taken out.
        """
        port, folder = self.files()
        other = ClientAuthKey.generate().public_key
        write_authorized_client(folder, "friend", other)
        self.restart()
        self.assertEqual((self.directories, port.getHost().onion_uri), ([folder], KEY.address.hostname))
        self.lose(forgetful=False)
        self.come_back()
        self.assertEqual(self.directories, [folder])
        self.assertEqual(read_authorized_clients(folder), {"friend": other})
        self.stop(port)
        self.assertEqual(self.directories, [])

    def test_files_and_reload(self) -> None:
        """
        Tor is told to read its torrc again, and forgets a service with files: it is put back, unless it was removed.
        """
        port, folder = self.files()
        for expected in ([folder], []):
            self.tor.configuration = FakeConfiguration()
            self.tor.emit("SIGNAL RELOAD")
            self.assertEqual((self.directories, port.getHost().onion_uri), (expected, KEY.address.hostname))
            self.successResultOf(port.onion_service.remove())
        self.stop(port)

    def test_files_and_reactor_stops(self) -> None:
        """
        When the reactor stops, a service with files is taken out before the connection ends, whoever hears of it first.
        """
        port, _ = self.files()
        stopped = [*self.reactor.stop_all(), port.stopListening()]
        for each in stopped:
            self.successResultOf(each)
        self.assertEqual((self.directories, self.tor.connections), ([], []))

    def test_files_stopped_while_away(self) -> None:
        """
        Of a service with files nobody knows whether Tor still has it, where the connection is gone; it is not made any more.
        """
        port, _ = self.files()
        self.tor.listening = False
        self.lose()
        self.failureResultOf(port.stopListening(), Disconnected)
        self.stop(port)
        self.assertEqual(self.directories, [])
