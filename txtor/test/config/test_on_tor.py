# -*- test-case-name: txtor.test.config.test_on_tor -*-
"""
The configuration of a real Tor that has no network.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from twisted.internet.utils import getProcessOutputAndValue

from txtor.config import HiddenService, TorConfig, Torrc
from txtor.config._units import BYTES, MILLISECONDS, SECONDS
from txtor.errors import (
    Disconnected,
    InternalTorError,
    InvalidArgument,
    InvalidConfigurationValue,
    OnionKeyFileUnusable,
    TorRefused,
    UnrecognizedArgument,
)
from txtor.onion import check_onion_directory
from txtor.test.commands.lone_tor import LoneTorTestCase, reactor


class ConfigTestCase(LoneTorTestCase):
    """
    Each test has a Tor of its own and its configuration.

    :ivar config: it.
    """

    async def setUp(self) -> None:  # type: ignore[override]  # trial takes coroutines
        """
        Start Tor and read its configuration.
        """
        await super().setUp()
        self.config = await TorConfig.from_protocol(self.protocol, check_keys=check_onion_directory)

    async def got(self, *options: str) -> list[Any]:
        """
        What Tor says of some options, by another connection.
        """
        values = await (await self.connect()).get_conf(*options)
        return [values[option] for option in options]

    def place(self, name: str) -> str:
        """
        A path in the directory of the test.
        """
        return os.path.join(self.directory, name)


class ReadingTests(ConfigTestCase):
    """
    What a real Tor has.
    """

    async def test_every_option(self) -> None:
        """
        Case 74: each option of this Tor has a value of its type, and a default that is one.
        """
        types: dict[str, Any] = {
            "Boolean": bool, "Boolean+Auto": (bool, str), "Integer": int, "SignedInteger": int, "Float": float,
            "TimeInterval": int, "TimeMsecInterval": int, "DataSize": int, "String": (str, type(None)),
            "Filename": (str, type(None)),
        }
        self.assertGreater(len(self.config), 300)
        for option in self.config:
            value, default = self.config[option], self.config.get_default(option)
            kind = types.get(self.config.get_type(option))
            if kind is None:
                self.assertEqual(list(value), value)
                self.assertIsInstance(default, tuple, option)
                continue
            self.assertIsInstance(value, kind, option)
            self.assertNotIn(value if kind == (bool, str) else None, ("0", "1"))
            if default is not None:
                self.assertIsInstance(default, kind, option)
        self.assertEqual((self.config.socksport, self.config.DISABLENETWORK, self.config.NumCPUs), (["0"], True, 0))
        self.assertFalse(hasattr(self.config, "Nope"))
        given = {
            "ControlSocket", "CookieAuthentication", "DataDirectory", "DisableNetwork", "Log", "SocksPort",
            "__OwningControllerProcess",
        }
        chosen_by_tor = {"CacheDirectory", "KeyDirectory", "FamilyKeyDirectory"}
        self.assertEqual(set(self.config.difference()) - chosen_by_tor, given)

    async def test_units(self) -> None:
        """
        Case 74: a real Tor takes each unit for as much as txtor does, and knows no other.
        """
        for option, number, units in (
            ("SSLKeyLifetime", 3, SECONDS), ("AccountingMax", 8, BYTES), ("MaxOnionQueueDelay", 2, MILLISECONDS)
        ):
            for unit in units:
                if units is MILLISECONDS and "month" in unit:  # more than the type holds
                    continue
                self.config[option] = f"{number}{unit.upper()}"
                meant = self.config[option]
                await self.protocol.set_conf(option, f"{number} {unit}")
                self.assertEqual(await self.protocol.get_conf_single(option), str(meant), unit)
            for unit in {"bit", "k", "g", "msecs", "sec", "min", "m", "month", "msec"} - set(units):
                self.assertRaises(InvalidArgument, self.config.__setitem__, option, f"1 {unit}")
                await self.assertFailure(self.protocol.set_conf(option, f"1 {unit}"), UnrecognizedArgument)
        self.assertFalse(self.config.needs_save())

    async def test_port_lines(self) -> None:
        """
        Case 65: lines of SocksPort with flags and a quoted unix socket come back as they were set.
        """
        lines = ["9050 IsolateDestAddr", f'unix:"{self.place("a b")}" IsolateDestPort']
        self.config.SocksPort = lines
        await self.config.save()
        self.assertEqual(await self.got("SocksPort"), [lines])
        self.assertEqual(self.config.SocksPort, lines)

    async def test_torrc(self) -> None:
        """
        Case 76: the torrc of a live configuration is one that Tor takes.
        """
        async with self.config.transaction() as change:
            change.ContactInfo = ' a "quoted" # text\n'
            change.ExitPolicy = ["accept *:80", "reject *:*"]
            change.MaxCircuitDirtiness = "20 minutes"
            change.EntryNodes = ["{us}", "$" + "A" * 40]
            change.HiddenServices.append(
                HiddenService(self.place("hs"), [80, (81, f'unix:"{self.place("a b=c")}"')], {"HiddenServiceMaxStreams": 4})
            )
        text = self.config.create_torrc()
        path = self.place("made")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        arguments = ["--verify-config", "-f", path, "--defaults-torrc", path + "-none", "--ignore-missing-torrc"]
        output, errors, status = await getProcessOutputAndValue(
            shutil.which("tor") or "", arguments, {"HOME": self.directory}, reactor=reactor
        )
        self.assertEqual((errors, status), (b"", 0), output)
        self.assertIn(b"Configuration was valid", output)
        torrc = Torrc.parse(text)
        self.assertEqual(torrc.get("contactinfo"), [' a "quoted" # text\n'])
        self.assertEqual(torrc.get("HiddenServiceMaxStreams"), ["4"])
        self.assertNotIn("__OwningControllerProcess", text)

    async def test_same_torrc(self) -> None:
        """
        What txtor reads in a torrc is what Tor reads there.
        """
        fixed = "".join(
            line.text for line in Torrc.parse(Path(self.torrc).read_bytes()) if line.name != "Log"
        )
        for text, option in (
            ("ContactInfo a b  # c\n", "ContactInfo"),
            ("ContactInfo \\\n  a \\\n# c\n b \\ \n", "ContactInfo"),
            ('ContactInfo "a\\"b # \\303\\251" # c\n', "ContactInfo"),
            ("Contact\\\nInfo x\n", "Contact"),
            ("Log notice stdout\r\n  Log\twarn stderr\n", "Log"),
            ("ContactInfo a\\b \\n # \\\nNickname x", "ContactInfo"),
            ("Nickname # c\\\nContactInfo \\\n\n", "Nickname"),
            ("ContactInfo a \\\n # b # c\n  d # e \\\n f\\\n\n", "ContactInfo"),
        ):
            expected = Torrc.parse(text).get(option)
            await self.config.load(fixed + text)
            found = await self.protocol.get_conf_list(option if option != "Contact" else "ContactInfo")
            self.assertEqual(found, [value for value in expected if value], text)


class ChangingTests(ConfigTestCase):
    """
    What a real Tor takes and refuses.
    """

    async def test_refused(self) -> None:
        """
        Case 69: of a refused save nothing is left, here and there; the option is named, and one that is fixed is told so.
        """
        before = await self.got("ContactInfo", "MaxCircuitDirtiness", "DataDirectory")
        for changes, kind, words in (
            ({"ContactInfo": "x", "ExitPolicy": ["nonsense"]}, UnrecognizedArgument, "ExitPolicy"),
            ({"ContactInfo": "x", "DataDirectory": self.place("other")}, InvalidConfigurationValue, "must be started anew"),
            ({"ContactInfo": "x", "Nickname": "not a nickname"}, UnrecognizedArgument, "Nickname"),
            ({"BandwidthRate": "3 TB", "ContactInfo": "x"}, UnrecognizedArgument, "BandwidthRate"),
        ):
            for option, value in changes.items():
                self.config[option] = value
            error: Any = await self.assertFailure(self.config.save(), TorRefused)
            self.assertIs(type(error), kind)
            self.assertIn(words, str(error))
            self.assertFalse(self.config.needs_save())
            self.assertEqual([self.config.ContactInfo, self.config.ExitPolicy], [None, []])
            self.assertEqual(await self.got("ContactInfo", "MaxCircuitDirtiness", "DataDirectory"), before)
        self.config.MaxCircuitDirtiness = "11 minutes"
        await self.config.save()
        self.assertEqual(await self.got("MaxCircuitDirtiness"), ["660"])

    async def test_empty_lists(self) -> None:
        """
        Case 67: lists that are emptied are empty in Tor; no SocksPort is none and not the default.
        """
        async with self.config.transaction() as change:
            change.ExitPolicy = ["reject *:*"]
            change.ExitNodes = "{us},{de}"
            change.LongLivedPorts = [80]
            change.SocksPort = ["auto"]
        options = ("ExitPolicy", "ExitNodes", "LongLivedPorts", "SocksPort")
        self.assertEqual(await self.got(*options), ["reject *:*", "{us},{de}", "80", "auto"])
        del self.config.ExitPolicy[0]
        self.config.ExitNodes.clear()
        self.config.LongLivedPorts = None
        self.config.SocksPort.pop()
        await self.config.save()
        self.assertEqual(await self.got(*options), [None, None, None, "0"])
        self.assertEqual([self.config.ExitPolicy, self.config.ExitNodes, self.config.LongLivedPorts], [[], [], []])

    async def test_others_change(self) -> None:
        """
        Case 66: what another controller does is followed: one value left in a list, a port reset, two lists that are one.
        """
        other = await self.connect()
        self.config.SocksPort = ["9050", "9051"]
        self.config.Log.append("warn stderr")
        await self.config.save()
        ports = self.config.SocksPort
        await other.set_conf("SocksPort", "9052", "MaxCircuitDirtiness", "2 hours")
        await self.protocol.get_info("version")  # CONF_CHANGED is there, and the question that it caused is sent
        await self.protocol.get_info("version")
        self.assertEqual((ports, self.config.MaxCircuitDirtiness), (["9052"], 7200))
        await other.reset_conf("SocksPort", "MaxCircuitDirtiness")
        await self.protocol.get_info("version")
        await self.protocol.get_info("version")
        self.assertEqual((ports, self.config.MaxCircuitDirtiness), ([], 600))
        await other.set_conf("__SocksPort", "9060", "SocksPort", "9061")
        await self.protocol.get_info("version")
        await self.protocol.get_info("version")
        self.config.SocksPort.append("9062")
        await self.config.save()
        self.assertEqual(await self.got("SocksPort", "__SocksPort"), [["9061", "9062"], "9060"])
        self.assertEqual(self.config["__SocksPort"], ["9060"])
        self.config.SocksPort.clear()
        await self.config.save()
        self.assertEqual(await self.got("SocksPort", "__SocksPort"), [None, "9060"])
        self.config["__SocksPort"].clear()
        self.config.SocksPort.append("9063")
        await self.config.save()
        self.assertEqual(await self.got("SocksPort", "__SocksPort"), ["9063", None])

    async def test_reset_save_load(self) -> None:
        """
        Case 77: RESETCONF, SAVECONF and LOADCONF, which the live configuration follows.
        """
        self.config.ContactInfo = "somebody"
        self.config.MaxCircuitDirtiness = 700
        await self.config.save()
        await self.config.reset("contactinfo")
        self.assertEqual((self.config.ContactInfo, self.config.MaxCircuitDirtiness), (None, 700))
        with open(self.torrc, encoding="utf-8") as file:
            before = file.read()
        await self.config.save_conf()
        with open(self.torrc, encoding="utf-8") as file:
            written = Torrc.parse(file.read())
        self.assertEqual(written.get("MaxCircuitDirtiness"), ["700"])
        await self.config.load(before + "Nickname loaded\n")
        self.assertEqual((self.config.Nickname, self.config.MaxCircuitDirtiness), ("loaded", 600))
        await self.assertFailure(self.config.load("Bogus 1\n" + before), TorRefused)
        await self.assertFailure(self.config.load(f"{before}HiddenServiceDir /no/where\nHiddenServicePort 80\n"), InvalidArgument)
        self.assertEqual(self.config.Nickname, "loaded")
        os.mkdir(self.place("included"))
        with open(self.torrc, "a", encoding="utf-8") as file:
            file.write(f"%include {self.place('included')}\n")
        await self.protocol.signal("RELOAD")
        await self.assertFailure(self.config.save_conf(), InternalTorError)
        await self.config.save_conf(force=True)


class ServicesTests(ConfigTestCase):
    """
    Onion services of a real Tor.
    """

    async def test_others_are_kept(self) -> None:
        """
        Case 68: a service is added, and each option of those that there are stays, also those that txtor knows nothing of.
        """
        first = [
            ("HiddenServiceDir", self.place("one")), ("HiddenServicePort", "80 127.0.0.1:8080"), ("HiddenServiceMaxStreams", "5"),
            ("HiddenServicePoWDefensesEnabled", "1"), ("HiddenServicePort", f'81 unix:"{self.place("a b=c")}"'),
            ("HiddenServiceNumIntroductionPoints", "5"), ("HiddenServiceExportCircuitID", "haproxy"),
            ("HiddenServicePoWQueueRate", "200"), ("HiddenServiceDir", self.place("two")), ("HiddenServicePort", "22"),
        ]
        pairs = [text for pair in first for text in pair]
        await (await self.connect()).set_conf(*pairs)
        await self.config.refresh()
        self.assertEqual([service.directory for service in self.config.HiddenServices], [self.place("one"), self.place("two")])
        self.assertEqual([line for service in self.config.HiddenServices for line in service.pairs()], first)
        self.config.HiddenServices.append(HiddenService(self.place("three"), [(80, 8080)], {"HiddenServiceMaxStreams": 7}))
        await self.config.save()
        answer = await self.protocol.get_conf_raw("HiddenServiceOptions")
        added = [("HiddenServiceDir", self.place("three")), ("HiddenServicePort", "80 8080"), ("HiddenServiceMaxStreams", "7")]
        self.assertEqual(answer.split("\n"), [f"{name}={value}" for name, value in [*first, *added]])
        self.assertTrue(os.path.exists(self.place("three/hostname")))
        services = self.config.HiddenServices
        services[0] = services[0].changed({"hiddenservicemaxstreams": 9})
        del services[1]
        await self.config.save()
        self.assertEqual([service.get("HiddenServiceMaxStreams") for service in self.config.HiddenServices], [("9",), ("7",)])
        first[2] = ("HiddenServiceMaxStreams", "9")
        self.assertEqual(self.config.HiddenServices[0].pairs(), first[:8])

    async def test_last_one(self) -> None:
        """
        Case 67: when the last service is removed, Tor has none; reset does the same.
        """
        for remove in (self.config.HiddenServices.clear, lambda: None):
            self.config.HiddenServices = [HiddenService(self.place("one"), [80])]
            await self.config.save()
            answer = await self.protocol.get_conf_raw("HiddenServiceOptions")
            self.assertEqual(answer, f"HiddenServiceDir={self.place('one')}\nHiddenServicePort=80")
            remove()
            await self.config.save()
            await self.config.reset("HiddenServices")
            self.assertEqual(self.config.HiddenServices, [])
            self.assertEqual(await self.protocol.get_conf_raw("HiddenServiceOptions"), "HiddenServiceOptions")

    async def test_impossible(self) -> None:
        """
        Case 71: what would end Tor is caught before it is sent, what Tor refuses is forgotten, and later saves work.
        """
        open(self.place("file"), "w", encoding="utf-8").close()
        os.mkdir(self.place("open"), 0o755)
        os.chmod(self.place("open"), 0o755)
        os.mkdir(self.place("broken"), 0o700)
        with open(self.place("broken/hs_ed25519_secret_key"), "wb") as file:
            file.write(b"not a key")
        for name, kind in (
            ("missing/one", InvalidArgument), ("file", InvalidArgument), ("file/one", InvalidArgument), ("open", InvalidArgument),
            ("broken", OnionKeyFileUnusable),
        ):
            self.config.HiddenServices.append(HiddenService(self.place(name), [80]))
            await self.assertFailure(self.config.save(), kind)
            self.assertEqual((self.config.HiddenServices, self.config.needs_save()), ([], False))
        self.config.HiddenServices.append(HiddenService("relative", [80]))
        await self.assertFailure(self.config.save(), InvalidArgument)
        self.config.HiddenServices.append(HiddenService(self.place("one"), [80], {"HiddenServiceNumIntroductionPoints": 99}))
        error: Any = await self.assertFailure(self.config.save(), UnrecognizedArgument)
        self.assertIn("in a change of HiddenServices", str(error))
        self.config.HiddenServices.append(HiddenService(self.place("one"), [80]))
        await self.config.save()
        self.assertEqual(len(self.config.HiddenServices), 1)

    async def test_tor_exits(self) -> None:
        """
        Where the directory cannot be looked at from here and Tor does exit, it is said what has happened.
        """
        config = await TorConfig.from_protocol(self.protocol, local_files=False)
        config.HiddenServices.append(HiddenService(self.place("missing/one"), [80]))
        error: Any = await self.assertFailure(config.save(), Disconnected)
        self.assertIn("cannot make or use the directory of an onion service", str(error))
        await self.tor.ended

    async def test_other_user(self) -> None:
        """
        A directory of another user is not given to Tor.
        """
        if os.geteuid() == 0:
            os.mkdir(self.place("theirs"), 0o700)
            os.chown(self.place("theirs"), 65534, 65534)
            directory = self.place("theirs")
        else:
            directory = "/root/service"
        self.config.HiddenServices.append(HiddenService(directory, [80]))
        failing = self.config.save()
        await self.assertFailure(failing, InvalidArgument, TorRefused)
        self.assertEqual(await self.protocol.get_conf_raw("HiddenServiceOptions"), "HiddenServiceOptions")
