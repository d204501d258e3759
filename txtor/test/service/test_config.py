# -*- test-case-name: txtor.test.service.test_config -*-
"""
The configuration that follows a service from one Tor to the next, in memory and over real Tors.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from txtor.config import HiddenService, TorConfig
from txtor.errors import Disconnected, TorRefused, UnknownOption, UnrecognizedEntity
from txtor.test.service.test_on_tor import LaunchedTestCase
from txtor.test.service.test_service import ServiceTestCase


class FollowingTests(ServiceTestCase):
    """
    A Tor in memory that forgets everything when it restarts.
    """

    def setUp(self) -> None:
        """
        The service runs, and its configuration has been read.
        """
        super().setUp()
        self.service.startService()
        self.config: TorConfig = self.successResultOf(self.service.get_config())

    def kill(self) -> None:
        """
        The Tor is gone; what comes back is another, with a torrc of its own.
        """
        self.fake.drop()
        self.fake.configuration = type(self.fake.configuration)()
        self.fake.received.clear()

    def mute(self, keyword: str) -> Callable[[], None]:
        """
        Have Tor not answer a command, until the function that is returned is called.
        """
        usual = self.fake._answers[keyword]
        self.fake.mute(keyword)
        return lambda: self.fake.answer(keyword, usual)

    def come_back(self) -> None:
        """
        The other Tor is there.
        """
        self.clock.advance(8)
        self.assertTrue(self.service.health.is_ready)
        self.assertEqual(self.service.health.problems, ())

    def sent(self, keyword: str) -> list[str]:
        """
        What Tor was sent since it was killed.
        """
        return [line for line in self.fake.received if line.split(" ")[0] == keyword]

    def test_one_for_all(self) -> None:
        """
        Whoever asks gets the same; one that follows no more is not given out again.
        """
        both = [self.service.get_config(), self.service.get_config()]
        self.assertEqual([self.successResultOf(one) for one in both], [self.config, self.config])
        self.kill()
        self.successResultOf(self.config.stop())
        another = self.service.get_config()
        self.assertNoResult(another)
        self.come_back()
        self.assertIsNot(self.successResultOf(another), self.config)
        self.assertIsNot(self.config.protocol, self.service.tor.protocol)  # type: ignore[union-attr]  # it is there

    def test_saved_is_set_again(self) -> None:
        """
        What was saved, in any way, is set on the next Tor in one command, before it is read; what was reset is not.
        """
        self.config.ContactInfo = "a b"
        self.config.MaxCircuitDirtiness = "20 minutes"
        self.successResultOf(self.config.save())

        async def change() -> None:
            async with self.config.transaction() as change:
                change.Nickname = "x"
                change.HiddenServices.append(HiddenService("/one", [80], {"HiddenServiceMaxStreams": 4}))

        self.successResultOf(Deferred.fromCoroutine(change()))
        self.successResultOf(self.config.reset("MaxCircuitDirtiness"))
        self.kill()
        self.assertEqual((self.config.ContactInfo, len(self.config.HiddenServices)), ("a b", 1))
        self.come_back()
        service = 'HiddenServiceDir="/one" HiddenServicePort="80" HiddenServiceMaxStreams="4"'
        self.assertEqual(self.sent("SETCONF"), [f'SETCONF ContactInfo="a b" Nickname="x" {service}'])
        self.assertEqual((self.config.ContactInfo, self.config.Nickname, self.config.MaxCircuitDirtiness), ("a b", "x", 600))
        self.assertEqual(self.config.HiddenServices[0].get("HiddenServiceMaxStreams"), ("4",))

    def test_two_ways_to_set(self) -> None:
        """
        The service's ``set_conf`` and the configuration have one memory: what was set last stands.
        """
        self.successResultOf(self.service.set_conf([("ContactInfo", "first"), ("Nickname", "x")]))
        self.config.contactinfo = "second"
        self.successResultOf(self.config.save())
        self.successResultOf(self.config.reset("nickname"))
        self.config.NumCPUs = 2
        self.successResultOf(self.config.save())
        self.successResultOf(self.service.reset_conf("NumCPUs"))
        self.kill()
        self.come_back()
        self.assertEqual(self.sent("SETCONF"), ['SETCONF ContactInfo="second"'])

    def test_follows(self) -> None:
        """
        It reads as the new Tor does, and hears what is changed there.
        """
        self.successResultOf(self.fake.connect().set_conf("ContactInfo", "theirs"))
        self.assertEqual(self.config.ContactInfo, "theirs")
        self.kill()
        self.fake.configuration.types["Newer"] = "String"
        self.assertEqual((self.config.ContactInfo, "Newer" in self.config), ("theirs", False))
        self.come_back()
        self.assertEqual((self.config.ContactInfo, self.config.Newer), (None, None))
        other = self.fake.connect()
        self.successResultOf(other.set_conf("ContactInfo", "others"))
        self.assertEqual(self.config.ContactInfo, "others")
        other.cut()

    def test_saving_waits(self) -> None:
        """
        During an outage a change waits for the next Tor, and is sent once.
        """
        self.kill()
        self.config.ContactInfo = "later"
        saving = self.config.save()
        resetting = self.config.reset("Nickname")
        self.config.Nickname = "unsaved"
        self.assertNoResult(saving)
        self.assertEqual((self.config.ContactInfo, self.fake.received), ("later", []))
        self.come_back()
        self.successResultOf(saving)
        self.successResultOf(resetting)
        self.assertEqual(self.sent("SETCONF"), ['SETCONF ContactInfo="later"'])
        self.kill()
        self.come_back()
        self.assertEqual(self.sent("SETCONF"), ['SETCONF ContactInfo="later"'])

    def test_settled_by_then(self) -> None:
        """
        What the next Tor has already need not be sent.
        """
        self.kill()
        self.config.ContactInfo = "theirs"
        saving = self.config.save()
        self.fake.configuration.change([("ContactInfo", "theirs")], reset=False)
        self.come_back()
        self.successResultOf(saving)
        self.assertEqual(self.sent("SETCONF"), [])

    def test_services_of_the_next_tor(self) -> None:
        """
        A service that is added during an outage joins those that the next Tor has by itself.
        """
        self.kill()
        self.config.HiddenServices.append(HiddenService("/mine", [80]))
        saving = self.config.save()
        self.fake.configuration.change([("HiddenServiceDir", "/theirs"), ("HiddenServicePort", "22")], reset=False)
        self.come_back()
        self.successResultOf(saving)
        self.assertEqual({service.directory for service in self.config.HiddenServices}, {"/theirs", "/mine"})

    def test_saving_fails(self) -> None:
        """
        Or it fails at once, if the service was told so; nothing waits then.
        """
        self.successResultOf(self.service.stopService())
        self.make(outage="fail")
        self.service.startService()
        config: TorConfig = self.successResultOf(self.service.get_config())
        self.kill()
        config.ContactInfo = "later"
        for failing in (config.save(), config.reset("Nickname"), config.refresh(), config.save_conf(), config.load("")):
            self.failureResultOf(failing, Disconnected)
        self.assertFalse(config.needs_save())
        self.come_back()
        self.assertEqual(self.sent("SETCONF"), [])

    def test_saving_ends_with_the_service(self) -> None:
        """
        A change that waits is told when the service stops; started again, it goes on.
        """
        self.kill()
        self.config.ContactInfo = "later"
        saving = self.config.save()
        self.successResultOf(self.service.stopService())
        self.failureResultOf(saving, Disconnected)
        self.failureResultOf(self.service.get_config().addCallback(lambda config: config.refresh()), Disconnected)
        self.service.startService()
        self.config.ContactInfo = "now"
        self.successResultOf(self.config.save())
        self.assertEqual(self.fake.configuration.get("ContactInfo"), ["now"])

    def test_never_twice(self) -> None:
        """
        A change that was under way when the connection was lost fails, is not sent again, and not set on the next Tor.
        """
        unmute = [self.mute("SETCONF"), self.mute("GETCONF")]
        self.config.ContactInfo = "x"
        saving = self.config.save()
        self.kill()
        self.failureResultOf(saving, Disconnected)
        for again in unmute:
            again()
        self.come_back()
        self.assertEqual(self.sent("SETCONF"), [])

    def test_taken(self) -> None:
        """
        Where Tor has said that it took it, the change is done, and the next Tor has it.
        """
        unmute = self.mute("GETCONF")
        self.config.ContactInfo = "x"
        saving = self.config.save()
        self.assertNoResult(saving)
        self.kill()
        self.successResultOf(saving)
        unmute()
        self.come_back()
        self.assertEqual((self.sent("SETCONF"), self.config.ContactInfo), (['SETCONF ContactInfo="x"'], "x"))

    def test_refused(self) -> None:
        """
        What Tor refuses is set on no other.
        """
        self.config.ContactInfo = "x"
        self.fake.refuse("SETCONF", 513, "No")
        self.failureResultOf(self.config.save(), TorRefused)
        self.kill()
        self.come_back()
        self.assertEqual(self.sent("SETCONF"), [])

    def test_loaded(self) -> None:
        """
        A torrc that was loaded is loaded by the next Tor, and then set what was set behind it.
        """
        self.successResultOf(self.service.set_conf([("NumCPUs", 3)]))
        self.successResultOf(self.config.load("Nickname x\nContactInfo a\n"))
        self.config.ContactInfo = "b"
        self.successResultOf(self.config.save())
        self.kill()
        self.come_back()
        self.assertEqual(self.sent("SETCONF"), ['SETCONF ContactInfo="b"'])
        self.assertEqual((self.config.Nickname, self.config.ContactInfo, self.config.NumCPUs), ("x", "b", 0))

    def test_option_that_is_gone(self) -> None:
        """
        An option that the next Tor does not know: what waited for it is refused before it is sent, and can be discarded.
        """
        self.fake.configuration.types["Older"] = "LineList"
        self.successResultOf(self.service.stopService())
        self.service.startService()
        older = self.config.Older
        older.append("x")
        self.kill()
        self.come_back()
        self.assertIn("1 unsaved", repr(self.config))
        self.failureResultOf(self.config.save(), UnknownOption)
        self.assertEqual((self.sent("SETCONF"), self.config.needs_save()), ([], False))
        self.assertRaises(UnknownOption, lambda: list(older))
        self.assertRaises(UnknownOption, older.append, "y")
        self.assertRaises(UnknownOption, lambda: self.config["Older"])

    def test_filter(self) -> None:
        """
        A Tor that does not let us read is told as a problem, and everything reads as it was last.
        """
        self.config.ContactInfo = "x"
        self.successResultOf(self.config.save())
        self.kill()
        self.fake.refuse("GETCONF", 510, "Command filtered")
        self.clock.advance(8)
        (problem,) = self.service.health.problems
        self.assertEqual(problem, "the configuration: GETCONF: 510 Command filtered")
        self.assertEqual(self.config.ContactInfo, "x")

    def test_lost_while_reading(self) -> None:
        """
        A Tor that goes while it is read is no failure of who asks: the next one is read.
        """
        self.successResultOf(self.config.stop())
        unmute = self.mute("GETCONF")
        waiting = self.service.get_config()
        self.kill()
        self.assertNoResult(waiting)
        unmute()
        self.come_back()
        self.assertEqual(self.successResultOf(waiting).Nickname, None)

    def test_cancelled(self) -> None:
        """
        Who does not want to wait any more lets the others have their turn.
        """
        self.kill()
        self.config.ContactInfo = "x"
        saving = self.config.save()
        resetting = self.config.reset("Nickname")
        saving.addErrback(lambda failure: None)
        saving.cancel()
        self.come_back()
        self.successResultOf(resetting)
        self.assertEqual(self.sent("SETCONF"), [])

    def test_unknown(self) -> None:
        """
        An option that Tor does not know costs nothing, here and there.
        """
        self.failureResultOf(self.service.set_conf([("NoSuch", 1)]), UnrecognizedEntity)
        self.assertRaises(UnknownOption, self.config.__setitem__, "NoSuch", 1)


    def test_loaded_is_refused(self) -> None:
        """
        A torrc that the next Tor does not take is told, and the options behind it are set.
        """
        self.successResultOf(self.config.load("Nickname x\n"))
        self.config.ContactInfo = "b"
        self.successResultOf(self.config.save())
        self.kill()
        self.fake.refuse("LOADCONF", 513, "No")
        self.clock.advance(8)
        self.assertEqual(self.service.health.problems, ("the torrc: LOADCONF: 513 No",))
        self.assertEqual(self.config.ContactInfo, "b")


class RealTorTests(LaunchedTestCase):
    """
    Real Tors of the service's own.
    """

    async def test_killed(self) -> None:
        """
        What was saved is there on the next Tor, onion services with all of their options, and changes are followed there.
        """
        service = self.start()
        config = await service.get_config()
        async with config.transaction() as change:
            change.MaxCircuitDirtiness = "21 minutes"
            change.SocksPort = ["auto IsolateDestAddr"]
            options = {"HiddenServiceMaxStreams": 4, "HiddenServiceNumIntroductionPoints": 5}
            change.HiddenServices.append(HiddenService(f"{self.folder}/hs", [(80, 8080)], options))
        self.addCleanup(shutil.rmtree, f"{self.folder}/hs")
        await service.set_conf([("ContactInfo", "x")])
        for number in range(3):
            await self.kill(service)
            config.NumEntryGuards = number + 3
            self.assertEqual(config.MaxCircuitDirtiness, 1260)
            saving: Deferred[Any] = config.save()
            self.assertFalse(saving.called)
            tor = await service.when_ready()
            await saving
            self.assertEqual(service.health.problems, ())
            self.assertIs(config.protocol, tor.protocol)
            told = await tor.protocol.get_conf("MaxCircuitDirtiness", "SocksPort", "ContactInfo", "NumEntryGuards")
            self.assertEqual(list(told.values()), ["1260", "auto IsolateDestAddr", "x", str(number + 3)])
            (onion,) = config.HiddenServices
            self.assertEqual([onion.get(option) for option in options], [("4",), ("5",)])
            await tor.protocol.set_conf("Nickname", f"n{number}")
            await tor.protocol.get_info("version")  # CONF_CHANGED is there, and the question that it caused is sent
            await tor.protocol.get_info("version")
            self.assertEqual(config.Nickname, f"n{number}")

    async def test_directory_is_gone(self) -> None:
        """
        The place of an onion service is gone, and a Tor that is told to make its directory would exit, again and again: it is
        not told, and that is a problem that the health names. Everything else is restored.
        """
        service = self.start()
        config = await service.get_config()
        place = tempfile.mkdtemp(dir="/tmp")
        async with config.transaction() as change:
            change.HiddenServices.append(HiddenService(f"{place}/hs", [80]))
            change.ContactInfo = "x"
        shutil.rmtree(place)
        await self.kill(service)
        tor = await service.when_ready()
        (problem,) = service.health.problems
        self.assertIn(f"{place} does not exist", problem)
        self.assertEqual((await tor.protocol.get_conf_single("ContactInfo"), config.HiddenServices), ("x", []))
        os.mkdir(place, 0o700)
        self.addCleanup(shutil.rmtree, place)
        await self.kill(service)
        await service.when_ready()
        self.assertEqual((service.health.problems, len(config.HiddenServices)), ((), 1))
