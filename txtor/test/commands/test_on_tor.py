# -*- test-case-name: txtor.test.commands.test_on_tor -*-
"""
The commands on a real Tor that has no network: what they do, what it answers, what it refuses.
"""

from __future__ import annotations

import os
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from txtor import commands
from txtor.commands import (
    INFO_KEYS,
    MAX_COMMAND_SIZE,
    AddressMapping,
    GetConf,
    GetConfGroup,
    GetInfo,
    LoadConf,
    ResetConf,
    SetConf,
    parse_info,
)
from txtor.errors import (
    ArgumentSyntaxError,
    Disconnected,
    InternalTorError,
    InvalidConfigurationValue,
    InvalidDescriptor,
    ProtocolSyntaxError,
    TorRefused,
    UnimplementedCommand,
    UnrecognizedArgument,
    UnrecognizedEntity,
    UnspecifiedTorError,
)

from .lone_tor import LoneTorTestCase

#: Any text that Tor takes for ContactInfo.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)

ONION = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"
NOBODY = "$" + "A" * 40


class ConfigurationTests(LoneTorTestCase):
    """
    What is set is what is got.
    """

    async def set_and_get(self, values: list[str]) -> None:
        """
        Set an option to values one after the other, and get each back exactly.
        """
        for value in values:
            setting = self.send(SetConf({"ContactInfo": value}))
            told = await self.send(GetConf(["contactinfo"]))
            await setting
            self.assertEqual(told, {"contactinfo": [value]})

    async def test_special_texts(self) -> None:
        """
        Case 1: quotes, escapes, blanks at both ends, and all the rest that could be taken for syntax.
        """
        await self.set_and_get(['a "q" \\ b', "tab\tx", "l\nf", "c\rr", " lead and trail ", "a#b", "'x'", '"x"', "="])
        await self.set_and_get(["é", "\\n", "\\303\\251", "\x7f", "€𝄞", "a=b", "#", "\\"])

    async def test_any_text(self) -> None:
        """
        Case 1: five hundred texts as hypothesis makes them.
        """
        values: list[str] = []

        @settings(max_examples=500, database=None)
        @given(TEXT)
        def gather(value: str) -> None:
            values.append(value)

        gather()
        self.assertGreaterEqual(len(values), 500)
        await self.set_and_get(values)

    async def test_random_bytes_of_paths(self) -> None:
        """
        Case 2: bytes that are not UTF-8 arrive as they are; where Tor wants UTF-8 its own refusal is told.
        """
        value = bytes(byte for byte in random.Random(2).sample(range(1, 256), 255)).replace(b" ", b"") + b"x"
        await self.send(SetConf({"ConnDirectionStatistics": False, "GeoIPFile": b"/x" + value}))
        told = await self.send(GetConf(["GeoIPFile"]))
        self.assertEqual(told["GeoIPFile"][0].encode("utf-8", "surrogateescape"), b"/x" + value)
        await self.refuse(UnrecognizedArgument, SetConf({"ContactInfo": b"\xff"}), "UTF-8")

    async def test_injection(self) -> None:
        """
        Case 4: no second option is set.
        """
        await self.send(SetConf({"ContactInfo": 'x" Nickname="evil'}))
        told = await self.send(GetConf(["ContactInfo", "Nickname"]))
        self.assertEqual(told, {"ContactInfo": ['x" Nickname="evil'], "Nickname": []})

    async def test_getting(self) -> None:
        """
        Cases 18 and 19: capitals, abbreviations, several values, defaults, unset options, nothing, other names.
        """
        await self.send(SetConf({"Log": ["notice stdout", "warn stdout"], "BandwidthRate": "1 MB", "BandwidthBurst": "2 MB"}))
        asked = ["log", "Band", "BandwidthBurst", "nickname", "EntryNodes", "DirServer", "VirtualAddrNetwork"]
        told = await self.send(GetConf([*asked, "LogTimeGranularity"]))
        self.assertEqual(told["log"], ["notice stdout", "warn stdout"])
        self.assertEqual((told["Band"], told["BandwidthBurst"]), (["2097152"], ["2097152"]))
        self.assertEqual((told["nickname"], told["EntryNodes"], told["LogTimeGranularity"]), ([], [], ["1000"]))
        self.assertEqual((told["DirServer"], told["VirtualAddrNetwork"]), ([], ["127.192.0.0/10"]))
        self.assertEqual(await self.send(GetConf([])), {})
        await self.refuse(UnrecognizedEntity, GetConf(["Log", "Bogus"]), "Bogus")

    async def test_resetting(self) -> None:
        """
        ``None`` is 0 for SETCONF and the default for RESETCONF.
        """
        await self.send(SetConf({"LogTimeGranularity": 50, "MaxCircuitDirtiness": 700}))
        await self.send(ResetConf({"MaxCircuitDirtiness": None, "LogTimeGranularity": None}))
        told = await self.send(GetConf(["MaxCircuitDirtiness", "LogTimeGranularity"]))
        self.assertEqual(told, {"MaxCircuitDirtiness": ["600"], "LogTimeGranularity": ["1000"]})
        await self.send(SetConf({"Log": [], "ContactInfo": ""}))
        self.assertEqual(await self.send(GetConf(["Log", "ContactInfo"])), {"Log": [], "ContactInfo": []})
        await self.send(SetConf([]))
        await self.send(ResetConf([]))

    async def test_onion_services(self) -> None:
        """
        A group keeps its options in order.
        """
        self.assertEqual(await self.send(GetConfGroup()), [])
        one, two = os.path.join(self.directory, "one"), os.path.join(self.directory, "two x")
        options: list[tuple[str, commands.Value]] = [
            ("HiddenServiceDir", one), ("HiddenServicePort", "80 127.0.0.1:8080"), ("HiddenServicePort", '81 unix:"/a b"'),
            ("HiddenServiceDir", two), ("HiddenServicePort", "82"),
        ]  # fmt: skip
        await self.send(SetConf(options))
        told = await self.send(GetConfGroup())
        kept = [(name, value) for name, value in told if name in ("HiddenServiceDir", "HiddenServicePort")]
        self.assertEqual(kept, options)
        self.assertTrue(os.path.exists(os.path.join(two, "hostname")))

    async def test_refusals(self) -> None:
        """
        All or nothing, with Tor's reason.
        """
        before = await self.send(GetConf(["ContactInfo", "User"]))
        await self.refuse(UnrecognizedEntity, SetConf({"ContactInfo": "x", "Bogus": 1}), "Unknown option 'Bogus'")
        await self.refuse(UnrecognizedArgument, SetConf({"ContactInfo": "x", "Nickname": "café"}), "café")
        await self.refuse(InvalidConfigurationValue, SetConf({"ContactInfo": "x", "User": "nobody"}), "not allowed")
        self.assertEqual(await self.send(GetConf(["ContactInfo", "User"])), before)

    async def test_torrc(self) -> None:
        """
        Case 6: a whole torrc, whatever its line ends, and back to the disk.
        """
        with open(self.torrc, encoding="utf-8") as file:
            fixed = file.read()
        await self.send(LoadConf(f"{fixed}# .\n.\r\n".replace(".\r\n", "\r\n") + "ContactInfo a .b\r\nNickname x"))
        self.assertEqual(await self.send(GetConf(["ContactInfo", "Nickname"])), {"ContactInfo": ["a .b"], "Nickname": ["x"]})
        await self.send(commands.SaveConf())
        await self.send(commands.SaveConf(force=True))
        with open(self.torrc, encoding="utf-8") as file:
            self.assertIn("ContactInfo a .b", file.read())
        await self.refuse(UnrecognizedEntity, LoadConf(fixed + "Bogus 1"), "Invalid config file")
        await self.refuse(UnrecognizedEntity, LoadConf(fixed + "\n.\n"), "Invalid config file")
        await self.refuse(InvalidConfigurationValue, LoadConf(""), "not allowed")


class EveryCommandTests(LoneTorTestCase):
    """
    Every command at least once.
    """

    async def test_process(self) -> None:
        """
        Events, features, signals, ownership, guards.
        """
        for command in (
            commands.UseFeature(["VERBOSE_NAMES", "EXTENDED_EVENTS"]), commands.UseFeature(), commands.SetEvents(["BW", "circ"]),
            commands.SetEvents(["EXTENDED"]), commands.SetEvents(), commands.DropGuards(), commands.DropTimeouts(),
            commands.TakeOwnership(), commands.DropOwnership(), commands.Signal("heartbeat"), commands.Signal("RELOAD"),
        ):  # fmt: skip
            await self.send(command)
        await self.refuse(UnrecognizedEntity, commands.UseFeature(["X"]), "X")
        await self.refuse(UnrecognizedEntity, commands.SetEvents(["CIRC", "X"]), "X")
        await self.refuse(UnrecognizedEntity, commands.Signal("E"), "E")
        told = await self.send(commands.ProtocolInfo([1, 2]))
        self.assertEqual((told.protocol_version, told.methods), (1, ("COOKIE", "SAFECOOKIE")))
        self.assertEqual(told.cookie_file, f"{self.directory}/data/control_auth_cookie".encode())
        await self.send(commands.Quit())

    async def test_circuits_and_streams(self) -> None:
        """
        Case 12: without a network there are none; Tor's words are told.
        """
        await self.refuse(InternalTorError, commands.ExtendCircuit(), "551 Couldn't start circuit")
        await self.refuse(UnrecognizedEntity, commands.ExtendCircuit(0, ["nick"], "controller"), 'No such router "nick"')
        await self.refuse(UnrecognizedEntity, commands.ExtendCircuit(5, [NOBODY]), 'Unknown circuit "5"')
        await self.refuse(UnrecognizedEntity, commands.ExtendCircuit(0, [], "x"), 'Unknown purpose "x"')
        await self.refuse(UnrecognizedEntity, commands.SetCircuitPurpose(5, "general"), "Unknown circuit")
        await self.refuse(UnrecognizedEntity, commands.CloseCircuit("aB5", if_unused=True), "Unknown circuit")
        await self.refuse(UnrecognizedEntity, commands.AttachStream(5, 0, 2), "Unknown stream")
        await self.refuse(UnrecognizedEntity, commands.RedirectStream(5, "a.example", 80), "Unknown stream")
        await self.refuse(UnrecognizedEntity, commands.CloseStream(5, "TIMEOUT", ["x"]), "Unknown stream")

    async def test_names(self) -> None:
        """
        Case 13: outcomes of several mappings in one reply; a resolution is answered at once and found by its mapping.
        """
        told = await self.send(
            commands.MapAddress({"a.example": "b.example", ".": "c.example", "*.x": "*.y", "x": "*.y", "0.0.0.0": "d.example"})
        )
        self.assertEqual(told["a.example"], AddressMapping("a.example", "b.example"))
        invented = told["."]
        self.assertIsInstance(invented, AddressMapping)
        self.assertTrue(isinstance(invented, AddressMapping) and invented.original.endswith(".virtual"))
        self.assertIsInstance(told["x"], ArgumentSyntaxError)
        key = "address-mappings/control"
        mappings = parse_info(key, (await self.send(GetInfo([key])))[key])
        self.assertIn(AddressMapping("a.example", "b.example"), mappings)
        self.assertIn(invented, mappings)
        await self.send(commands.MapAddress({"a.example": "a.example"}))
        await self.send(commands.Resolve(["c.example", "d.example"]))
        await self.send(commands.Resolve(["127.0.0.1"], reverse=True))

    async def test_descriptors(self) -> None:
        """
        What is no descriptor is refused, and obsolete is obsolete.
        """
        await self.refuse(InvalidDescriptor, commands.PostDescriptor("", "general", cache=True), "Couldn't parse")
        await self.refuse(InvalidDescriptor, commands.PostDescriptor("router\n.\nQUIT\n"), "Couldn't parse")
        await self.refuse(UnrecognizedEntity, commands.PostDescriptor("router", "x"), "Unknown purpose")
        await self.refuse(UnimplementedCommand, commands.SetRouterPurpose(NOBODY, "general"), "obsolete")
        await self.refuse(InvalidDescriptor, commands.HsPost("", ONION), "Invalid descriptor")
        await self.refuse(UnrecognizedEntity, commands.HsPost("x", ONION, [NOBODY]), "not found")
        await self.refuse(UnrecognizedEntity, commands.HsFetch(ONION, [NOBODY]), "not found")
        await self.send(commands.HsFetch(ONION))

    async def test_onion_services(self) -> None:
        """
        Cases 8, 100, 101 and 104: targets of every kind, the same address from the same key, a collision, all options, the end.
        """
        ports: list[commands.Port] = [80, "81,8081", (82, "127.0.0.1:8082"), (83, "[::1]:8083"), (84, "unix:/a,b")]
        made = await self.send(commands.AddOnion(ports=ports))
        self.assertIsNotNone(made.private_key)
        key = made.private_key or ""
        await self.refuse(UnspecifiedTorError, commands.AddOnion(key, [80]), "collision")
        await self.send(commands.DelOnion(made.service_id.upper() + ".onion"))
        await self.refuse(UnrecognizedEntity, commands.DelOnion(made.service_id))
        again = await self.send(commands.AddOnion(key.rstrip("="), [80]))
        self.assertEqual((again.service_id, again.private_key, again.others), (made.service_id, None, ()))
        full = await self.send(
            commands.AddOnion(
                ports=[80], flags=["discardpk", "Detach", "MaxStreamsCloseCircuit"], max_streams=65535,
                client_auth=["A" * 52, "b" * 52], pow_enabled=True, pow_queue_rate=0, pow_queue_burst=(1 << 32) - 1,
            )
        )  # fmt: skip
        self.assertEqual((full.private_key, full.client_auth), (None, ("A" * 52, "b" * 52)))
        told = await self.send(GetInfo(["onions/current", "onions/detached"]))
        self.assertEqual(parse_info("onions/current", told["onions/current"]), [made.service_id])
        self.assertEqual(parse_info("onions/detached", told["onions/detached"]), [full.service_id])
        await self.send(commands.DelOnion(full.service_id))
        await self.refuse(ArgumentSyntaxError, commands.AddOnion(ports=[80], flags=["NonAnonymous"]), "anonymous")
        await self.refuse(ArgumentSyntaxError, commands.AddOnion(ports=[80], flags=["BasicAuth"]), "BasicAuth")
        await self.refuse(UnrecognizedArgument, commands.AddOnion("NEW:X", [80]), "key type")

    async def test_client_authorization(self) -> None:
        """
        Case 104: added, replaced, seen, removed; every outcome is told.
        """
        self.assertEqual(await self.send(commands.OnionClientAuthView()), ())
        self.assertEqual((await self.send(commands.OnionClientAuthAdd(ONION, b"k" * 32, "b" * 16))).status, 250)
        self.assertEqual((await self.send(commands.OnionClientAuthAdd(ONION, b"l" * 32))).status, 251)
        (entry,) = await self.send(commands.OnionClientAuthView(ONION))
        self.assertEqual((entry.address, entry.client_name, entry.flags), (ONION, None, ()))
        self.assertEqual(entry.key, "x25519:bGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGw=")
        self.assertEqual((await self.send(commands.OnionClientAuthRemove(ONION))).status, 250)
        self.assertEqual((await self.send(commands.OnionClientAuthRemove(ONION))).status, 251)
        unable = commands.OnionClientAuthAdd(ONION, b"k" * 32, permanent=True)
        await self.refuse(InvalidConfigurationValue, unable, "Unable to store")
        zero = commands.OnionClientAuthAdd(ONION, b"\0" * 32)
        await self.refuse(InvalidConfigurationValue, zero, 'Invalid private key "[hidden]"')
        await self.refuse(UnrecognizedEntity, commands.OnionClientAuthAdd(ONION, "x448:AAAA"), "key type")

    async def test_longest(self) -> None:
        """
        Case 7: the longest command of either kind is read by Tor; one byte more is refused here, since Tor would hang up.
        """
        await self.refuse(UnrecognizedEntity, GetInfo(["a" * (MAX_COMMAND_SIZE - 10)]), "Unrecognized key")
        overhead = len(commands.PostDescriptor("x").to_wire()) - 1
        await self.refuse(InvalidDescriptor, commands.PostDescriptor("x" * (MAX_COMMAND_SIZE - overhead)))
        await self.refuse(UnrecognizedEntity, commands.Signal("x"))

    async def test_one_more_than_longest(self) -> None:
        """
        Case 7: what Tor does at one byte more, by which `MAX_COMMAND_SIZE` is known to be right.
        """

        class TooLong(GetInfo):
            def to_wire(self) -> bytes:
                return b"GETINFO " + b"a" * (MAX_COMMAND_SIZE - 9) + b"\r\n"

        error: object = await self.assertFailure(self.send(TooLong(["x"])), ProtocolSyntaxError, Disconnected)
        self.assertTrue(isinstance(error, Disconnected) or "Line too long." in str(error))

    async def test_raw(self) -> None:
        """
        Commands as text.
        """
        told = await self.send(commands.RawCommand("getinfo  version "))
        self.assertTrue(told.lines[0].text.startswith("version="))
        with open(self.torrc, encoding="utf-8") as file:
            await self.send(commands.RawCommand("+LOADCONF", file.read()))


class InfoTests(LoneTorTestCase):
    """
    GETINFO's keys.
    """

    #: What to ask for, of keys that stand for many.
    EXAMPLES = {
        "net/listeners/*": "net/listeners/control",
        "ip-to-country/*": "ip-to-country/127.0.0.1",
        "md/id/*": f"md/id/{NOBODY}",
        "ns/purpose/*": "ns/purpose/general",
        "hs/client/desc/id*": f"hs/client/desc/id/{ONION}",
    }

    async def test_every_key(self) -> None:
        """
        Every key of `INFO_KEYS` is answered with a value of its type, or refused; and Tor has no key that is not there.
        """
        values = 0
        for name in INFO_KEYS:
            key = self.EXAMPLES.get(name, name).removesuffix("*")
            for pattern in ("<fp>", "<sk>", "<desc>"):
                key = key.replace(pattern, "A" * 40)
            try:
                told = await self.send(GetInfo([key]))
            except TorRefused as error:
                self.assertIn(error.status, (551, 552))
            else:
                parse_info(key, told[key])
                values += 1
        self.assertGreater(values, 60)
        names = parse_info("info/names", (await self.send(GetInfo(["info/names"])))["info/names"])
        self.assertEqual({name.name for name in names} - set(INFO_KEYS), set())

    async def test_types(self) -> None:
        """
        Some values whose content is known.
        """
        keys = ["process/pid", "config-file", "net/listeners/control", "dormant", "traffic/read", "circuit-status", "version"]
        told = await self.send(GetInfo(keys))
        self.assertEqual(list(told), keys)
        values = {key: parse_info(key, value) for key, value in told.items()}
        self.assertIsInstance(values["process/pid"], int)
        self.assertEqual(values["config-file"], self.torrc)
        self.assertEqual(values["net/listeners/control"], [f"unix:{self.directory}/control"])
        self.assertEqual((values["dormant"], values["circuit-status"]), (False, []))
        self.assertEqual(values["version"], self.protocol.version)

    async def test_refused(self) -> None:
        """
        Case 12: one unknown key, and one that Tor cannot tell.
        """
        await self.refuse(UnrecognizedEntity, GetInfo(["version", "bogus"]), 'Unrecognized key "bogus"')
        await self.refuse(InternalTorError, GetInfo(["version", "address"]), "Address unknown")
        await self.refuse(UnrecognizedEntity, GetInfo(["VERSION"]), "VERSION")
