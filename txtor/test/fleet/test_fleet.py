"""
Many Tors in memory as one, and two real ones.
"""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService, IServiceCollection
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txtor.commands import GetInfo
from txtor.errors import Disconnected, InvalidArgument, SocksError, TorError, UnrecognizedEntity
from txtor.fleet import Fleet, FleetEvent
from txtor.service import Backoff, Health, Status, TorService
from txtor.test.service.test_service import Reactor
from txtor.testing import FakeTor, TorNetworkTestCase

VERSION = GetInfo(("version",))


class FleetTests(SynchronousTestCase):
    """
    Three Tors in memory, of which all are there.
    """

    def setUp(self) -> None:
        """
        A fleet that runs.
        """
        self.clock: Any = Reactor()
        self.fleet = Fleet()
        self.fakes: dict[str, FakeTor] = {}
        for name in "abc":
            self.add(name)
        self.fleet.startService()
        self.addCleanup(self.nothing_is_left)

    def add(self, name: str) -> TorService:
        """
        Another Tor.
        """
        fake = self.fakes[name] = FakeTor()
        fake.info["version"] = name
        service = TorService(self.clock, fake.endpoint(), chance=lambda: 0.0, backoff=Backoff(1, 2, 8, 0, 5))
        self.fleet.add(name, service)
        return service

    def nothing_is_left(self) -> None:
        """
        It stops, and all of them with it.
        """
        self.successResultOf(self.fleet.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([fake.connections for fake in self.fakes.values()], [[]] * len(self.fakes))

    def names(self, how: Any, count: int) -> str:
        """
        Whose turn it is, several times.
        """
        by_service = {service: name for name, service in self.fleet.members.items()}
        return "".join(by_service[self.fleet.choose(how)] for _ in range(count))

    def test_interfaces(self) -> None:
        """
        It is a service, and a collection of services.
        """
        self.assertTrue(verifyObject(IService, self.fleet))
        self.assertTrue(verifyObject(IServiceCollection, self.fleet))
        self.assertIs(self.fleet.getServiceNamed("a"), self.fleet.members["a"])

    def test_add_and_remove(self) -> None:
        """
        Who comes is started, who leaves is stopped, and neither disturbs the others.
        """
        service = self.add("d")
        self.assertTrue(service.health.is_ready)
        self.assertEqual(list(self.fleet.members), ["a", "b", "c", "d"])
        self.assertIs(self.successResultOf(self.fleet.remove("d")), service)
        self.assertEqual(service.health.status, Status.STOPPED)
        self.assertEqual(list(self.fleet.members), ["a", "b", "c"])
        self.assertEqual({health.status for health in self.fleet.health.values()}, {Status.READY})
        self.failureResultOf(self.fleet.remove("d"), InvalidArgument)
        self.assertRaises(InvalidArgument, self.fleet.add, "a", service)
        self.assertRaises(InvalidArgument, self.fleet.add, "e", self.fleet.members["a"])
        self.fleet.add("d", service)
        self.assertTrue(service.health.is_ready)

    def test_gather(self) -> None:
        """
        One command for all: what each answers, and why one does not.
        """
        self.fakes["b"].refuse("GETINFO", 510, "Command filtered")
        self.fakes["c"].drop()
        gathered = self.successResultOf(self.fleet.send(VERSION))
        self.assertEqual(gathered.values, {"a": {"version": "a"}})
        self.assertEqual(set(gathered.errors), {"b", "c"})
        self.assertIsInstance(gathered.errors["c"], Disconnected)
        self.assertFalse(gathered.is_complete)
        waiting = self.fleet.send(VERSION, outage="wait")
        self.assertNoResult(waiting)
        self.clock.advance(1)
        self.assertEqual(set(self.successResultOf(waiting).values), {"a", "c"})
        used = self.fleet.use(lambda tor: tor.protocol.get_info_single("version", default="?"))
        self.assertEqual(self.successResultOf(used).values, {"a": "a", "b": "?", "c": "c"})

    def test_empty(self) -> None:
        """
        Nobody answers nothing; nobody can be chosen.
        """
        fleet = Fleet()
        self.assertEqual(self.successResultOf(fleet.send(VERSION)).values, {})
        self.assertTrue(self.successResultOf(fleet.when_ready()).is_complete)
        self.assertRaises(Disconnected, fleet.choose)

    def test_gather_cancelled(self) -> None:
        """
        Who cancels gets no answer.
        """
        self.fakes["b"].mute("GETINFO")
        waiting = self.fleet.send(VERSION)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)

    def test_when_ready(self) -> None:
        """
        All of them can be waited for, with as much patience as one likes.
        """
        self.fakes["a"].listening = False
        self.fakes["a"].drop()
        waiting = self.fleet.when_ready(failures=2)
        self.assertNoResult(waiting)
        self.clock.advance(1)
        gathered = self.successResultOf(waiting)
        self.assertEqual((set(gathered.values), set(gathered.errors)), ({"b", "c"}, {"a"}))

    def test_events(self) -> None:
        """
        Events of all, each with the name of its Tor; of those who come later, and after a reconnection, too.
        """
        heard: list[FleetEvent] = []
        self.assertTrue(self.successResultOf(self.fleet.add_event_listener("BW", heard.append)).is_complete)
        self.add("d")
        self.fakes["a"].drop()
        self.clock.advance(1)
        for number, fake in enumerate(self.fakes.values()):
            fake.emit(f"BW {number} 0")
        self.assertEqual([(told.member, str(told.event)) for told in heard], [(n, f"{i} 0") for i, n in enumerate("abcd")])
        self.successResultOf(self.fleet.remove_event_listener("BW", heard.append))
        self.successResultOf(self.fleet.remove_event_listener("BW", heard.append))
        self.fakes["a"].emit("BW 9 9")
        self.assertEqual(len(heard), 4)

    def test_unknown_event(self) -> None:
        """
        An event that no Tor has is refused by each; who comes later is listened to as far as it goes.
        """
        gathered = self.successResultOf(self.fleet.add_event_listener("NO_SUCH", print))
        self.assertEqual({type(error) for error in gathered.errors.values()}, {UnrecognizedEntity})
        self.assertTrue(self.add("d").health.is_ready)

    def test_status(self) -> None:
        """
        Changes of each are told with its name; a listener that fails is logged and the others are told.
        """
        seen: list[tuple[str, Status]] = []

        def failing(name: str, health: Health) -> None:
            raise ZeroDivisionError

        def listener(name: str, health: Health) -> None:
            seen.append((name, health.status))

        self.fleet.add_status_listener(failing)
        self.fleet.add_status_listener(listener)
        self.fakes["b"].drop()
        self.assertEqual(seen, [("b", Status.WAITING)])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        for one in (failing, listener, listener):
            self.fleet.remove_status_listener(one)
        self.clock.advance(1)
        self.assertEqual(len(seen), 1)

    def test_round_robin(self) -> None:
        """
        Each has its turn; who is not there is passed over, and has it when it is back.
        """
        self.assertEqual(self.names("round-robin", 5), "abcab")
        self.fakes["c"].drop()
        self.assertEqual(self.names("round-robin", 3), "aba")
        self.clock.advance(1)
        self.assertEqual(self.names("round-robin", 3), "cba")
        self.assertRaises(InvalidArgument, self.fleet.choose, "by heart")
        self.assertRaises(InvalidArgument, self.fleet.stream_via, "host", 80, how="by heart")
        for fake in self.fakes.values():
            fake.drop()
        self.assertRaises(Disconnected, self.fleet.choose)

    def test_least_loaded(self) -> None:
        """
        Who has least to do gets more; a call counts until it is done, however it ends.
        """
        for fake in self.fakes.values():
            fake.mute("SIGNAL")
        running = [self.fleet.use_one(lambda tor: tor.signal("RELOAD"), "least-loaded") for _ in range(4)]
        self.assertEqual(self.fleet.loads, {"a": 2, "b": 1, "c": 1})
        self.assertEqual(self.names("least-loaded", 2), "bc")
        running[0].cancel()
        running[3].cancel()
        for one in (running[0], running[3]):
            self.failureResultOf(one, CancelledError)
        self.assertEqual(self.names("least-loaded", 3), "aaa")
        for fake in self.fakes.values():
            fake.drop()
        for one in running[1:3]:
            self.failureResultOf(one, Disconnected)
        self.assertEqual(self.fleet.loads, {"a": 0, "b": 0, "c": 0})
        self.failureResultOf(self.fleet.use_one(lambda tor: tor.signal("RELOAD")), Disconnected)


class Echo(Protocol):
    """
    Sends back what comes.

    :cvar running: those that are connected.
    """

    running: list[Deferred[None]] = []

    def connectionMade(self) -> None:
        """
        Let the test wait for the end.
        """
        self.ended: Deferred[None] = Deferred()
        self.running.append(self.ended)

    def connectionLost(self, reason: Failure = None) -> None:  # type: ignore[assignment]  # as Twisted declares it
        """
        The end.
        """
        self.ended.callback(None)

    def dataReceived(self, data: bytes) -> None:
        """
        Send it back.
        """
        assert self.transport is not None  # it is connected
        self.transport.write(data)


class Client(Protocol):
    """
    Waits for an answer, and for the end.
    """

    def __init__(self) -> None:
        self.answer: Deferred[bytes] = Deferred()
        self.ended: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """
        The answer.
        """
        self.answer.callback(data)

    def connectionLost(self, reason: Failure = None) -> None:  # type: ignore[assignment]  # as Twisted declares it
        """
        The end.
        """
        self.ended.callback(None)


class StreamTests(TorNetworkTestCase):
    """
    Connections through the clients of the network.
    """

    async def test_streams_are_shared_out(self) -> None:
        """
        Connections go through one Tor and the other, count as its load until they end, and fail for what the Tor says.
        """
        listening = await TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(Factory.forProtocol(Echo))
        self.addCleanup(listening.stopListening)
        fleet = Fleet()
        for client in self.network.clients[:2]:
            fleet.add(client.nickname, TorService(self.reactor, client.control_endpoint))
        fleet.startService()
        self.addCleanup(fleet.stopService)
        await fleet.when_ready()
        endpoint = fleet.stream_via("127.0.0.1", listening.getHost().port, how="least-loaded")
        protocols: list[Any] = []
        for _ in range(2):
            protocol: Any = await endpoint.connect(Factory.forProtocol(Client))
            protocol.transport.write(b"hello")
            self.assertEqual(await protocol.answer, b"hello")
            protocols.append(protocol)
        self.assertEqual(list(fleet.loads.values()), [1, 1])
        refused: Deferred[Any] = fleet.stream_via("nothing.invalid", 1).connect(Factory.forProtocol(Client))
        await self.assertFailure(refused, SocksError, TorError)
        for protocol in protocols:
            protocol.transport.loseConnection()
            await protocol.ended
        await gatherResults(Echo.running)
        self.assertEqual(list(fleet.loads.values()), [0, 0])
