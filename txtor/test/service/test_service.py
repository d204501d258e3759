"""
A service over a Tor in memory, with a clock.
"""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from txtor import Tor
from txtor.commands import GetInfo
from txtor.errors import (
    CommandTimeout,
    Disconnected,
    IncorrectPassword,
    InvalidArgument,
    UnrecognizedEntity,
)
from txtor.events import BandwidthEvent
from txtor.grammar import ReplyLine
from txtor.process import LaunchOptions
from txtor.service import Backoff, Health, Status, TorService
from txtor.state import IStreamAttacher
from txtor.testing import FakeTor


class Reactor(Clock):
    """
    A clock that takes system event triggers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.triggers: list[tuple[str, str, Any]] = []

    def addSystemEventTrigger(self, phase: str, event: str, function: Any) -> object:
        """
        Remember it.
        """
        self.triggers.append((phase, event, function))
        return self.triggers[-1]

    def removeSystemEventTrigger(self, trigger: Any) -> None:
        """
        Forget it.
        """
        self.triggers.remove(trigger)


class ServiceTestCase(SynchronousTestCase):
    """
    A service that is not started yet. After each test it is stopped, and nothing is scheduled.
    """

    def setUp(self) -> None:
        """
        A Tor and a service.
        """
        self.clock: Any = Reactor()
        self.fake = FakeTor()
        self.make()
        self.addCleanup(self.stopped)

    def make(self, **arguments: Any) -> None:
        """
        A service with some arguments.
        """
        arguments.setdefault("backoff", Backoff(1, 2, 8, 0.5, 5))
        self.service = TorService(self.clock, self.fake.endpoint(), chance=lambda: 0.0, **arguments)

    def stopped(self) -> None:
        """
        It stops, and leaves nothing.
        """
        self.successResultOf(self.service.stopService())
        self.assertEqual(self.service.health.status, Status.STOPPED)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual((self.fake.connections, self.clock.triggers), ([], []))

    def lose(self) -> None:
        """
        The Tor is killed and started again; the service comes back.
        """
        self.fake.drop()
        self.assertEqual(self.service.health.status, Status.WAITING)
        self.clock.advance(8)
        self.assertEqual(self.service.health.status, Status.READY)


class ConnectionTests(ServiceTestCase):
    """
    Coming back, and telling who wants to know.
    """

    def test_interface(self) -> None:
        """
        It is a service like another.
        """
        self.assertTrue(verifyObject(IService, self.service))
        self.service.setName("tor")
        self.assertFalse(self.service.running)
        self.service.startService()
        self.assertTrue(self.service.running)

    def test_ready(self) -> None:
        """
        Each who waits gets the Tor, before and after it is there.
        """
        early = [self.service.when_ready(), self.service.when_ready()]
        self.service.startService()
        self.service.startService()
        tors = [self.successResultOf(waiter) for waiter in [*early, self.service.when_ready()]]
        self.assertIsInstance(tors[0], Tor)
        self.assertEqual(set(tors), {self.service.tor})
        self.assertEqual([line.split(" ")[0] for line in self.fake.received], ["PROTOCOLINFO", "AUTHENTICATE"])

    def test_comes_back(self) -> None:
        """
        A connection that is lost is made again, after waits that grow until it has been good for a while.
        """
        self.service.startService()
        lost = [self.service.when_lost(), self.service.when_lost()]
        self.fake.listening = False
        self.fake.drop()
        for waiter in lost:
            self.assertIsInstance(self.successResultOf(waiter), Disconnected)
        self.assertIsNone(self.service.tor)
        waits = []
        for _ in range(5):
            (call,) = self.clock.getDelayedCalls()
            waits.append(call.getTime() - self.clock.seconds())
            self.clock.advance(waits[-1])
        self.assertEqual(waits, [1, 2, 4, 8, 8])
        self.assertEqual(self.service.health.failures, 6)
        self.fake.listening = True
        self.clock.advance(8)
        self.assertEqual((self.service.health.status, self.service.health.connections), (Status.READY, 2))
        self.clock.advance(5)
        self.fake.drop()
        self.assertEqual(self.service.health.failures, 1)

    def test_health(self) -> None:
        """
        Every change is told, with the cause; a listener that fails is logged.
        """
        seen: list[Health] = []

        def listener(health: Health) -> None:
            seen.append(health)
            raise ZeroDivisionError

        self.service.add_status_listener(listener)
        self.service.startService()
        self.clock.advance(3)
        self.fake.drop()
        self.assertEqual(
            [health.status for health in seen], [Status.OPENING, Status.PREPARING, Status.READY, Status.WAITING]
        )
        self.assertEqual((seen[2].since, seen[3].since), (0, 3))
        self.assertTrue(seen[2].is_ready)
        self.assertIsInstance(seen[3].error, Disconnected)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 4)
        self.service.remove_status_listener(listener)
        self.service.remove_status_listener(listener)
        self.clock.advance(1)
        self.assertEqual(len(seen), 4)

    def test_patience(self) -> None:
        """
        Who has no patience is told the cause after so many failures; the others wait on, and one that is cancelled harms nobody.
        """
        self.fake.password = b"right"
        self.make(password="wrong")
        hasty, patient, cancelled = (self.service.when_ready(n) for n in (2, None, 2))
        self.service.startService()
        self.assertNoResult(hasty)
        cancelled.cancel()
        self.failureResultOf(cancelled, CancelledError)
        self.clock.advance(1)
        self.failureResultOf(hasty, IncorrectPassword)
        self.assertIsInstance(self.service.health.error, IncorrectPassword)
        self.assertNoResult(patient)
        self.fake.password = b"wrong"
        self.service.retry()
        self.successResultOf(patient)

    def test_stop_while_opening(self) -> None:
        """
        Stopped in the middle, whoever waits is told, and nothing is left.
        """
        self.fake.mute("AUTHENTICATE")
        waiting = self.service.when_ready()
        self.service.startService()
        self.assertEqual(self.service.health.status, Status.OPENING)
        self.successResultOf(self.service.stopService())
        self.failureResultOf(waiting, Disconnected)

    def test_stop_while_preparing(self) -> None:
        """
        The same while something is being restored that takes long.
        """
        cancelled: list[object] = []
        self.service.restore.append(lambda tor: Deferred(cancelled.append))
        self.service.startService()
        self.assertEqual(self.service.health.status, Status.PREPARING)
        self.successResultOf(self.service.stopService())
        self.assertEqual(len(cancelled), 1)

    def test_start_again(self) -> None:
        """
        It can be stopped and started as often as one likes; losses by stopping are told too.
        """
        for _ in range(3):
            self.service.startService()
            lost = self.service.when_lost()
            self.successResultOf(self.service.when_ready())
            self.successResultOf(self.service.stopService())
            self.assertIn("stopped", str(self.successResultOf(lost)))
            self.failureResultOf(self.service.when_ready(), Disconnected)
            self.failureResultOf(self.service.get_info("version"), Disconnected)

    def test_stop_from_a_callback(self) -> None:
        """
        It may be stopped by the very callback that hears that it is ready.
        """
        self.service.when_ready().addCallback(lambda tor: self.service.stopService())
        self.service.startService()
        self.assertEqual(self.service.health.status, Status.STOPPED)

    def test_reactor_stops(self) -> None:
        """
        A reactor that stops takes the service with it, also one that nobody has told.
        """
        self.service.startService()
        ((phase, event, function),) = self.clock.triggers
        self.clock.triggers.clear()
        self.assertEqual((phase, event), ("before", "shutdown"))
        self.successResultOf(function())
        self.assertEqual(self.service.health.status, Status.STOPPED)

    def test_odd_endpoint(self) -> None:
        """
        Whatever an endpoint raises is logged, and the next attempt is made.
        """

        class Odd:
            def connect(self, factory: object) -> Deferred[Any]:
                return fail(ZeroDivisionError("odd"))

        self.service = TorService(self.clock, Odd(), chance=lambda: 0.0)  # type: ignore[arg-type]  # it is no endpoint
        self.service.startService()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertIn("odd", str(self.service.health.error))

    def test_arguments(self) -> None:
        """
        What is out of range is refused at once, a contradiction in what shall be launched too.
        """
        wrong: list[dict[str, Any]] = [
            {"outage": "maybe"}, {"ping": 0}, {"ping": "1"}, {"launch_timeout": -1}, {"connect_timeout": 0}
        ]
        for arguments in wrong:
            self.assertRaises(InvalidArgument, self.make, **arguments)
        self.assertRaises(InvalidArgument, LaunchOptions, {"SocksPort": 1}, socks_port=2)
        places: list[Any] = ["nonsense", "tcp:a:b:c:d", ["unix:/a", "tcp"]]
        for place in places:
            self.assertRaises(InvalidArgument, TorService, self.clock, place)

    def test_ping(self) -> None:
        """
        A Tor that does not answer any more is given up; one whose filter refuses is not.
        """
        self.make(ping=10)
        self.service.startService()
        self.clock.advance(10)
        self.fake.refuse("GETINFO", 510, "Command filtered")
        self.clock.advance(10)
        self.assertTrue(self.service.health.is_ready)
        self.fake.mute("GETINFO")
        lost = self.service.when_lost()
        self.clock.advance(10)
        self.assertNoResult(lost)
        self.clock.advance(10)
        self.successResultOf(lost)
        self.assertEqual(self.fake.received.count("GETINFO version"), 3)


    def test_ping_while_preparing(self) -> None:
        """
        One that ceases to answer while things are restored is given up too; who is only slow is not.
        """
        self.make(ping=10)
        slow: list[Deferred[None]] = []
        self.service.restore.append(lambda tor: slow.append(Deferred()) or slow[-1])  # type: ignore[func-returns-value]
        self.service.startService()
        self.clock.pump([10, 5, 5])
        self.assertEqual(self.service.health.status, Status.PREPARING)
        self.fake.mute("GETINFO")
        self.clock.pump([10, 9])
        self.assertEqual(self.service.health.status, Status.PREPARING)
        self.clock.advance(1)
        self.assertEqual((self.service.health.status, self.service.health.failures), (Status.WAITING, 1))
        self.clock.advance(1)
        slow[-1].callback(None)
        self.assertTrue(self.service.health.is_ready)

    def test_connect_timeout(self) -> None:
        """
        Something that listens and does not answer is told, and tried again.
        """
        self.make(connect_timeout=7)
        usual = self.fake._answers["PROTOCOLINFO"]
        self.fake.mute("PROTOCOLINFO")
        waiting = self.service.when_ready(failures=1)
        self.service.startService()
        self.clock.advance(6)
        self.assertNoResult(waiting)
        self.clock.advance(1)
        error = self.failureResultOf(waiting, Disconnected).value
        self.assertEqual((str(error), self.fake.connections), (
            "We were not let in within 7 s: what listens there does not answer.", []
        ))
        self.fake.answer("PROTOCOLINFO", usual)
        self.clock.advance(1)
        self.assertTrue(self.service.health.is_ready)


class CommandTests(ServiceTestCase):
    """
    Commands, with a Tor and without.
    """

    def test_waits(self) -> None:
        """
        A command during an outage waits for the next Tor, and is sent once.
        """
        self.fake.info["version"] = "0.4.9.11"
        waiting = self.service.get_info("version")
        self.service.startService()
        self.assertEqual(self.successResultOf(waiting), {"version": "0.4.9.11"})
        self.fake.drop()
        waiting = self.service.get_info("version")
        self.assertNoResult(waiting)
        self.clock.advance(1)
        self.successResultOf(waiting)
        self.assertEqual(self.fake.received.count("GETINFO version"), 2)

    def test_fails(self) -> None:
        """
        Or it fails at once, if that was chosen, for all or for one.
        """
        self.make(outage="fail")
        error = self.failureResultOf(self.service.get_info("version"), Disconnected).value
        self.assertEqual(error.command, "GETINFO")
        waiting = self.service.get_info("version", outage="wait")
        self.assertNoResult(waiting)
        self.failureResultOf(self.service.use(lambda tor: tor.protocol.get_info("version")), Disconnected)
        self.successResultOf(self.service.stopService())
        self.failureResultOf(waiting, Disconnected)

    def test_never_twice(self) -> None:
        """
        A command that was under way when the connection was lost is not sent again.
        """
        self.fake.mute("SIGNAL")
        self.service.startService()
        sent = self.service.use(lambda tor: tor.signal("RELOAD"))
        self.lose()
        self.failureResultOf(sent, Disconnected)
        self.assertEqual(self.fake.received.count("SIGNAL RELOAD"), 1)

    def test_timeout(self) -> None:
        """
        A limit of time is for waiting and for the answer together.
        """
        self.service.startService()
        self.fake.mute("GETINFO")
        self.fake.listening = False
        self.fake.drop()
        sent = self.service.send(GetInfo(("version",)), timeout=3)
        self.clock.advance(2)
        self.assertNoResult(sent)
        self.clock.advance(1)
        self.failureResultOf(sent, CommandTimeout)
        self.fake.listening = True
        self.clock.advance(10)
        sent = self.service.send(GetInfo(("version",)), timeout=3)
        self.clock.advance(3)
        self.failureResultOf(sent, CommandTimeout)

    def test_options(self) -> None:
        """
        Options set through it are set on the next Tor too, in one command; those that were refused or reset are not.
        """
        self.service.startService()
        self.successResultOf(self.service.set_conf([("MaxCircuitDirtiness", 60), ("ContactInfo", "a b")]))
        self.successResultOf(self.service.set_conf([("MaxCircuitDirtiness", 90)]))
        self.failureResultOf(self.service.set_conf([("NoSuchOption", 1)]), UnrecognizedEntity)
        self.fake.received.clear()
        self.lose()
        self.assertIn('SETCONF MaxCircuitDirtiness="90" ContactInfo="a b"', self.fake.received)
        self.successResultOf(self.service.reset_conf("contactinfo"))
        self.fake.received.clear()
        self.lose()
        self.assertIn('SETCONF MaxCircuitDirtiness="90"', self.fake.received)
        self.assertEqual(self.service.health.problems, ())

    def test_option_that_is_refused_later(self) -> None:
        """
        What the next Tor refuses is told, and the rest is restored.
        """
        self.service.startService()
        self.successResultOf(self.service.set_conf([("MaxCircuitDirtiness", 60), ("ContactInfo", "a")]))

        def refuse(connection: Any, command: Any) -> Any:
            wrong = "ContactInfo" in command.arguments
            return [ReplyLine(513, "No") if wrong else ReplyLine(250, "OK")]

        self.fake.answer("SETCONF", refuse)
        self.fake.received.clear()
        self.lose()
        sent = [line for line in self.fake.received if line.startswith("SETCONF")]
        self.assertEqual(sent[-2:], ['SETCONF MaxCircuitDirtiness="60"', 'SETCONF ContactInfo="a"'])
        (problem,) = self.service.health.problems
        self.assertTrue(problem.startswith("ContactInfo: "))


    def test_reloaded(self) -> None:
        """
        Tor forgets what was set when it reads its torrc again: it is set again, once, and what it refuses then is told.
        """
        self.service.startService()
        for value in (60, 90):
            self.successResultOf(self.service.set_conf([("MaxCircuitDirtiness", value)]))
        self.fake.received.clear()
        self.fake.emit("SIGNAL NEWNYM")
        self.assertEqual(self.fake.received, [])
        self.fake.emit("SIGNAL RELOAD")
        self.assertEqual(self.fake.received, ['SETCONF MaxCircuitDirtiness="90"'])
        self.fake.refuse("SETCONF", 513, "No")
        self.fake.emit("SIGNAL RELOAD")
        self.assertEqual(self.service.health.problems, ("MaxCircuitDirtiness: SETCONF: 513 No",))
        self.fake.mute("SETCONF")
        self.fake.emit("SIGNAL RELOAD")
        self.lose_muted()

    def lose_muted(self) -> None:
        """
        The Tor is killed while it is told; the next is told again, and answers.
        """
        self.fake.drop()
        self.fake.answer("SETCONF", lambda connection, command: [ReplyLine(250, "OK")])
        self.clock.advance(8)
        self.assertEqual((self.service.health.is_ready, self.service.health.problems), (True, ()))

    def test_reload_that_is_not_told(self) -> None:
        """
        A filter that does not let us hear of signals lets us set options all the same.
        """
        self.service.startService()
        self.fake.refuse("SETEVENTS", 510, "Command filtered")
        self.successResultOf(self.service.set_conf([("MaxCircuitDirtiness", 60)]))


@implementer(IStreamAttacher)
class Attacher:
    """
    An attacher that does not mind.
    """

    def attach_stream(self, stream: object, circuits: object) -> None:
        """
        Choose nothing.
        """

    def attach_stream_failure(self, stream: object, failure: object) -> None:
        """
        Mind nothing.
        """


class RestoringTests(ServiceTestCase):
    """
    What the next Tor has to know.
    """

    def test_listeners(self) -> None:
        """
        Listeners hear the events of each Tor, once; whoever leaves hears nothing more.
        """
        heard: list[tuple[str, str]] = []

        def first(event: BandwidthEvent) -> None:
            heard.append(("first", str(event)))

        def second(event: BandwidthEvent) -> None:
            heard.append(("second", str(event)))

        self.successResultOf(self.service.add_event_listener("bw", first))
        self.service.startService()
        self.successResultOf(self.service.add_event_listener("BW", second))
        self.failureResultOf(self.service.add_event_listener("NO_SUCH", first), UnrecognizedEntity)
        self.fake.emit("BW 1 2")
        self.fake.received.clear()
        self.lose()
        self.fake.emit("BW 3 4")
        self.assertEqual(heard, [("first", "1 2"), ("second", "1 2"), ("first", "3 4"), ("second", "3 4")])
        self.assertEqual([line for line in self.fake.received if line.startswith("SETEVENTS")], ["SETEVENTS BW"])
        self.successResultOf(self.service.remove_event_listener("BW", first))
        self.successResultOf(self.service.remove_event_listener("BW", first))
        self.lose()
        heard.clear()
        self.fake.emit("BW 5 6")
        self.assertEqual(heard, [("second", "5 6")])

    def test_listener_that_is_refused_later(self) -> None:
        """
        An event that this Tor does not have is told; the others are there.
        """
        heard: list[object] = []
        for event in ("BW", "NO_SUCH"):
            self.successResultOf(self.service.add_event_listener(event, heard.append))
        self.service.startService()
        self.assertTrue(self.service.health.is_ready)
        self.assertEqual([problem.split(":")[0] for problem in self.service.health.problems], ["NO_SUCH"])
        self.fake.emit("BW 1 2")
        self.assertEqual(len(heard), 1)

    def test_listener_while_restoring(self) -> None:
        """
        Who comes while things are being restored is not forgotten, and hears each event once.
        """
        going_on: Deferred[None] = Deferred()
        self.service.restore.append(lambda tor: going_on)
        self.service.startService()
        heard: list[object] = []
        self.successResultOf(self.service.add_event_listener("BW", heard.append))
        going_on.callback(None)
        self.fake.emit("BW 1 2")
        self.assertEqual(len(heard), 1)

    def test_hooks(self) -> None:
        """
        Hooks are called in order with each Tor before it is ready, and may be plain, a Deferred or a coroutine; one that fails
        is told and the others are called.
        """
        called: list[object] = []

        async def third(tor: Tor) -> None:
            await tor.protocol.get_conf("ContactInfo")
            called.append(tor)

        def second(tor: Tor) -> None:
            raise ZeroDivisionError("hook")

        self.service.restore[:] = [called.append, second, third]
        self.service.startService()
        self.assertEqual(called, [self.service.tor] * 2)
        self.assertIn("hook", self.service.health.problems[0])
        self.lose()
        self.assertEqual(called[2:], [self.service.tor] * 2)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_lost_while_restoring(self) -> None:
        """
        A Tor that goes while things are restored is tried again.
        """
        self.service.restore.append(lambda tor: Deferred() if len(self.fake.received) < 3 else None)
        self.service.startService()
        self.assertEqual(self.service.health.status, Status.PREPARING)
        self.fake.drop()
        self.assertEqual(self.service.health.status, Status.WAITING)
        self.clock.advance(1)
        self.assertTrue(self.service.health.is_ready)

    def test_state(self) -> None:
        """
        There is one picture, which follows each Tor, with its attacher. Case 30.
        """
        self.fake.info.update({"ns/all": "", "circuit-status": "", "stream-status": ""})
        waiting = [self.service.create_state(), self.service.create_state()]
        self.service.startService()
        states = [self.successResultOf(waiter) for waiter in waiting]
        self.assertIs(states[0], states[1])
        self.assertIs(self.successResultOf(self.service.create_state()), states[0])
        self.successResultOf(states[0].set_attacher(Attacher()))
        self.fake.received.clear()
        self.fake.configuration = type(self.fake.configuration)()  # it is another Tor, with a torrc of its own
        self.lose()
        assert self.service.tor is not None
        self.assertIs(states[0].protocol, self.service.tor.protocol)
        self.assertIn('SETCONF __LeaveStreamsUnattached="1"', self.fake.received)
        self.fake.emit("CIRC 1 LAUNCHED")
        self.assertIn("1", states[0].circuits)
        self.successResultOf(self.service.stopService())
        self.assertIn('SETCONF __LeaveStreamsUnattached="0"', self.fake.received)

    def test_state_of_a_tor_that_hangs(self) -> None:
        """
        Stopping does not wait for a Tor that does not answer.
        """
        self.fake.info.update({"ns/all": "", "circuit-status": "", "stream-status": ""})
        self.service.startService()
        state = self.successResultOf(self.service.create_state())
        self.successResultOf(state.set_attacher(Attacher()))
        self.fake.mute("SETCONF")
        stopping = self.service.stopService()
        self.assertNoResult(stopping)
        self.clock.advance(2)
        self.successResultOf(stopping)
