# -*- test-case-name: txtor.test.socks.test_negotiation -*-
"""
The negotiation: what it says, and how it ends.
"""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor import errors
from txtor.socks import parse_target
from txtor.socks._messages import Command, Credentials
from txtor.socks._negotiation import Core, Effect, Established, Negotiation, Refused, Send, new_negotiation
from txtor.testing import EveryTransition, Transitions

REQUEST = b"\x05\x01\x00\x03\x07example\x00\x50"
REPLY = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


class NegotiationTests(EveryTransition, SynchronousTestCase):
    """
    The machine, with and without credentials.
    """

    transitions = Transitions(new_negotiation)

    def start(self, credentials: Credentials | None = None) -> Negotiation:
        """
        A machine whose transport is there; what it has said so far is taken.
        """
        self.core = Core(Command.CONNECT, parse_target("example", 80), credentials)
        machine = new_negotiation(self.core)
        self.transitions.watch(machine)
        machine.connected()
        self.assertEqual(self.core.drain(), [Send(b"\x05\x01\x00" if credentials is None else b"\x05\x01\x02")])
        return machine

    def after(self, machine: Negotiation, data: bytes) -> list[Effect]:
        """
        What the machine does when that comes.
        """
        machine.received(data)
        return self.core.drain()

    def refused(self, effects: list[Effect]) -> errors.SocksError:
        """
        The one effect is a refusal: its error.
        """
        [effect] = effects
        assert isinstance(effect, Refused)
        return effect.error

    def test_success(self) -> None:
        """
        Greeting, request, reply; and what came behind the reply. A late end of the transport is nothing new.
        """
        machine = self.start()
        self.assertEqual(self.after(machine, b"\x05\x00"), [Send(REQUEST)])
        [effect] = self.after(machine, REPLY + b"hello")
        assert isinstance(effect, Established)
        self.assertEqual((effect.reply.code, effect.surplus), (0, b"hello"))
        machine.connection_lost("done")
        self.assertEqual(self.core.drain(), [])

    def test_password(self) -> None:
        """
        Greeting, credentials, request, reply.
        """
        machine = self.start(Credentials(b"u", b"p"))
        self.assertEqual(self.after(machine, b"\x05\x02"), [Send(b"\x01\x01u\x01p")])
        self.assertEqual(self.after(machine, b"\x01\x00"), [Send(REQUEST)])
        self.assertIsInstance(self.after(machine, REPLY)[0], Established)

    def test_byte_by_byte(self) -> None:
        """
        The answers may come in pieces. Case 109.
        """
        machine = self.start(Credentials(b"u", b"p"))
        effects = [self.after(machine, bytes([byte])) for byte in b"\x05\x02\x01\x00" + REPLY]
        self.assertEqual([len(each) for each in effects], [0, 1, 0, 1] + [0] * 9 + [1])

    def test_no_method(self) -> None:
        """
        A server that takes none of the methods: the error says what it lacks.
        """
        error = self.refused(self.after(self.start(), b"\x05\xff"))
        self.assertIsInstance(error, errors.SocksAuthenticationError)
        self.assertIn("needs a user name", str(error))
        error = self.refused(self.after(self.start(Credentials(b"u", b"p")), b"\x05\xff"))
        self.assertIn("takes no user names", str(error))

    def test_other_method(self) -> None:
        """
        A server that leaves the credentials out, and with them the isolation, is not used. Case 112.
        """
        error = self.refused(self.after(self.start(Credentials(b"u", b"p")), b"\x05\x00"))
        self.assertIsInstance(error, errors.SocksProtocolViolation)
        self.assertIsInstance(self.refused(self.after(self.start(), b"\x05\x02")), errors.SocksProtocolViolation)

    def test_wrong_password(self) -> None:
        """
        The server does not take the credentials.
        """
        machine = self.start(Credentials(b"u", b"p"))
        self.after(machine, b"\x05\x02")
        self.assertIsInstance(self.refused(self.after(machine, b"\x01\x01")), errors.SocksAuthenticationError)

    def test_violations(self) -> None:
        """
        In each state, what is not SOCKS5 ends it, with an error that is both a SOCKS error and a violation. Case 113.
        """
        for said in ([b"SSH-2.0"], [b"\x05\x02", b"+"], [b"\x05\x02", b"\x01\x00", b"HTTP"]):
            machine = self.start(Credentials(b"u", b"p"))
            for data in said:
                effects = self.after(machine, data)
            error = self.refused(effects)
            self.assertIsInstance(error, errors.SocksError)
            self.assertIsInstance(error, errors.ProtocolViolation)

    def test_codes(self) -> None:
        """
        A class for each code, X'F0' to X'F7' included, and the plain error for an unknown one. Case 113.
        """
        seen = set()
        for code in [*range(1, 9), *range(0xF0, 0xF8), 0x42, 0xFF]:
            machine = self.start()
            self.after(machine, b"\x05\x00")
            error = self.refused(self.after(machine, bytes([5, code]) + REPLY[2:]))
            self.assertEqual(error.reply_code, code)
            self.assertIn("example:80", str(error))
            self.assertIn(f"X'{code:02X}'", str(error))
            seen.add(type(error))
        self.assertEqual(len(seen), 17)
        self.assertEqual(type(error), errors.SocksError)

    def test_lost(self) -> None:
        """
        The connection may end in every state; the error says when it cut an answer short.
        """
        for said in ([], [b"\x05"], [b"\x05\x02"], [b"\x05\x02", b"\x01\x00"], [b"\x05\x02", b"\x01\x00", REPLY[:9]]):
            machine = self.start(Credentials(b"u", b"p"))
            for data in said:
                self.after(machine, data)
            machine.connection_lost("Connection was closed cleanly.")
            error = self.refused(self.core.drain())
            self.assertIsInstance(error, errors.SocksConnectionLost)
            self.assertIn("closed cleanly", str(error))
            self.assertEqual("in the middle" in str(error), len(said[-1:]) == 1 and said[-1] in (b"\x05", REPLY[:9]))

    def test_after_the_end(self) -> None:
        """
        What comes after a refusal changes nothing.
        """
        machine = self.start()
        self.refused(self.after(machine, b"\x05\xff"))
        machine.received(b"more")
        machine.connection_lost("gone")
        self.assertEqual(self.core.drain(), [])

    def test_secret(self) -> None:
        """
        The password is in no error, also where the server sends it back.
        """
        password = string.ascii_letters
        for said in ([b"x"], [b"\x05\xff"], [b"\x05\x02", b"\x01\x05"], [b"\x05\x02", b"\x01\x00", b"\x05\x07"]):
            machine = self.start(Credentials(b"u", password.encode()))
            for data in said:
                effects = self.after(machine, data)
            self.assertNotIn(password, str(self.refused(effects)))


class AnyServerTests(SynchronousTestCase):
    """
    Servers of every kind.
    """

    @settings(max_examples=150)
    @given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([b"\x05\x02", b"\x01\x00", REPLY])), max_size=8))
    def test_anything(self, chunks: list[bytes]) -> None:
        """
        Whatever a server says and then hangs up, there is exactly one end, or none after success.
        """
        core = Core(Command.CONNECT, parse_target("example", 80), Credentials(b"u", b"p"))
        machine = new_negotiation(core)
        machine.connected()
        core.drain()
        ends: list[Effect] = []
        for data in chunks:
            machine.received(data)
            ends += [effect for effect in core.drain() if not isinstance(effect, Send)]
            if ends and isinstance(ends[0], Established):
                break  # from here on the bytes are the application's
        machine.connection_lost("gone")
        ends += core.drain()
        self.assertEqual(len(ends), 1)
