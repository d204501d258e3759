# -*- test-case-name: txtor.test.config.test_torconfig -*-
"""
Tests of `TorConfig` on a Tor in memory.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from txtor import Tor, connect
from txtor.config import HiddenService, TorConfig, Torrc
from txtor.errors import (
    Disconnected,
    InvalidArgument,
    InvalidConfigurationValue,
    MalformedDocument,
    ProtocolViolation,
    UnknownOption,
    UnrecognizedArgument,
    UnrecognizedCommand,
)
from txtor.testing import FakeTor

from .configured import ConfiguredTestCase

#: A reactor that only has a clock: the Tor is in memory.
REACTOR: Any = MemoryReactorClock()


class ReadingTests(SynchronousTestCase):
    """
    How a configuration is read.
    """

    def test_cost(self) -> None:
        """
        It costs four commands, and nothing is read before it is asked for, nor twice.
        """
        fake = FakeTor()
        tor: Tor = self.successResultOf(connect(REACTOR, fake.endpoint()))
        before = len(fake.received)
        waiting = [tor.get_config(), tor.get_config()]
        first, second = map(self.successResultOf, waiting)
        self.assertIs(first, second)
        self.assertIs(self.successResultOf(tor.get_config()), first)
        words = [line.split(" ")[0] for line in fake.received[before:]]
        self.assertEqual(words, ["GETINFO", "SETEVENTS", "GETCONF", "GETCONF"])
        self.assertIs(first.protocol, tor.protocol)

    def test_filtered(self) -> None:
        """
        A filter that does not let us read is told, whichever command it stops; nothing hangs and nothing is logged.
        """
        for keyword in ("SETEVENTS", "GETINFO", "GETCONF"):
            fake = FakeTor()
            fake.refuse(keyword, 510, "Command filtered")
            self.failureResultOf(TorConfig.from_protocol(fake.connect()), UnrecognizedCommand)
            self.assertEqual(fake.connections[0].events, frozenset(), "nobody listens any more")

    def test_disconnected(self) -> None:
        """
        The connection goes while it is read.
        """
        for keyword in ("SETEVENTS", "GETINFO", "GETCONF"):
            fake = FakeTor()
            fake.mute(keyword)
            waiting = TorConfig.from_protocol(fake.connect())
            self.assertNoResult(waiting)
            fake.drop()
            self.failureResultOf(waiting, Disconnected)

    def test_cancelled(self) -> None:
        """
        Who waits no more gets nothing, and the next one does.
        """
        fake = FakeTor()
        tor: Tor = self.successResultOf(connect(REACTOR, fake.endpoint()))
        usual = fake._answers["GETCONF"]
        fake.mute("GETCONF")
        waiting = tor.get_config()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        fake.answer("GETCONF", usual)
        again = tor.get_config()
        self.assertNoResult(again)  # the muted question stands before it
        fake.drop()
        self.failureResultOf(again, Disconnected)

    def test_nonsense(self) -> None:
        """
        A peer that tells no names of options is no Tor.
        """
        fake = FakeTor()
        fake.info["config/names"] = "one\ntwo"
        self.failureResultOf(TorConfig.from_protocol(fake.connect()), ProtocolViolation)

    def test_without_services(self) -> None:
        """
        A Tor without onion services is one all the same.
        """
        fake = FakeTor()
        for name in [name for name in fake.configuration.types if name.startswith("HiddenService")]:
            del fake.configuration.types[name]
        config: TorConfig = self.successResultOf(TorConfig.from_protocol(fake.connect()))
        self.assertNotIn("HiddenServices", config)
        self.successResultOf(config.refresh())


class SavingTests(ConfiguredTestCase):
    """
    What is sent, and what is left of it.
    """

    def test_one_command(self) -> None:
        """
        Several options go in one SETCONF, and what Tor made of them is read.
        """
        self.config.Nickname = 'a" ContactInfo="evil'
        self.config.EntryNodes = ["{us}", "{de}"]
        self.config.UseBridges = True
        self.save()
        self.assertEqual(self.sent("SETCONF"), ['Nickname="a\\" ContactInfo=\\"evil" EntryNodes="{us},{de}" UseBridges="1"'])
        self.assertEqual(self.sent("GETCONF"), ["Nickname EntryNodes UseBridges"])
        self.assertEqual((self.config.EntryNodes, self.config.UseBridges), (["{us}", "{de}"], True))
        self.assertIsNone(self.config.ContactInfo)

    def test_nothing_to_save(self) -> None:
        """
        Case 70: nothing is sent.
        """
        self.save()
        self.assertEqual(self.tor.received, [])

    def test_refused(self) -> None:
        """
        Case 69: nothing has changed, here or there; the option is named.
        """
        self.config.NumCPUs = 3
        self.config.DataDirectory = "/elsewhere"
        error = self.failureResultOf(self.config.save(), InvalidConfigurationValue).value
        self.assertIn("DataDirectory", str(error))
        self.assertIn("Tor must be started anew for that", str(error))
        self.assertEqual((self.config.NumCPUs, self.config.DataDirectory, self.config.needs_save()), (0, None, False))
        self.config.NumCPUs = 4
        self.save()
        self.assertEqual(self.config.NumCPUs, 4)

    def test_refused_without_name(self) -> None:
        """
        Case 69: where Tor names no option, those that were to be changed are named, and not their values.
        """
        self.tor.refuse("SETCONF", 513, "Unacceptable option value: No.")
        self.config.Nickname = "secret"
        error = self.failureResultOf(self.config.save(), UnrecognizedArgument).value
        self.assertEqual(error.text, "Unacceptable option value: No. (in a change of Nickname)")
        self.assertEqual(error.lines, ((513, "Unacceptable option value: No."),))

    def test_change_while_saving(self) -> None:
        """
        Case 69: what is set while a save is under way stays unsaved, also when it is what Tor had before.
        """
        answer = self.hold()
        self.config.Nickname = "first"
        self.config.ContactInfo = "me"
        saving = self.config.save()
        self.assertNoResult(saving)
        self.assertEqual((self.config.Nickname, self.config.needs_save()), ("first", False))
        self.config.Nickname = "second"
        self.config.ContactInfo = None
        self.assertEqual(self.config.changes(), {"Nickname": "second", "ContactInfo": None})
        answer()
        self.successResultOf(saving)
        self.assertEqual(self.tor.configuration.get("Nickname"), ["first"])
        self.assertEqual(self.config.changes(), {"Nickname": "second", "ContactInfo": None})
        self.save()
        self.assertEqual([self.tor.configuration.get(name) for name in ("Nickname", "ContactInfo")], [["second"], []])

    def test_change_while_a_refused_save(self) -> None:
        """
        Case 69: of the refused save nothing is left, and the later change is still unsaved.
        """
        answer = self.hold()
        self.config.Nickname = "first"
        self.config.DataDirectory = "/elsewhere"
        saving = self.config.save()
        self.config.ContactInfo = "me"
        answer()
        self.failureResultOf(saving, InvalidConfigurationValue)
        self.assertEqual((self.config.Nickname, self.config.changes()), (None, {"ContactInfo": "me"}))
        self.save()

    def test_two_saves(self) -> None:
        """
        A save waits for the one before, and sends what was set since.
        """
        answer = self.hold()
        self.config.Nickname = "first"
        first = self.config.save()
        self.config.Nickname = "second"
        second, third = self.config.save(), self.config.save()
        answer()
        for saving in (first, second, third):
            self.successResultOf(saving)
        self.assertEqual(self.sent("SETCONF"), ['Nickname="first"', 'Nickname="second"'])
        self.assertEqual(self.config.Nickname, "second")

    def test_cancelled(self) -> None:
        """
        A save that is cancelled is carried out all the same, as every command that was sent, and its effect is followed.
        """
        answer = self.hold()
        self.config.Nickname = "first"
        saving = self.config.save()
        saving.cancel()
        self.failureResultOf(saving, CancelledError)
        self.assertEqual((self.config.Nickname, self.config.needs_save()), (None, False))
        answer()
        self.assertEqual(self.config.Nickname, "first")

    def test_disconnected(self) -> None:
        """
        The connection goes while it is saved, or is gone.
        """
        self.hold()
        self.config.Nickname = "first"
        saving = self.config.save()
        self.tor.drop()
        self.failureResultOf(saving, Disconnected)
        self.config.Nickname = "first"
        self.failureResultOf(self.config.save(), Disconnected)

    def test_too_long(self) -> None:
        """
        What is too long for Tor is refused before it is sent, and forgotten.
        """
        self.config.ContactInfo = "x" * (1 << 20)
        self.failureResultOf(self.config.save(), InvalidArgument)
        self.assertEqual((self.config.ContactInfo, self.sent("SETCONF")), (None, []))


class ServicesTests(ConfiguredTestCase):
    """
    Onion services; those of a real Tor are in ``test_on_tor``.
    """

    def test_whole(self) -> None:
        """
        Case 68: to add one, all are sent, each with all of its lines in order.
        """
        self.tor.configuration.types["HiddenServiceNewerOption"] = "Dependent"
        pairs = [
            ("HiddenServiceDir", "/tmp/one"), ("HiddenServiceNewerOption", 'a "b"'), ("HiddenServicePort", "80"),
            ("HiddenServiceNewerOption", "c"), ("HiddenServiceDir", "/tmp/two"), ("HiddenServicePort", "81 1.2.3.4:5"),
        ]
        self.tor.configuration.change(pairs, reset=False)
        self.successResultOf(self.config.refresh())
        self.tor.received.clear()
        self.config.HiddenServices.append(HiddenService("/tmp/three", [(82, 8082)]))
        self.save()
        expected = [*pairs, ("HiddenServiceDir", "/tmp/three"), ("HiddenServicePort", "82 8082")]
        self.assertEqual([pair for service in self.config.HiddenServices for pair in service.pairs()], expected)
        self.assertEqual(self.tor.configuration._services, expected)

    def test_failed(self) -> None:
        """
        Case 71: of a service that could not be added nothing is left, and later saves work.
        """
        self.config.HiddenServices.append(HiddenService("/no/such/place", [80]))
        error = self.failureResultOf(self.config.save(), InvalidArgument).value
        self.assertIn("/no/such does not exist", str(error))
        self.assertEqual((self.sent("SETCONF"), self.config.HiddenServices), ([], []))
        self.tor.refuse("SETCONF", 513, "Unacceptable option value: Failed to configure rendezvous options.")
        self.config.HiddenServices.append(HiddenService("/tmp/one", [80]))
        self.failureResultOf(self.config.save(), UnrecognizedArgument)
        self.assertEqual((self.config.HiddenServices, self.config.needs_save()), ([], False))
        self.tor.answer("SETCONF", FakeTor()._answers["SETCONF"])
        self.config.HiddenServices.append(HiddenService("/tmp/two", [80]))
        self.save()
        self.assertEqual(self.tor.configuration.get("HiddenServiceDir"), ["/tmp/two"])

    def test_elsewhere(self) -> None:
        """
        The files of a Tor on another machine are not looked for on this one.
        """
        config: TorConfig = self.successResultOf(TorConfig.from_protocol(self.tor.connect(), local_files=False))
        config.HiddenServices.append(HiddenService("/no/such/place", [80]))
        self.successResultOf(config.save())
        self.assertEqual(self.config.HiddenServices, config.HiddenServices)

    def test_keys_are_checked(self) -> None:
        """
        The function that checks keys is asked for each service, and what it raises stops the save.
        """
        asked: list[Any] = []

        def check(directory: str, group_readable: bool) -> None:
            asked.append((directory, group_readable))
            raise InvalidArgument("no")

        self.tor.info["process/uid"] = str(os.geteuid())
        place = os.path.abspath(self.mktemp())
        os.makedirs(place)
        config: TorConfig = self.successResultOf(TorConfig.from_protocol(self.tor.connect(), check_keys=check))
        config.HiddenServices.append(HiddenService(f"{place}/one", [80], {"HiddenServiceDirGroupReadable": True}))
        self.assertEqual(str(self.failureResultOf(config.save(), InvalidArgument).value), "no")
        self.assertEqual(asked, [(f"{place}/one", True)])
        self.assertEqual(self.sent("SETCONF"), [])

    def test_last_one(self) -> None:
        """
        Case 67: when the last is removed, Tor has none.
        """
        self.config.HiddenServices.append(HiddenService("/tmp/one", [80]))
        self.save()
        del self.config.HiddenServices[0]
        self.save()
        self.assertEqual(self.sent("SETCONF")[-1], "HiddenServiceDir")
        self.assertEqual(self.tor.configuration._services, [])


class TransactionTests(ConfiguredTestCase):
    """
    Changes that belong together.
    """

    def test_all_at_once(self) -> None:
        """
        One SETCONF at the end; before it nothing has changed, and what waits elsewhere still waits.
        """

        async def change() -> None:
            async with self.config.transaction() as change:
                change.Nickname = "me"
                change.SocksPort.append("9051")
                self.assertEqual((change.Nickname, self.config.Nickname, self.config.SocksPort), ("me", None, ["9050"]))
                self.assertEqual(self.tor.received, [])

        self.config.ContactInfo = "waits"
        self.await_(change())
        self.assertEqual(self.sent("SETCONF"), ['Nickname="me" SocksPort="9050" SocksPort="9051"'])
        self.assertEqual((self.config.Nickname, self.config.changes()), ("me", {"ContactInfo": "waits"}))

    def test_raised(self) -> None:
        """
        Where the block raises, nothing is sent.
        """

        async def change() -> None:
            async with self.config.transaction() as change:
                change.Nickname = "me"
                change.NumCPUs = "many"

        self.failureResultOf(Deferred.fromCoroutine(change()), InvalidArgument)
        self.assertEqual((self.tor.received, self.config.Nickname, self.config.needs_save()), ([], None, False))

    def test_refused(self) -> None:
        """
        Where Tor refuses, nothing has changed, and the next one works.
        """

        async def change(option: str, value: object) -> None:
            async with self.config.transaction() as change:
                change.Nickname = "me"
                change[option] = value

        self.failureResultOf(Deferred.fromCoroutine(change("DataDirectory", "/x")), InvalidConfigurationValue)
        self.assertEqual((self.config.Nickname, self.config.DataDirectory), (None, None))
        self.await_(change("ContactInfo", "x"))
        self.assertEqual(self.config.Nickname, "me")

    def test_save_inside(self) -> None:
        """
        A save inside of a transaction does not wait for it, nor does another transaction.
        """

        async def change() -> None:
            async with self.config.transaction() as outer:
                outer.HiddenServices.append(HiddenService("/tmp/outer", [80]))
                self.config.Nickname = "inside"
                await self.config.save()
                async with self.config.transaction() as inner:
                    inner.HiddenServices.append(HiddenService("/tmp/inner", [80]))

        self.await_(change())
        self.assertEqual(self.config.Nickname, "inside")
        self.assertEqual({service.directory for service in self.config.HiddenServices}, {"/tmp/inner", "/tmp/outer"})


class OrdersTests(ConfiguredTestCase):
    """
    RESETCONF, LOADCONF, SAVECONF, and what follows from them.
    """

    def test_reset(self) -> None:
        """
        Case 77: options have their defaults again, and what waited for them is forgotten.
        """
        self.config.MaxCircuitDirtiness = 700
        self.save()
        self.config.MaxCircuitDirtiness = 800
        self.successResultOf(self.config.reset("maxcircuitdirtiness", "MaxCircuitDirtiness", "hiddenservices"))
        self.assertEqual(self.sent("RESETCONF"), ["MaxCircuitDirtiness HiddenServiceDir"])
        self.assertEqual((self.config.MaxCircuitDirtiness, self.config.needs_save()), (600, False))
        self.successResultOf(self.config.reset())
        self.assertEqual(len(self.sent("RESETCONF")), 1)

    def test_load(self) -> None:
        """
        Case 77: a torrc replaces everything, and the configuration follows.
        """
        self.config.MaxCircuitDirtiness = 700
        self.save()
        services = "HiddenServiceDir /tmp/one\nHiddenServicePort 80\n"
        for torrc in (f"Nickname me # x\n{services}", b"Nickname me", Torrc.parse("nickname me")):
            self.successResultOf(self.config.load(torrc))
            self.assertEqual((self.config.Nickname, self.config.MaxCircuitDirtiness), ("me", 600))
        self.failureResultOf(self.config.load('Nickname "me'), MalformedDocument)
        self.failureResultOf(self.config.load("HiddenServiceDir /no/such/place\nHiddenServicePort 80"), InvalidArgument)
        self.failureResultOf(self.config.load("HiddenServicePort 80\nHiddenServiceDir /tmp/one"), UnrecognizedArgument)
        self.assertEqual((len(self.sent("LOADCONF")), self.config.HiddenServices), (4, []))

    def test_save_conf(self) -> None:
        """
        Case 77: Tor is told to write its torrc.
        """
        self.successResultOf(self.config.save_conf())
        self.successResultOf(self.config.save_conf(force=True))
        self.assertEqual(self.tor.received, ["SAVECONF", "SAVECONF FORCE"])

    def test_difference(self) -> None:
        """
        Only what differs from the defaults is told, what waits too; it makes a torrc.
        """
        self.assertEqual(self.config.difference(), {})
        self.config.SocksPort.append('unix:"/a b" IsolateDestPort')
        self.config.ContactInfo = "é\n"
        self.config.UseBridges = True
        self.config["__LeaveStreamsUnattached"] = 1
        self.config.HiddenServices.append(HiddenService("/a b", [80]))
        self.assertEqual(
            set(self.config.difference()),
            {"SocksPort", "ContactInfo", "UseBridges", "__LeaveStreamsUnattached", "HiddenServices"},
        )
        self.assertEqual(
            self.config.create_torrc(),
            'ContactInfo "\\303\\251\\n"\nSocksPort 9050\nSocksPort unix:"/a b" IsolateDestPort\nUseBridges 1\n'
            "HiddenServiceDir /a b\nHiddenServicePort 80\n",
        )

    def test_stop(self) -> None:
        """
        Changes are followed no more, and Tor is told.
        """
        self.successResultOf(self.config.stop())
        self.assertEqual(self.tor.received, ["SETEVENTS"])
        self.tor.configuration.change([("Nickname", "x")], reset=False)
        self.tor.emit("CONF_CHANGED", "Nickname=x")
        self.assertIsNone(self.config.Nickname)
        self.failureResultOf(self.config.reset("Nope"), UnknownOption)
