# -*- test-case-name: txtor.test.testing.test_fake_tor -*-
"""
Tests of the Tor in memory: what its users decide, and how it reads what a controller sends.

What it answers as a Tor is held to the same contract as the real one, in ``test_contract``.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txtor.commands import SetConf
from txtor.errors import (
    AuthenticationRequired,
    Disconnected,
    InvalidArgument,
    TorRefused,
    UnrecognizedCommand,
    UnrecognizedEntity,
)
from txtor.events import Event
from txtor.grammar import ReplyLine
from txtor.testing import FakeTor
from txtor.testing._fake_line import CommandReader, FakeCommand
from txtor.testing._memory import MemoryTransport, Pump


class ScriptTests(SynchronousTestCase):
    """
    What a test can make of it.
    """

    def setUp(self) -> None:
        self.tor = FakeTor()
        self.protocol = self.tor.connect()

    def test_info(self) -> None:
        """
        Values as text, as bytes, and made when they are asked for.
        """
        self.tor.info.update({"a": "text", "b": b"\xff\n.", "c": lambda: str(len(self.tor.received))})
        values = self.successResultOf(self.protocol.get_info_bytes("a", "b", "c"))
        self.assertEqual(values, {"a": b"text", "b": b"\xff\n.", "c": b"1"})

    def test_answers(self) -> None:
        """
        A command can be answered in one's own way, refused, or never answered.
        """
        self.tor.answer("dropguards", lambda connection, command: [ReplyLine(251, command.arguments or "nothing")])
        self.assertEqual(self.successResultOf(self.protocol.queue_command("DROPGUARDS")), "nothing")
        self.tor.refuse("SIGNAL", 510, "Command filtered")
        self.failureResultOf(self.protocol.signal("NEWNYM"), UnrecognizedCommand)
        self.tor.mute("GETINFO")
        waiting = self.protocol.get_info("version")
        self.assertNoResult(waiting)
        self.tor.drop()
        self.failureResultOf(waiting, Disconnected)
        self.assertEqual(self.tor.received, ["DROPGUARDS", "SIGNAL NEWNYM", "GETINFO version"])

    def test_events(self) -> None:
        """
        Events of one line, of several, and with data go to who subscribed, and to nobody else.
        """
        seen: list[Event] = []
        for event in ("BW", "CONF_CHANGED", "NS"):
            self.successResultOf(self.protocol.add_event_listener(event, seen.append))
        other = self.tor.connect()
        self.tor.emit("BW 1 2")
        self.tor.emit("CIRC 1 BUILT")
        self.tor.emit("CONF_CHANGED", "A=b", "C")
        self.tor.emit("NS", data=b"r x\n.y")
        self.assertEqual([event.keyword for event in seen], ["BW", "CONF_CHANGED", "NS"])
        self.assertEqual(seen[2].data, b"r x\n.y")
        self.successResultOf(other.get_info("version"))

    def test_unauthenticated(self) -> None:
        """
        Before authentication nothing else is answered, and the connection ends.
        """
        protocol = self.tor.connect(authenticated=False)
        self.failureResultOf(protocol.get_info("version"), AuthenticationRequired)
        self.assertIsInstance(self.successResultOf(protocol.when_disconnected()), Disconnected)
        protocol = self.tor.connect(authenticated=False)
        first = protocol.queue_command("PROTOCOLINFO 1")
        self.successResultOf(first)
        self.failureResultOf(protocol.queue_command("PROTOCOLINFO 1"), AuthenticationRequired)

    def test_endpoint(self) -> None:
        """
        Its endpoint is one.
        """
        verifyObject(IStreamClientEndpoint, self.tor.endpoint())

    def test_circuits_and_streams(self) -> None:
        """
        Circuits stay as they are until the test lets them go on; a used one is kept where that was asked for.
        """
        self.tor.network.builds = False
        circuit_id = self.successResultOf(self.protocol.queue_command("EXTENDCIRCUIT 0 relay1,relay2")).split(" ")[1]
        circuit = self.tor.network.circuits[circuit_id]
        self.assertEqual(circuit.status, "LAUNCHED")
        self.successResultOf(self.protocol.set_conf("__LeaveStreamsUnattached", "1"))
        stream = self.tor.network.new_stream("a:1")
        self.failureResultOf(self.protocol.queue_command(f"ATTACHSTREAM {stream.id} {circuit_id}"), TorRefused)
        self.tor.network.build(circuit)
        self.successResultOf(self.protocol.queue_command(f"ATTACHSTREAM {stream.id} {circuit_id}"))
        self.failureResultOf(self.protocol.queue_command(f"ATTACHSTREAM {stream.id} {circuit_id}"), TorRefused)
        self.successResultOf(self.protocol.queue_command(f"CLOSECIRCUIT {circuit_id} IfUnused"))
        self.assertIn(circuit_id, self.tor.network.circuits)
        self.assertIn(f"{stream.id} SUCCEEDED {circuit_id} a:1", self.tor.network.stream_status())
        self.failureResultOf(self.protocol.queue_command(f"CLOSESTREAM {stream.id} 999"), UnrecognizedEntity)
        self.failureResultOf(self.protocol.queue_command(f"REDIRECTSTREAM {stream.id} b x"), TorRefused)
        self.successResultOf(self.protocol.queue_command(f"CLOSESTREAM {stream.id} 1"))
        self.successResultOf(self.protocol.queue_command(f"CLOSECIRCUIT {circuit_id}"))

    def test_configuration(self) -> None:
        """
        A torrc is loaded whole or not at all; options can be added to those it knows.
        """
        self.tor.configuration.types["FutureOption"] = "FutureType"
        self.successResultOf(self.protocol.load_conf("# a comment\nFutureOption x y\nNickname n\n"))
        self.assertEqual(self.tor.configuration.get("FutureOption"), ["x y"])
        self.failureResultOf(self.protocol.load_conf("Bogus 1\n"), UnrecognizedEntity)
        self.failureResultOf(self.protocol.queue_command('SETCONF Nickname="never ends'), TorRefused)

    def test_onions(self) -> None:
        """
        What tor refuses of a service is refused.
        """
        for words in ("NEW:BEST", "RSA1024:x Port=80", "ED25519-V3:AAAA Port=80", "NEW:RSA1024 Port=80"):
            self.failureResultOf(self.protocol.queue_command(f"ADD_ONION {words}"), TorRefused)
        discarded = self.successResultOf(self.protocol.queue_command("ADD_ONION NEW:BEST Flags=DiscardPK Port=80"))
        self.assertNotIn("PrivateKey", discarded)


class LineTests(SynchronousTestCase):
    """
    How it reads.
    """

    def test_oddities(self) -> None:
        """
        As tor: LF alone ends a line, what follows a NUL is invisible, blanks at the ends are stripped, any case.
        """
        reader = CommandReader()
        commands = reader.feed(b"getinfo a\tb \r\nQUIT\0x\n\n+loadconf\r\n..x\r\ny\r\n.\r\nSIGNAL")
        self.assertEqual(
            commands,
            [
                FakeCommand("GETINFO", "a\tb"),
                FakeCommand("QUIT", ""),
                FakeCommand("", ""),
                FakeCommand("LOADCONF", "", b".x\ny\n"),
            ],
        )
        self.assertEqual(reader.feed(b" HUP\r\n"), [FakeCommand("SIGNAL", "HUP")])
        self.assertEqual(commands[0].line, "GETINFO a\tb")

    def test_tab_separates_options(self) -> None:
        """
        A TAB separates two options, as in tor.
        """
        self.assertEqual(FakeCommand("SETCONF", 'a=b\tc d="x\\ty"').options(), [("a", "b"), ("c", None), ("d", "x\ty")])


class AnyLineTests(SynchronousTestCase):
    """
    Whatever is sent.
    """

    @given(st.binary(max_size=80))
    @settings(max_examples=200)
    def test_any_bytes(self, data: bytes) -> None:
        """
        It answers or waits, and never fails, whatever it gets and however it is cut.
        """
        tor = FakeTor()
        connection = tor.attach(Protocol())
        connection.authenticated = True
        connection.makeConnection(StringTransport())
        for at in range(len(data)):
            connection.dataReceived(data[at : at + 1])

    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
    @settings(max_examples=100)
    def test_any_value(self, value: str) -> None:
        """
        What a value was before it was sent it is afterwards.
        """
        wire = SetConf([("ContactInfo", value)]).to_wire()
        (command,) = CommandReader().feed(wire)
        self.assertEqual(command.options(), [("ContactInfo", value)])


class Notes(Protocol):
    """
    Notes what happens to it.
    """

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.ended: list[Failure] = []

    def dataReceived(self, data: bytes) -> None:
        self.got.append(data)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # Twisted's own default
        self.ended.append(reason)


class MemoryTests(SynchronousTestCase):
    """
    A connection in memory.
    """

    def test_connection(self) -> None:
        """
        What one end writes the other gets, until it is closed; both hear of the end once, and in the right words.
        """
        pump, left, right = Pump(), Notes(), Notes()
        one, other = MemoryTransport(pump, left), MemoryTransport(pump, right)
        verifyObject(ITCPTransport, one)
        one.connect(other)
        one.write(b"a")
        one.writeSequence([b"b", b"c"])
        one.abortConnection()
        one.write(b"lost")
        one.loseConnection()
        other.write(b"lost too")
        self.assertEqual((right.got, left.got), ([b"a", b"bc"], []))
        self.assertEqual([len(left.ended), len(right.ended)], [1, 1])
        self.assertIsNotNone(left.ended[0].check(ConnectionAborted))
        self.assertIsNotNone(right.ended[0].check(ConnectionDone))

    def test_no_such_relay(self) -> None:
        """
        What is no relay at all is refused before it is sent.
        """
        protocol = FakeTor().connect()
        self.failureResultOf(protocol.queue_command("EXTENDCIRCUIT 0 no-such"), UnrecognizedEntity)
        self.failureResultOf(protocol.queue_command("EXTENDCIRCUIT 0 a\nb"), InvalidArgument)
