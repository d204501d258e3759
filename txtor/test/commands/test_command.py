# -*- test-case-name: txtor.test.commands.test_command -*-
"""
Tests of what all commands share.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor import commands
from txtor.commands import MAX_COMMAND_SIZE, Command, GetInfo, LoadConf, Quit, RawCommand, SetConf, SetEvents, TakeOwnership
from txtor.errors import InvalidArgument, TorRefused, UnrecognizedCommand

from .tor_side import reply


class SizeTests(SynchronousTestCase):
    """
    tor hangs up at what is too long, so it is never sent.
    """

    def assert_limit(self, make: type[SetConf] | type[LoadConf] | type[RawCommand], text: str) -> None:
        """
        With so many letters more that it is exactly at the limit, a command can be written; with one more it cannot.
        """

        def command(letters: int) -> Command[object]:
            filled = text + "a" * letters
            return SetConf({"ContactInfo": filled}) if make is SetConf else make(filled)  # type: ignore[arg-type]

        missing = MAX_COMMAND_SIZE - len(command(0).to_wire())
        self.assertEqual(len(command(missing).to_wire()), MAX_COMMAND_SIZE)
        longer = command(missing + 1)
        error = self.assertRaises(InvalidArgument, longer.to_wire)
        self.assertIn(longer.keyword, str(error))
        self.assertNotIn("aaaa", str(error))

    def test_lines_and_data(self) -> None:
        """
        Case 7: the line end, the escapes and the data count.
        """
        self.assert_limit(SetConf, '"\\')
        self.assert_limit(LoadConf, ".\n.")
        self.assert_limit(RawCommand, "GETINFO ")

    def test_getinfo(self) -> None:
        """
        Case 7: GETINFO, which is written on a way of its own, has the same limit.
        """
        longest = "a" * (MAX_COMMAND_SIZE - 10)
        self.assertEqual(len(GetInfo([longest]).to_wire()), MAX_COMMAND_SIZE)
        self.assertRaises(InvalidArgument, GetInfo([longest + "a"]).to_wire)


class FaceTests(SynchronousTestCase):
    """
    Commands as values.
    """

    def test_equality(self) -> None:
        """
        Two commands that are written the same are equal, and hash the same.
        """
        for one, same, other in (
            (GetInfo(["a"]), GetInfo(("a",)), GetInfo(["b"])),
            (SetEvents(iter(["A", "B"])), SetEvents(("A", "B")), SetEvents()),
            (SetConf({"A": "1"}), SetConf([("A", 1)]), SetConf({"A": "2"})),
            (commands.MapAddress({"a": "b"}), commands.MapAddress({"a": "b"}), commands.MapAddress({"a": "c"})),
            (Quit(), Quit(), TakeOwnership()),
        ):
            self.assertEqual(one, same)
            self.assertEqual(hash(one), hash(same))
            self.assertNotEqual(one, other)
            self.assertNotEqual(one, "GETINFO a")

    def test_frozen(self) -> None:
        """
        What was checked cannot be changed afterwards, and a mapping that the caller changes is not the command's.
        """
        mappings = {"a": "b"}
        command = commands.MapAddress(mappings)
        mappings["x\r\nQUIT"] = "y"
        self.assertEqual(command.to_wire(), b"MAPADDRESS a=b\r\n")
        self.assertRaises(AttributeError, setattr, command, "mappings", {})

    def test_one_text_is_not_a_list(self) -> None:
        """
        A text given in place of a list of texts is refused, not taken letter by letter.
        """
        for make in (GetInfo, SetEvents, commands.GetConf, commands.UseFeature, commands.Resolve):
            self.assertRaises(InvalidArgument, make, "version")
        self.assertRaises(InvalidArgument, commands.ExtendCircuit, "0", "abc")
        self.assertRaises(InvalidArgument, commands.AddOnion, ports="80")

    def test_exports(self) -> None:
        """
        Every public name exists, and is what the part exports.
        """
        for name in commands.__all__:
            self.assertTrue(hasattr(commands, name), name)
        self.assertEqual(len(set(commands.__all__)), len(commands.__all__))

    def test_reprs(self) -> None:
        """
        A ``repr`` tells what a command is.
        """
        self.assertEqual(repr(GetInfo(["version"])), "GetInfo(('version',))")
        self.assertEqual(repr(Quit()), "Quit()")
        self.assertEqual(repr(commands.Signal("HUP")), "Signal(name='HUP')")


class SecretTests(SynchronousTestCase):
    """
    Secrets appear in no ``repr`` and no error.
    """

    SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IDMyYnk="
    SERVICE_KEY = "ED25519-V3:" + (SECRET.removesuffix("=") * 2)[:86] + "=="
    ONION = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"

    def secretive(self) -> list[Command[object]]:
        """
        Commands with a secret.
        """
        return [
            commands.Authenticate(self.SECRET),
            commands.SetConf({"HashedControlPassword": self.SECRET}),
            commands.SetConf([("Socks5ProxyPassword", [self.SECRET, "a"])]),
            commands.ResetConf({"HTTPSProxyAuthenticator": self.SECRET}),
            commands.LoadConf(self.SECRET),
            commands.RawCommand(f"ADD_ONION {self.SECRET}"),
            commands.RawCommand("LOADCONF", self.SECRET),
            commands.AddOnion(self.SERVICE_KEY, ports=[80]),
            commands.OnionClientAuthAdd(self.ONION, self.SECRET),
        ]

    def test_repr(self) -> None:
        """
        No ``repr`` shows a secret.
        """
        for command in self.secretive():
            self.assertNotIn(self.SECRET[:8], repr(command))

    def test_echo(self) -> None:
        """
        Tor may echo what it does not take: the error shows the rest of what it said.
        """
        service_key = self.SERVICE_KEY.partition(":")[2]
        commands_and_echoes: list[tuple[Command[object], str]] = [
            (commands.Authenticate(self.SECRET), self.SECRET.encode().hex()),
            (commands.Authenticate(self.SECRET), self.SECRET.encode().hex().upper()),
            (commands.SetConf({"HashedControlPassword": self.SECRET}), self.SECRET),
            (commands.SetConf([("Socks5ProxyPassword", ["more", self.SECRET])]), self.SECRET),
            (commands.SetConf({"HTTPProxyAuthenticator": "a'b"}), "a'b"),
            (commands.SetConf({"HTTPProxyAuthenticator": "a'b"}), "a\\'b"),
            (commands.ResetConf({"HTTPSProxyAuthenticator": self.SECRET}), self.SECRET),
            (commands.AddOnion(self.SERVICE_KEY, ports=[80]), service_key),
            (commands.OnionClientAuthAdd(self.ONION, self.SECRET), self.SECRET),
        ]
        for command, echoed in commands_and_echoes:
            error = self.assertRaises(TorRefused, command.parse_reply, reply(f'553-Invalid "{echoed}"', "553 no"))
            shown = f"{error} {error.text} {error.lines} {error!r}"
            self.assertNotIn(echoed, shown)
            self.assertIn("[hidden]", shown)
            self.assertIn("Invalid", error.text)
            self.assertEqual((error.status, error.command, len(error.lines)), (553, command.keyword, 2))
            other = self.assertRaises(TorRefused, command.parse_reply, reply("551 it is another thing"))
            self.assertEqual(other.text, "it is another thing")

    def test_our_own_errors(self) -> None:
        """
        A secret that cannot be sent is not shown either.
        """
        for make in (
            lambda secret: commands.Authenticate(secret + "\0\ud800"),
            lambda secret: commands.SetConf({"A": secret + "\0"}),
            lambda secret: commands.LoadConf(secret + "\0"),
            lambda secret: commands.RawCommand("x", secret + "\0"),
            lambda secret: commands.AddOnion("ED25519-V3:" + secret, ports=[80]),
            lambda secret: commands.AddOnion(secret, ports=[80]),
            lambda secret: commands.AddOnion("NEWER:" + secret + " ", ports=[80]),
            lambda secret: commands.OnionClientAuthAdd(self.ONION, secret + "AAAA"),
            lambda secret: commands.OnionClientAuthAdd(self.ONION, "newer:" + secret + " "),
            lambda secret: commands.OnionClientAuthAdd(self.ONION, secret.encode()),
        ):
            error = self.assertRaises(InvalidArgument, make, self.SECRET)
            self.assertNotIn(self.SECRET[:8], f"{error!r} {error}")
            self.assertIsNone(error.__cause__)


class RefusalTests(SynchronousTestCase):
    """
    Refusals carry the command.
    """

    def test_keyword(self) -> None:
        """
        Cases 11 and 37: any 4xx or 5xx is `TorRefused`, which names the command that was filtered, and nothing of its arguments.
        """
        error = self.assertRaises(UnrecognizedCommand, SetEvents(["CIRC"]).parse_reply, reply("510 Command filtered"))
        self.assertEqual((error.status, error.text, error.command), (510, "Command filtered", "SETEVENTS"))
        for status in (451, 499, 500, 599):
            error = self.assertRaises(TorRefused, Quit().parse_reply, reply(f"{status} no"))
            self.assertEqual(error.status, status)

    def test_any_success(self) -> None:
        """
        Any 2xx is a success.
        """
        for line in ("250 closing connection", "251 nothing to do", "299 fine"):
            Quit().parse_reply(reply(line))
