# -*- test-case-name: txtor.test.control.test_protocol -*-
"""
Tests of the connection: what is done with every kind of byte stream, and that nobody waits for ever.
"""

from __future__ import annotations

import gc
import random
import weakref
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import GetInfoBytes
from txtor.control import TorControlProtocol
from txtor.errors import (
    CommandTimeout,
    Disconnected,
    InvalidArgument,
    ProtocolViolation,
    TorError,
    TorRefused,
    UnrecognizedCommand,
    UnrecognizedEntity,
)
from txtor.events import CircuitEvent

from .wire import Wire

STREAM = (
    b"250-version=0.4.9.11\r\n"
    b"650 CIRC 1 LAUNCHED PURPOSE=GENERAL\r\n"
    b"250 OK\r\n"
    b"650-CONF_CHANGED\r\n650-ContactInfo=\"caf\\303\\251\"\r\n650 OK\r\n"
    b"250+config-text=\r\n..x\r\n .\r\nOK\r\n250 OK\r\ncaf\xc3\xa9\xff\r\n.\r\n250 OK\r\n"
    b"250+onions/current=\r\n.\r\n250 OK\r\n"
    b"650+NS\r\nr a b\r\ns Fast\r\n.\r\n650 OK\r\n"
    b"250+x=\r\n\r\n.\r\n650 CIRC 2 BUILT\r\n250 OK\r\n"
    b"552 Unrecognized key \"y\"\r\n"
)


def hear(chunks: list[bytes]) -> list[object]:
    """
    Everything that comes out of `STREAM` when it arrives in some chunks.
    """
    wire = Wire()
    heard: list[object] = wire.subscribe("CIRC", "CONF_CHANGED", "NS")
    for key in ("version", "config-text", "onions/current", "x", "y"):
        wire.protocol.send(GetInfoBytes((key,))).addCallbacks(heard.append, lambda f: heard.append(repr(f.value)))
    wire.deliver_in(chunks)
    return [str(item) if hasattr(item, "keyword") else item for item in heard]


class SplittingTests(SynchronousTestCase):
    """
    However the bytes are cut into chunks, the same comes out.
    """

    def setUp(self) -> None:
        self.whole = hear([STREAM])

    def test_whole(self) -> None:
        """
        Cases 14, 16 and 38: blocks keep their lines, one dot is removed, bytes outside UTF-8 are kept, events belong to no reply.
        """
        self.assertIn({"config-text": b".x\n .\nOK\n250 OK\ncaf\xc3\xa9\xff"}, self.whole)
        self.assertIn({"version": b"0.4.9.11"}, self.whole)
        self.assertIn({"onions/current": b""}, self.whole)
        self.assertIn({"x": b""}, self.whole)
        self.assertIn("1 LAUNCHED PURPOSE=GENERAL", self.whole)
        self.assertIn("2 BUILT", self.whole)
        self.assertEqual(len(self.whole), 9)

    def test_byte_by_byte(self) -> None:
        """
        Case 14: one byte at a time.
        """
        self.assertEqual(hear([STREAM[i : i + 1] for i in range(len(STREAM))]), self.whole)

    def test_every_two_parts(self) -> None:
        """
        Cut once, at every place.
        """
        for at in range(1, len(STREAM)):
            self.assertEqual(hear([STREAM[:at], STREAM[at:]]), self.whole, f"cut at {at}")

    def test_random_parts(self) -> None:
        """
        Cut anywhere, many times.
        """
        chance = random.Random(17)
        for _ in range(200):
            places = sorted(chance.sample(range(1, len(STREAM)), chance.randrange(1, 30)))
            chunks = [STREAM[a:b] for a, b in zip([0, *places], [*places, len(STREAM)], strict=True)]
            self.assertEqual(hear(chunks), self.whole)


class BadPeerTests(SynchronousTestCase):
    """
    What is no control port, or a broken one: one declared error for everybody who waits.
    """

    def assertViolated(self, wire: Wire, waiting: Deferred[Any], text: str) -> None:
        """
        The connection was cut and who waits was told why.
        """
        error = self.failureResultOf(waiting, ProtocolViolation).value
        self.assertIn(text, str(error))
        self.assertTrue(wire.transport.aborted)
        later = self.failureResultOf(wire.protocol.get_info("version"), Disconnected).value
        self.assertIn("dropped", str(later))
        wire.lose()
        self.assertIsInstance(self.successResultOf(wire.protocol.when_disconnected()), Disconnected)

    def test_garbage(self) -> None:
        """
        Case 22: HTTP, SSH, SOCKS and noise talk back; what was seen is told, also when no line ever ends.
        """
        for said in (
            b"HTTP/1.0 501 Tor is not an HTTP Proxy\r\n",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"\x05\xff",
            b"\x15\x03\x01\x00\x02",
            b"25",
            b"250_OK\r\n",
            b"2x0 OK\r\n",
            b"\r\n",
            b"\n\n\n\n",
            "２５０ OK\r\n".encode(),
        ):
            wire = Wire()
            waiting = wire.protocol.get_info("version")
            wire.deliver(said)
            if said == b"25":
                self.assertNoResult(waiting)
                wire.deliver(b"\xff")
                wire.deliver(b"\r\n")
            self.assertViolated(wire, waiting, "")

    def test_unasked_reply(self) -> None:
        """
        Case 22: a reply that nobody asked for puts every later answer in the wrong place, so it ends the connection.
        """
        wire = Wire()
        wire.say("250 OK")
        self.assertTrue(wire.transport.aborted)

    def test_forged_lines(self) -> None:
        """
        While STREAM events come, an application can forge lines through a SOCKS host name: they are skipped, we go on.
        """
        wire = Wire()
        seen = wire.subscribe("STREAM")
        wire.say("650 STREAM 1 CLOSED 0 a", "b c d:80 REASON=DONE", "650 STREAM 2 NEW 0 x:1", "250 OK")
        self.assertEqual([str(event) for event in seen], ["1 CLOSED 0 a", "2 NEW 0 x:1"])
        waiting = wire.protocol.get_info("version")
        wire.say("b c+d:80 REASON=DONE", "250-version=1", "250 OK")
        self.assertEqual(self.successResultOf(waiting), {"version": "1"})
        wire.say("b c+", "650 STREAM 3 NEW 0 x:1")
        wire.say("xyz+", "650 STREAM 4 NEW 0 x:1")
        self.assertEqual(len(seen), 4)

    def test_endless_line(self) -> None:
        """
        Case 15: a line over the limit ends the connection, naming the limit and how the line begins.
        """
        wire = Wire()
        wire.protocol.MAX_LENGTH = 1000
        waiting = wire.protocol.get_info("version")
        wire.deliver(b"250-version=")
        for _ in range(1100):
            if not wire.transport.aborted:
                wire.deliver(b"x")
        self.assertViolated(wire, waiting, "250-version=")

    def test_endless_block(self) -> None:
        """
        Case 15: a block over the limit ends the connection.
        """
        wire = Wire()
        wire.protocol.MAX_BLOCK = 1000
        waiting = wire.protocol.get_info("ns/all")
        wire.deliver(b"250+ns/all=\r\n")
        for _ in range(100):
            if not wire.transport.aborted:
                wire.deliver(b"x" * 50 + b"\r\n")
        self.assertViolated(wire, waiting, "limit of 1000")

    def test_endless_reply(self) -> None:
        """
        A reply of ever more lines is over the limit too.
        """
        wire = Wire()
        wire.protocol._assembly_core.limit = 1000
        waiting = wire.protocol.get_info("x")
        for _ in range(100):
            if not wire.transport.aborted:
                wire.say("250-x=123456789")
        self.assertViolated(wire, waiting, "x=123456789")

    def test_long_line(self) -> None:
        """
        Case 15: a value of one line of 16 KiB, 64 KiB or 1 MiB is delivered.
        """
        for size in (1 << 14, 1 << 16, 1 << 20):
            wire = Wire()
            waiting = wire.protocol.get_info_single("x")
            wire.deliver(b"250-x=" + b"y" * size)
            wire.say("", "250 OK")
            self.assertEqual(len(self.successResultOf(waiting)), size)

    @given(st.binary(max_size=200), st.booleans())
    @settings(max_examples=300)
    def test_any_bytes(self, data: bytes, stream: bool) -> None:
        """
        Case 29: on any byte stream, a Deferred fires once, with a value or a declared error.
        """
        wire = Wire()
        wire.protocol.MAX_LENGTH = 150
        if stream:
            wire.subscribe("STREAM", "CIRC", "NS")
        results: list[object] = []
        wire.protocol.get_info("version").addBoth(results.append)
        wire.deliver(data)
        wire.lose()
        (result,) = results
        if not isinstance(result, dict):
            self.assertIsInstance(result.value, TorError)  # type: ignore[attr-defined]  # a Failure


class ConversationTests(SynchronousTestCase):
    """
    Commands and their answers.
    """

    def setUp(self) -> None:
        self.wire = Wire()
        self.protocol = self.wire.protocol

    def test_order(self) -> None:
        """
        Case 23: many commands at once are answered in order.
        """
        waiting = [self.protocol.get_info(f"k{i}") for i in range(2000)]
        answered = 0
        while answered < 2000:
            lines = self.wire.sent()
            self.assertTrue(lines)
            self.wire.say(*(line for asked in lines for line in (f"250-{asked[8:]}={asked[8:]}!", "250 OK")))
            answered += len(lines)
        self.assertEqual([self.successResultOf(d) for d in waiting], [{f"k{i}": f"k{i}!"} for i in range(2000)])

    def test_cancel_sent(self) -> None:
        """
        Case 24: a command that was sent keeps its slot when nobody waits for it any more.
        """
        first, second = self.protocol.get_info("a"), self.protocol.get_info("b")
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.wire.say("250-a=1", "250 OK", "250-b=2", "250 OK")
        self.assertEqual(self.successResultOf(second), {"b": "2"})

    def test_cancel_unsent(self) -> None:
        """
        Case 26: a command that was not written yet is never sent when it is cancelled.
        """

        def listener(event: CircuitEvent) -> None:
            cancelled = self.protocol.get_info("never")
            self.protocol.get_info("sent")
            cancelled.cancel()
            self.failureResultOf(cancelled, CancelledError)

        self.protocol.add_event_listener("CIRC", listener)
        self.wire.say("250 OK")
        self.wire.sent()
        self.wire.say("650 CIRC 1 BUILT")
        self.assertEqual(self.wire.sent(), ["GETINFO sent"])

    def test_timeout(self) -> None:
        """
        Case 24: a command whose time is over says so, and the answers of the others stay theirs. No delayed call is left.
        """
        first = self.protocol.send(GetInfoBytes(("a",)), timeout=5)
        second = self.protocol.send(GetInfoBytes(("b",)), timeout=50)
        self.wire.clock.advance(6)
        self.assertEqual(self.failureResultOf(first, CommandTimeout).value.command, "GETINFO")
        self.wire.say("250-a=1", "250 OK", "250-b=2", "250 OK")
        self.assertEqual(self.successResultOf(second), {"b": b"2"})
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])

    def test_timeout_without_clock(self) -> None:
        """
        Without a clock a timeout is refused and nothing waits.
        """
        protocol = TorControlProtocol()
        protocol.makeConnection(self.wire.transport)
        with self.assertRaises(InvalidArgument):
            protocol.send(GetInfoBytes(("a",)), timeout=5)

    def test_no_hidden_limit(self) -> None:
        """
        Case 25: nothing runs while we wait, and an answer after an hour is an answer.
        """
        waiting = self.protocol.get_info("a")
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])
        self.wire.clock.advance(3600)
        self.wire.say("250-a=1", "250 OK")
        self.assertEqual(self.successResultOf(waiting), {"a": "1"})

    def test_command_from_listener(self) -> None:
        """
        Case 27: commands sent from a listener, and from an answer's callback, get their own answers.
        """
        seen: list[object] = []

        async def listener(event: CircuitEvent) -> None:
            seen.append(await self.protocol.get_info(f"circ{event.id}"))

        self.protocol.add_event_listener("CIRC", listener)
        self.wire.say("250 OK")
        self.protocol.get_info("a").addCallback(lambda _: self.protocol.get_info("b")).addCallback(seen.append)
        self.wire.sent()
        self.wire.say("650 CIRC 1 BUILT", "250-a=1", "650 CIRC 2 BUILT", "250 OK")
        self.assertEqual(self.wire.sent(), ["GETINFO circ1", "GETINFO circ2", "GETINFO b"])
        self.wire.say("250-circ1=x", "250 OK", "250-circ2=y", "250 OK", "250-b=z", "250 OK")
        self.assertEqual(seen, [{"circ1": "x"}, {"circ2": "y"}, {"b": "z"}])

    def test_one_write(self) -> None:
        """
        Case 23: what is sent while a chunk is handled goes out in one write.
        """
        writes: list[bytes] = []
        self.protocol.add_event_listener("CIRC", lambda event: [self.protocol.get_info("x") for _ in range(50)] and None)
        self.wire.say("250 OK")
        self.wire.transport.write = writes.append  # type: ignore[method-assign]  # counts writes
        self.wire.say("650 CIRC 1 BUILT", "650 CIRC 2 BUILT")
        self.assertEqual(writes, [b"GETINFO x\r\n" * 100])

    def test_delivery_within_delivery(self) -> None:
        """
        A transport that delivers while it delivers (a TLS one may) changes no order.
        """
        seen: list[str] = []

        def listener(event: CircuitEvent) -> None:
            if event.id == "1":
                self.wire.say("650 CIRC 3 BUILT")
            seen.append(str(event.id))

        self.protocol.add_event_listener("CIRC", listener)
        self.wire.say("250 OK")
        self.wire.say("650 CIRC 1 BUILT", "650 CIRC 2 BUILT")
        self.assertEqual(seen, ["1", "2", "3"])

    def test_refused(self) -> None:
        """
        Cases 11 and 12: any status that is no success fails its command alone, with Tor's words.
        """
        for status in (451, 499, 500, 513, 551, 599, 600):
            waiting = self.protocol.get_info("a")
            self.wire.say(f"{status} because")
            error = self.failureResultOf(waiting, TorRefused).value
            self.assertEqual((error.status, error.text, error.command), (status, "because", "GETINFO"))
        self.assertFalse(self.wire.transport.aborted)

    def test_filtered(self) -> None:
        """
        Case 37: what a filter refuses is told with the name of the command.
        """
        waiting = self.protocol.signal("NEWNYM")
        self.wire.say("510 Command filtered")
        self.assertIn("SIGNAL", str(self.failureResultOf(waiting, UnrecognizedCommand).value))

    def test_lost(self) -> None:
        """
        Cases 28 and 29: whoever waits is told once, sent or not; later commands fail at once; `quit` fires all the same.
        """
        waiting = [self.protocol.get_info("a") for _ in range(1000)]
        self.wire.deliver(b"250-a=1\r\n250+b=\r\nhalf")
        self.wire.lose()
        for each in waiting:
            self.assertEqual(self.failureResultOf(each, Disconnected).value.command, "GETINFO")
        for _ in range(10):
            self.failureResultOf(self.protocol.get_info("a"), Disconnected)
        self.successResultOf(self.protocol.quit())

    def test_when_disconnected(self) -> None:
        """
        Case 31: each caller has a Deferred of its own, whenever it asks; one that raises or cancels harms no other.
        """
        first, second, third = (self.protocol.when_disconnected() for _ in range(3))
        first.addCallback(lambda _: third.cancel())
        third.addErrback(lambda failure: failure.trap(CancelledError) and "cancelled")
        failed = self.protocol.when_disconnected().addCallback(lambda _: 1 // 0)
        self.wire.lose()
        self.assertIsInstance(self.successResultOf(second), Disconnected)
        self.assertEqual(self.successResultOf(third), "cancelled")
        self.failureResultOf(failed, ZeroDivisionError)
        self.assertIsInstance(self.successResultOf(self.protocol.when_disconnected()), Disconnected)

    def test_cancelled_wait(self) -> None:
        """
        A cancelled wait for the end is forgotten.
        """
        waiting = self.protocol.when_disconnected()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        alive = weakref.ref(waiting)
        del waiting
        gc.collect()
        self.assertIsNone(alive())
        self.wire.lose()

    def test_quit(self) -> None:
        """
        Case 28: QUIT is said and the connection closed, and fires when it has ended.
        """
        quitting = self.protocol.quit()
        self.assertEqual(self.wire.sent(), ["QUIT"])
        self.assertTrue(self.wire.transport.disconnecting)
        self.wire.say("250 closing connection")
        self.assertNoResult(quitting)
        self.wire.lose(clean=True)
        self.successResultOf(quitting)
        self.assertEqual(self.wire.clock.getDelayedCalls(), [])

    def test_quit_on_a_stopped_tor(self) -> None:
        """
        A Tor that reads nothing is cut off after some seconds.
        """
        self.protocol.quit()
        self.assertFalse(self.wire.transport.aborted)
        self.wire.clock.advance(TorControlProtocol.CLOSE_SECONDS)
        self.assertTrue(self.wire.transport.aborted)

    def test_quit_before_connection(self) -> None:
        """
        A protocol that was never connected quits at once.
        """
        self.successResultOf(TorControlProtocol().quit())

    def test_lines_after_closing(self) -> None:
        """
        What came before the end is delivered although we are closing.
        """
        waiting = self.protocol.get_info("a")
        self.protocol.close()
        self.wire.say("250-a=1", "250 OK")
        self.assertEqual(self.successResultOf(waiting), {"a": "1"})

    def test_protocolinfo_once(self) -> None:
        """
        Case 55: PROTOCOLINFO is asked once, however many want to know, since Tor hangs up at the second.
        """
        first, second = self.protocol.protocolinfo(), self.protocol.protocolinfo()
        self.assertEqual(self.wire.sent(), ["PROTOCOLINFO 1"])
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.wire.say("250-PROTOCOLINFO 1", '250-AUTH METHODS=NULL,FUTURE', '250-VERSION Tor="0.4.9.11"', "250-X y", "250 OK")
        self.assertEqual(tuple(self.successResultOf(second).methods), ("NULL", "FUTURE"))
        third = self.protocol.protocolinfo()
        self.assertEqual(self.wire.sent(), [])
        self.successResultOf(third)
        self.assertEqual(self.protocol.version, "0.4.9.11")

    def test_injection(self) -> None:
        """
        Case 3: what would be a second command is refused before a byte is written, and the connection goes on.
        """
        for waiting in (
            self.protocol.get_info("version\r\nSIGNAL HALT"),
            self.protocol.get_info(""),
            self.protocol.get_conf("A\r\nB"),
            self.protocol.set_conf("A\nB", "c"),
            self.protocol.set_conf("ContactInfo"),
            self.protocol.signal("NEWNYM\r\nQUIT"),
            self.protocol.queue_command("GETINFO version\r\nQUIT"),
            self.protocol.queue_command(""),
            self.protocol.get_info_incremental("a b", print),
        ):
            self.failureResultOf(waiting, InvalidArgument)
        self.assertEqual(self.wire.sent(), [])
        self.assertRaises(InvalidArgument, self.protocol.add_event_listener, "CIRC\r\nQUIT", print)

    def test_unknown_entity(self) -> None:
        """
        Case 12: an unknown key is a refusal that names it, never an empty value.
        """
        waiting = self.protocol.get_info("version", "bogus")
        self.wire.say('552 Unrecognized key "bogus"')
        self.assertIn("bogus", str(self.failureResultOf(waiting, UnrecognizedEntity).value))
