# -*- test-case-name: txtor.test.commands.test_injection -*-
"""
Whatever is given to a command, tor hears one command with the arguments that were given, or nothing at all.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from twisted.trial.unittest import SynchronousTestCase

from txtor import commands
from txtor.commands import Command
from txtor.errors import InvalidArgument, ProtocolViolation, TorRefused
from txtor.grammar import Reply, ReplyLine, decode, encode

from .tor_side import Heard, heard_by_tor

ONION = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"
FINGERPRINT = "A" * 40
HOSTILE = st.text(alphabet='aA1=,"\\\r\n\0\t\v\f é+.\udc80\ud800$~:', max_size=12)
#: The fields of commands whose values are never said again by Tor or us; they are written otherwise than they were given.
ANY = st.one_of(st.text(max_size=20), HOSTILE)


class Argument(NamedTuple):
    """
    Good values for an argument, and any values at all.
    """

    good: SearchStrategy[Any]
    any: SearchStrategy[Any]


def mostly(*good: Any) -> Argument:
    """
    Good values; and any text, or a good value with something hostile in front or behind.
    """
    texts = [str(value) for value in good if isinstance(value, (str, int))]
    spoiled = st.builds(lambda value, before, after: before + value + after, st.sampled_from(texts), HOSTILE, HOSTILE)
    return Argument(st.sampled_from(good), st.one_of(spoiled, spoiled, ANY))


def always(strategy: SearchStrategy[Any]) -> Argument:
    """
    An argument that takes anything of its type.
    """
    return Argument(strategy, strategy)


def lists(values: Argument, least: int = 0) -> Argument:
    """
    A few values.
    """
    return Argument(st.lists(values.good, min_size=least, max_size=3), st.lists(values.any, max_size=3))


class Given(NamedTuple):
    """
    A command, what it may be given, and what tor must hear then: positional arguments, and keywords with their values.
    """

    make: Callable[..., Command[Any]]
    arguments: dict[str, Argument]
    expected: Callable[..., tuple[list[str], list[tuple[str, str | bytes | None]]]]


def _bare_relay(value: str) -> str:
    digits = value.removeprefix("$")[:40]
    return "$" + digits.upper() if len(digits) == 40 else value


def _options(options: list[tuple[str, Any]]) -> list[tuple[str, str | bytes | None]]:
    heard: list[tuple[str, str | bytes | None]] = []
    for name, value in options:
        if isinstance(value, list) and value:
            heard += [(name, str(item)) for item in value]
        elif value is None or isinstance(value, list):
            heard.append((name, None))
        elif isinstance(value, bool):
            heard.append((name, str(int(value))))
        else:
            heard.append((name, value if isinstance(value, bytes) else str(value)))
    return heard


ADDRESSES = mostly(ONION, ONION.upper() + ".onion", ONION + ".onion.")
IDS = mostly("1", 7, "abcDEF0123456789")
RELAYS = mostly("$" + FINGERPRINT, FINGERPRINT.lower(), f"${FINGERPRINT}~nick", "nick")
PURPOSES = mostly("general", "controller")
VALUES = st.one_of(ANY, st.binary(max_size=8), st.integers(), st.booleans(), st.none(), st.lists(ANY, max_size=3))
NAMES = mostly("ContactInfo", "__X")
OPTIONS = lists(Argument(st.tuples(NAMES.good, VALUES), st.tuples(NAMES.any, VALUES)))
DOCUMENTS = always(st.one_of(ANY, st.sampled_from([".", "a\n.\nQUIT\n", "\n.\r\n.\n", "..\n"])))
SECRET = "ED25519-V3:" + base64.b64encode(b"s" * 64).decode()
CLIENT = "A" * 52

ORIGINALS = mostly("a.example", ".", "::")
REPLACEMENTS = mostly("b.example", "127.0.0.1")
MAPPINGS = Argument(
    st.dictionaries(ORIGINALS.good, REPLACEMENTS.good, min_size=1, max_size=3),
    st.dictionaries(ORIGINALS.any, REPLACEMENTS.any, max_size=3),
)

COMMANDS: list[Given] = [
    Given(commands.AttachStream, {"stream_id": IDS, "circuit_id": IDS}, lambda **a: ([str(v) for v in a.values()], [])),
    Given(commands.AttachStream, {"stream_id": IDS, "hop": mostly(1, 2, 255)},
          lambda stream_id, hop: ([str(stream_id), "0"], [("HOP", str(hop))])),
    Given(commands.CloseCircuit, {"circuit_id": IDS, "if_unused": always(st.booleans())},
          lambda circuit_id, if_unused: ([str(circuit_id)] + ["IfUnused"] * if_unused, [])),
    Given(commands.CloseStream, {"stream_id": IDS, "reason": mostly(1, 99, 255), "flags": lists(mostly("f"))},
          lambda stream_id, reason, flags: ([str(stream_id), str(reason), *flags], [])),
    Given(commands.RedirectStream, {"stream_id": IDS, "address": mostly("a.example", "::1"), "port": mostly(1, 65535)},
          lambda **a: ([str(v) for v in a.values()], [])),
    Given(commands.ExtendCircuit, {"circuit_id": IDS, "path": lists(RELAYS, 1), "purpose": PURPOSES},
          lambda circuit_id, path, purpose: (
              [str(circuit_id)] + ([",".join(map(_bare_relay, path))] if path else []), [("purpose", purpose)])),
    Given(commands.SetCircuitPurpose, {"circuit_id": IDS, "purpose": PURPOSES},
          lambda circuit_id, purpose: ([str(circuit_id)], [("purpose", purpose)])),
    Given(commands.SetRouterPurpose, {"router": RELAYS, "purpose": PURPOSES},
          lambda router, purpose: ([_bare_relay(router), purpose], [])),
    Given(commands.Resolve, {"addresses": lists(mostly("a.example"), 1), "reverse": always(st.booleans())},
          lambda addresses, reverse: (addresses, [("mode", "reverse")] * reverse)),
    Given(commands.MapAddress, {"mappings": MAPPINGS},
          lambda mappings: ([f"{k}={v}" for k, v in mappings.items()], [])),
    Given(commands.Signal, {"name": mostly("NEWNYM", "hup")}, lambda name: ([name], [])),
    Given(commands.SetEvents, {"events": lists(mostly("CIRC", "BW"))}, lambda events: (events, [])),
    Given(commands.UseFeature, {"features": lists(mostly("VERBOSE_NAMES"))}, lambda features: (features, [])),
    Given(commands.GetInfo, {"keys": lists(mostly("version", "ns/id/$" + FINGERPRINT))}, lambda keys: (keys, [])),
    Given(commands.GetInfoBytes, {"keys": lists(mostly("version"))}, lambda keys: (keys, [])),
    Given(commands.GetConf, {"options": Argument(
              st.lists(st.sampled_from(["Nickname", "Log", "x_Y"]), unique=True), st.lists(mostly("Log").any, max_size=2))},
          lambda options: (list({option.lower(): option for option in options}.values()), [])),
    Given(commands.GetConfGroup, {"option": mostly("HiddenServiceOptions")}, lambda option: ([option], [])),
    Given(commands.SetConf, {"options": OPTIONS}, lambda options: ([], _options(options))),
    Given(commands.ResetConf, {"options": OPTIONS}, lambda options: ([], _options(options))),
    Given(commands.LoadConf, {"torrc": DOCUMENTS}, lambda torrc: ([], [])),
    Given(commands.SaveConf, {"force": always(st.booleans())}, lambda force: (["FORCE"] * force, [])),
    Given(commands.PostDescriptor, {"descriptor": DOCUMENTS, "purpose": PURPOSES, "cache": always(st.booleans())},
          lambda descriptor, purpose, cache: ([], [("purpose", purpose), ("cache", "yes" if cache else "no")])),
    Given(commands.ProtocolInfo, {"versions": lists(mostly(1, 2))}, lambda versions: ([str(v) for v in versions], [])),
    Given(commands.AuthChallenge, {"nonce": Argument(st.binary(min_size=1, max_size=40), ANY)},
          lambda nonce: (["SAFECOOKIE", nonce.hex()], [])),
    Given(commands.Authenticate, {"proof": always(
              st.one_of(st.binary(min_size=1, max_size=40), st.text(min_size=1, max_size=20)))},
          lambda proof: ([(proof if isinstance(proof, bytes) else encode(proof)).hex()], [])),
    Given(commands.DelOnion, {"address": ADDRESSES}, lambda address: ([ONION], [])),
    Given(commands.HsFetch, {"address": ADDRESSES, "servers": lists(RELAYS)},
          lambda address, servers: ([ONION], [("SERVER", _bare_relay(s)) for s in servers])),
    Given(commands.HsPost, {"descriptor": DOCUMENTS, "address": ADDRESSES, "servers": lists(RELAYS)},
          lambda descriptor, address, servers: (
              [], [*(("SERVER", _bare_relay(s)) for s in servers), ("HSADDRESS", ONION)])),
    Given(commands.OnionClientAuthRemove, {"address": ADDRESSES}, lambda address: ([ONION], [])),
    Given(commands.OnionClientAuthView, {"address": ADDRESSES}, lambda address: ([ONION], [])),
    Given(commands.OnionClientAuthAdd, {"address": ADDRESSES, "key": mostly("other:AAAA"),
                                        "client_name": mostly("bob", "b" * 16), "permanent": always(st.booleans())},
          lambda address, key, client_name, permanent: (
              [ONION, key], [("ClientName", client_name)] + [("Flags", "Permanent")] * permanent)),
    Given(commands.AddOnion,
          {"key": mostly("NEW:BEST", SECRET), "ports": lists(mostly("80", "80,unix:/a,b", "80,[::1]:8080"), 1),
           "flags": lists(mostly("Detach")), "max_streams": mostly(0, 65535), "client_auth": lists(mostly(CLIENT)),
           "pow_enabled": always(st.booleans())},
          lambda key, ports, flags, max_streams, client_auth, pow_enabled: (
              [key],
              [("Flags", ",".join([*flags, *["V3Auth"] * bool(client_auth)]))] * bool(flags or client_auth)
              + [("MaxStreams", str(max_streams)), ("PoWDefensesEnabled", str(int(pow_enabled)))]
              + [("Port", _port(port)) for port in ports]
              + [("ClientAuthV3", client) for client in client_auth])),
    *(Given(plain, {}, lambda: ([], [])) for plain in (
        commands.Quit, commands.TakeOwnership, commands.DropOwnership, commands.DropGuards, commands.DropTimeouts)),
]


def _port(port: str) -> str:
    """
    The numbers of a port without leading zeros; paths as they are.
    """
    virtual, comma, target = port.partition(",")
    if target and not target.startswith("unix:"):
        address, colon, number = target.rpartition(":")
        target = f"{address}{colon}{int(number)}"
    return f"{int(virtual)}{comma}{target}"


def _bytes(value: str | bytes | None) -> bytes | None:
    return encode(value) if isinstance(value, str) else value


class InjectionTests(SynchronousTestCase):
    """
    Every argument of every command, given any text.
    """

    def test_all_commands_are_here(self) -> None:
        """
        The table holds each of the 34 commands of control-spec 3.
        """
        tested = {case.make.keyword for case in COMMANDS}  # type: ignore[attr-defined]  # classes have it
        self.assertEqual(len(tested), 34)
        exported = {getattr(getattr(commands, name), "keyword", None) for name in commands.__all__}
        self.assertEqual({keyword for keyword in exported if isinstance(keyword, str)} - tested, set())

    def hear(self, command: Command[Any]) -> Heard:
        """
        The one command that tor hears.
        """
        heard = heard_by_tor(command.to_wire())
        self.assertEqual(len(heard), 1)
        self.assertEqual(heard[0].keyword, command.keyword)
        return heard[0]

    @settings(max_examples=1500)
    @given(st.data())
    def test_what_was_given_is_what_tor_hears(self, data: st.DataObject) -> None:
        """
        Cases 3 and 4: one command line, and its arguments are those that were given; or `InvalidArgument`.
        """
        case = data.draw(st.sampled_from(COMMANDS))
        spoiled = data.draw(st.sampled_from([*case.arguments, "none"]), label="what may be anything")
        arguments = {
            name: data.draw(strategies.any if name == spoiled else strategies.good, label=name)
            for name, strategies in case.arguments.items()
        }
        try:
            command = case.make(**arguments)
        except InvalidArgument:
            return
        heard = self.hear(command)
        if not isinstance(arguments.get("reason"), (int, type(None))):  # a name became its number
            arguments["reason"] = commands.StreamCloseReason[arguments["reason"].upper()].value
        positional, keywords = case.expected(**arguments)
        self.assertEqual(heard.positional, [encode(word) for word in positional])
        self.assertEqual(heard.keywords, [(encode(name), _bytes(value)) for name, value in keywords])
        sent = next((arguments[name] for name in ("torrc", "descriptor") if name in arguments), None)
        if sent is not None:
            self.assertEqual(heard.data, self.as_lines(encode(sent)))
        repr(command)

    def as_lines(self, data: bytes) -> bytes:
        """
        What tor makes of line ends: one CR before each LF is dropped, and whether the last line had an end is lost.
        """
        return data.replace(b"\r\n", b"\n").removesuffix(b"\n")

    @settings(max_examples=300)
    @given(st.one_of(ANY, st.builds("{} {}".format, st.sampled_from(["GETINFO", "getconf", "+LOADCONF", "HSPOST"]), ANY)),
           st.one_of(st.none(), ANY))
    def test_raw_commands(self, text: str, data: str | None) -> None:
        """
        Case 3: a raw command is one line, with its data if it has any, whatever it says.
        """
        try:
            command = commands.RawCommand(text, data)
        except InvalidArgument:
            return
        wire = command.to_wire()
        line, _, block = wire.partition(b"\r\n")
        self.assertNotIn(b"\n", line)
        self.assertNotIn(b"\0", line)
        self.assertNotIn(b"\r", line)
        self.assertEqual(line.startswith(b"+"), data is not None)
        if data is None:
            self.assertEqual((line, block), (encode(text), b""))
        else:
            heard = heard_by_tor(b"+LOADCONF\r\n" + block)
            self.assertEqual([command.data for command in heard], [self.as_lines(encode(data))])

    @settings(max_examples=500)
    @given(st.data(), st.sampled_from([3.5, object(), b"bytes", ["a", 3], (b"a",), {1: 2}, [None]]))
    def test_wrong_types(self, data: st.DataObject, wrong: Any) -> None:
        """
        What is no text where text belongs, or no list where a list belongs, is `InvalidArgument` too.
        """
        case = data.draw(st.sampled_from([case for case in COMMANDS if case.arguments]))
        arguments = {name: data.draw(strategies.good) for name, strategies in case.arguments.items()}
        arguments[data.draw(st.sampled_from(sorted(arguments)))] = wrong
        try:
            command = case.make(**arguments)
        except InvalidArgument:
            return
        self.hear(command)


class ReplyTests(SynchronousTestCase):
    """
    Every command, given any reply.
    """

    SAMPLES = [
        commands.AddOnion(ports=["80"]),
        commands.AuthChallenge(b"n"),
        commands.Authenticate("secret"),
        commands.ExtendCircuit(),
        commands.GetConf(["a", "b"]),
        commands.GetConf(["a", "ab", "b"]),
        commands.GetConfGroup(),
        commands.GetInfo(["a", "b"]),
        commands.GetInfoBytes(["a"]),
        commands.MapAddress({"a": "b", "c": "d"}),
        commands.OnionClientAuthAdd(ONION, b"k" * 32),
        commands.OnionClientAuthRemove(ONION),
        commands.OnionClientAuthView(),
        commands.PostDescriptor("router"),
        commands.ProtocolInfo(),
        commands.Quit(),
        commands.RawCommand("GETINFO a"),
        commands.SetConf({"Socks5ProxyPassword": "hidden"}),
    ]
    FROM_THE_WIRE = st.one_of(st.binary(max_size=12), ANY.map(lambda text: text.encode("utf-8", "replace"))).map(decode)
    TEXTS = st.one_of(
        FROM_THE_WIRE,
        st.builds(
            str.__add__,
            st.sampled_from(["a=", "b=", "ab=", 'a="', "ServiceID=" + ONION, "EXTENDED ", "CLIENT ", "AUTH METHODS=",
                             "VERSION Tor=", "PROTOCOLINFO 1", "AUTHCHALLENGE SERVERHASH=" + "0" * 64 + " SERVERNONCE=", "OK"]),
            FROM_THE_WIRE,
        ),
    )
    LINES = st.builds(
        ReplyLine,
        st.one_of(st.just(250), st.just(250), st.sampled_from([251, 252, 451, 510, 512, 551, 552, 599])),
        TEXTS,
        st.one_of(st.none(), st.none(), st.binary(max_size=10)),
    )

    @settings(max_examples=1000)
    @given(st.sampled_from(SAMPLES), st.lists(LINES, min_size=1, max_size=5))
    def test_a_value_or_a_declared_error(self, command: Command[Any], lines: list[ReplyLine]) -> None:
        """
        A refused command raises `TorRefused`, with its keyword; a success gives a value or `ProtocolViolation`.
        """
        reply = Reply(lines)
        try:
            command.parse_reply(reply)
        except TorRefused as error:
            self.assertFalse(reply.is_success)
            self.assertEqual(error.command, command.keyword)
        except ProtocolViolation:
            self.assertTrue(reply.is_success or isinstance(command, commands.MapAddress))
        else:
            self.assertTrue(reply.is_success or isinstance(command, commands.MapAddress))
