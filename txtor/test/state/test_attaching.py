# -*- test-case-name: txtor.test.state.test_attaching -*-
"""
Tests of choosing circuits for streams.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from txtor.errors import InternalTorError, InvalidArgument
from txtor.state import DO_NOT_ATTACH, Circuit, IStreamAttacher, PriorityAttacher, Stream, TorState
from txtor.state._attaching import LINGER_SECONDS
from txtor.testing import FakeTor


@implementer(IStreamAttacher)
class Answers:
    """
    Gives one answer to every stream, and notes what it was asked and told.
    """

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[Stream] = []
        self.failures: list[Failure] = []

    def attach_stream(self, stream: Stream, circuits: dict[str, Circuit]) -> object:
        self.asked.append(stream)
        return self.answer() if callable(self.answer) else self.answer

    def attach_stream_failure(self, stream: Stream, failure: Failure) -> None:
        self.failures.append(failure)


class Reactor(MemoryReactorClock):
    """
    A reactor in memory that also forgets triggers.
    """

    def addSystemEventTrigger(self, phase: Any, eventType: Any, callable: Any, *args: Any, **kw: Any) -> Any:  # noqa: A002, N803  # Twisted's
        super().addSystemEventTrigger(phase, eventType, callable, *args, **kw)
        return phase, eventType, (callable, args, kw)

    def removeSystemEventTrigger(self, trigger: Any) -> None:
        phase, event, call = trigger
        self.triggers[phase][event].remove(call)


class AttacherTests(SynchronousTestCase):
    """
    Which circuit a stream goes on, and that no stream is left waiting.
    """

    def setUp(self) -> None:
        self.reactor: Any = Reactor()
        self.tor = FakeTor()
        self.tor.info["ns/all"] = ""
        self.state: TorState = self.successResultOf(TorState.from_protocol(self.reactor, self.tor.connect(self.reactor)))
        self.first = self.built()
        self.second = self.built()

    def built(self) -> Circuit:
        """
        A circuit that is built.
        """
        circuit: Circuit = self.successResultOf(self.state.build_circuit(None))
        return circuit

    def attach(self, answer: object) -> Answers:
        """
        Let somebody with one answer decide.
        """
        attacher = Answers(answer)
        self.successResultOf(self.state.set_attacher(attacher, self.reactor))
        return attacher

    def circuit_of(self, target: str = "a.example:80") -> str:
        """
        The circuit that a new stream gets.
        """
        return self.tor.network.new_stream(target).circuit

    def test_circuit(self) -> None:
        """
        Case 88: the circuit that is chosen, now, later, or by a coroutine.
        """
        verifyObject(IStreamAttacher, self.attach(self.second))
        verifyObject(IStreamAttacher, PriorityAttacher())
        self.assertEqual(self.circuit_of(), self.second.id)

        async def choose() -> Circuit:
            return self.first

        self.attach(choose)
        self.assertEqual(self.circuit_of(), self.first.id)
        later: Deferred[Circuit] = Deferred()
        self.attach(later)
        stream = self.tor.network.new_stream("a:1")
        self.assertEqual(stream.circuit, "0")
        later.callback(self.second)
        self.assertEqual(stream.circuit, self.second.id)

    def test_no_choice(self) -> None:
        """
        Case 88: None lets Tor choose; DO_NOT_ATTACH really leaves the stream.
        """
        self.attach(None)
        self.assertNotEqual(self.circuit_of(), "0")
        self.attach(DO_NOT_ATTACH)
        self.assertEqual(self.circuit_of(), "0")

    def test_exit_names(self) -> None:
        """
        Case 89: only ``.exit`` itself is left to Tor.
        """
        attacher = self.attach(self.second)
        self.assertEqual(self.circuit_of("www.exitgames.com:80"), self.second.id)
        self.assertEqual(len(attacher.asked), 1)
        self.circuit_of("x.$" + "1" * 40 + ".exit:80")
        self.assertEqual(len(attacher.asked), 1)

    def test_failures(self) -> None:
        """
        Case 94: an attacher that raises, answers nonsense, thinks for ever, or chooses what Tor refuses is told, and Tor decides.
        """

        def explode() -> None:
            raise KeyError

        other: TorState = self.successResultOf(self.picture_of_another())
        foreign = self.successResultOf(other.build_circuit(None))
        for answer, kind in ((explode, KeyError), ("5", InvalidArgument), (foreign, InvalidArgument)):
            attacher = self.attach(answer)
            self.assertNotEqual(self.circuit_of(), "0")
            self.assertIsNotNone(attacher.failures[0].check(kind))
        attacher = self.attach(Deferred)
        stream = self.tor.network.new_stream("a:1")
        self.reactor.advance(60)
        self.assertNotEqual(stream.circuit, "0")
        self.assertEqual(len(attacher.failures), 1)
        self.tor.network.builds = False
        unbuilt = self.successResultOf(self.state.build_circuit(["relay1"]))
        attacher = self.attach(unbuilt)
        self.assertNotIn(self.circuit_of(), ("0", unbuilt.id))
        self.assertIsNotNone(attacher.failures[0].check(InternalTorError))

    def picture_of_another(self) -> Deferred[TorState]:
        """
        Case 91: another Tor in the same process.
        """
        tor = FakeTor()
        tor.info["ns/all"] = ""
        return TorState.from_protocol(self.reactor, tor.connect(self.reactor))

    def test_option(self) -> None:
        """
        Case 95: the option is set while there is an attacher, and put back as it was; the streams that wait are given to Tor.
        """
        option = "__LeaveStreamsUnattached"
        self.assertEqual(self.tor.configuration.get(option), ["0"])
        self.attach(DO_NOT_ATTACH)
        self.assertEqual(self.tor.configuration.get(option), ["1"])
        stream = self.tor.network.new_stream("a:1")
        self.successResultOf(self.state.undo_attacher())
        self.assertEqual(self.tor.configuration.get(option), ["0"])
        self.assertNotEqual(stream.circuit, "0")
        self.successResultOf(self.state.undo_attacher())
        self.successResultOf(self.state.set_attacher(None, self.reactor))

    def test_reload(self) -> None:
        """
        A Tor that reads its torrc again has forgotten the option; it is set again, and streams go where the attacher says.
        """
        option = "__LeaveStreamsUnattached"
        self.tor.emit("SIGNAL RELOAD")
        self.assertEqual(self.tor.configuration.get(option), ["0"])
        self.attach(self.second)
        for signal, value in (("NEWNYM", "0"), ("RELOAD", "1")):
            self.tor.configuration.change([(option, "0")], False)
            self.tor.emit(f"SIGNAL {signal}")
            self.assertEqual(self.tor.configuration.get(option), [value])
        self.assertEqual(self.tor.network.new_stream("a:1").circuit, self.second.id)
        self.tor.refuse("SETCONF", 513, "no")
        self.tor.emit("SIGNAL RELOAD")  # it is logged

    def test_shutdown(self) -> None:
        """
        Cases 30 and 95: when the reactor stops the option is put back, also if the Tor is gone already.
        """
        self.attach(None)
        (trigger,) = self.reactor.triggers["before"]["shutdown"]
        trigger[0](*trigger[1], **trigger[2])
        self.reactor.triggers["before"]["shutdown"].clear()
        self.assertEqual(self.tor.configuration.get("__LeaveStreamsUnattached"), ["0"])
        self.attach(None)
        self.tor.drop()
        self.successResultOf(self.state.undo_attacher())

    def test_reconnection(self) -> None:
        """
        Over a new connection to the same Tor, what we set ourselves is not taken for how it was.
        """
        self.attach(DO_NOT_ATTACH)
        self.tor.drop()
        self.successResultOf(self.state.follow(self.tor.connect(self.reactor)))
        self.assertEqual(self.tor.configuration.get("__LeaveStreamsUnattached"), ["1"])
        self.successResultOf(self.state.undo_attacher())
        self.assertEqual(self.tor.configuration.get("__LeaveStreamsUnattached"), ["0"])

    def test_waiting_streams(self) -> None:
        """
        Streams that wait already are seen to when the attacher comes.
        """
        self.successResultOf(self.state.protocol.set_conf("__LeaveStreamsUnattached", "1"))
        stream = self.tor.network.new_stream("a:1")
        self.assertEqual(stream.circuit, "0")
        self.attach(self.second)
        self.assertEqual(stream.circuit, self.second.id)

    def test_priorities(self) -> None:
        """
        The first that decides, by priority; one that fails leaves it to the next.
        """

        def explode() -> None:
            raise KeyError

        priorities = PriorityAttacher()
        last, failing, shrugs, decides = Answers(self.first), Answers(explode), Answers(None), Answers(self.second)
        for attacher, priority in ((last, 9), (decides, 5), (shrugs, 2), (failing, 1)):
            priorities.add_attacher(attacher, priority)
        self.successResultOf(self.state.set_attacher(priorities, self.reactor))
        self.assertEqual(self.circuit_of(), self.second.id)
        self.assertEqual([len(each.asked) for each in (failing, shrugs, decides, last)], [1, 1, 1, 0])
        self.assertEqual(len(failing.failures), 1)
        priorities.remove_attacher(decides)
        self.assertEqual(self.circuit_of(), self.first.id)
        self.assertRaises(InvalidArgument, priorities.add_attacher, object())

    def test_refused(self) -> None:
        """
        What is no attacher, and a Tor that does not take the option, are told; nobody decides then.
        """
        self.failureResultOf(self.state.set_attacher(object(), self.reactor), InvalidArgument)
        self.tor.refuse("SETCONF", 551, "no")
        self.failureResultOf(self.state.set_attacher(Answers(None), self.reactor), InternalTorError)
        self.assertIsNone(self.state.attaching.attacher)

    def test_cancelled(self) -> None:
        """
        Who does not wait for Tor's answer leaves no stream to nobody: Tor may have carried out what it was asked.
        """
        self.tor.mute("SETCONF")
        setting = self.state.set_attacher(Answers(None), self.reactor)
        self.assertEqual(self.tor.received[-1], 'SETCONF __LeaveStreamsUnattached="1"')
        setting.cancel()
        self.failureResultOf(setting, CancelledError)
        self.assertIsNone(self.state.attaching.attacher)
        self.reactor.advance(LINGER_SECONDS)
        self.assertEqual(self.tor.received[-1], 'SETCONF __LeaveStreamsUnattached="0"')
