# -*- test-case-name: txtor.test.socks.test_isolation -*-
"""
What is sent so that connections are isolated.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.socks import Isolation, IsolationToken
from txtor.socks._isolation import isolating_credentials
from txtor.socks._messages import Credentials


class IsolationTests(SynchronousTestCase):
    """
    Tokens, and the rules that make them.
    """

    def sent(self, isolation: Isolation | IsolationToken, host: str = "a", port: int = 80) -> bytes:
        """
        The password that is sent; the user name is checked.
        """
        credentials = isolating_credentials(isolation, host, port)
        assert credentials is not None
        self.assertEqual(credentials.username, b"<torS0X>0")
        return credentials.password

    def test_none(self) -> None:
        """
        No isolation sends nothing.
        """
        self.assertIsNone(isolating_credentials(None, "a", 80))

    def test_token(self) -> None:
        """
        A token is the password, in UTF-8; it is equal to its equals.
        """
        self.assertEqual(self.sent(IsolationToken("Zoë")), "Zoë".encode())
        self.assertEqual(IsolationToken("a"), IsolationToken("a"))
        self.assertNotEqual(IsolationToken.new(), IsolationToken.new())

    def test_bounds(self) -> None:
        """
        A token has 1 to 255 bytes. Case 112.
        """
        self.assertEqual(self.sent(IsolationToken("x" * 255)), b"x" * 255)
        for wrong in ("", "x" * 256, "é" * 128, "\udcff", b"bytes", None):
            self.assertRaises(InvalidArgument, IsolationToken, wrong)

    def test_per_connection(self) -> None:
        """
        Each time another token.
        """
        self.assertEqual(len({self.sent(Isolation.PER_CONNECTION) for _ in range(50)}), 50)

    def test_per_destination(self) -> None:
        """
        One token for each host and port, whatever its capitals, from which the host cannot be read.
        """
        rule = Isolation.PER_DESTINATION
        self.assertEqual(self.sent(rule, "Example.com"), self.sent(rule, "example.com"))
        tokens = {self.sent(rule, host, port) for host in ("a", "b", "a 1") for port in (80, 180)}
        self.assertEqual(len(tokens), 6)
        self.assertNotIn(b"example", self.sent(rule, "example.com"))

    def test_something_else(self) -> None:
        """
        Anything else is refused, a plain text too, since it could be meant as a rule.
        """
        for wrong in ("destination", 7, object()):
            self.assertRaises(InvalidArgument, isolating_credentials, wrong, "a", 80)


class CredentialsTests(SynchronousTestCase):
    """
    `Credentials`.
    """

    def test_bounds(self) -> None:
        """
        255 bytes are taken, 256 refused. Case 112.
        """
        Credentials(b"u" * 255, b"p" * 255)
        Credentials(b"", b"")
        self.assertRaises(InvalidArgument, Credentials, b"u" * 256, b"")
        self.assertRaises(InvalidArgument, Credentials, b"", b"p" * 256)

    def test_secret(self) -> None:
        """
        The password is in no repr, and not in the error for a long one.
        """
        self.assertNotIn("hunter", repr(Credentials(b"me", b"hunter2")))
        error = self.assertRaises(InvalidArgument, Credentials, b"me", b"hunter2" * 50)
        self.assertNotIn("hunter", str(error))
