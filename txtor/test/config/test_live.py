# -*- test-case-name: txtor.test.config.test_live -*-
"""
Tests of how changes are followed.
"""

from __future__ import annotations

from txtor.config import TorConfig
from txtor.testing import FakeTor

from .configured import ConfiguredTestCase


class FollowingTests(ConfiguredTestCase):
    """
    CONF_CHANGED says what to ask again.
    """

    def change(self, *pairs: tuple[str, str | None], reset: bool = False) -> None:
        """
        Another controller changes options.
        """
        other = self.tor.connect()
        words = " ".join(name if value is None else f'{name}="{value}"' for name, value in pairs)
        self.successResultOf(other.queue_command(f"{'RESETCONF' if reset else 'SETCONF'} {words}"))

    def test_followed(self) -> None:
        """
        What another controller sets is read.
        """
        self.change(("Nickname", "x"), ("NumCPUs", "3"))
        self.assertEqual((self.config.Nickname, self.config.NumCPUs), ("x", 3))
        self.change(("Nickname", None), ("NumCPUs", None), reset=True)
        self.assertEqual((self.config.Nickname, self.config.NumCPUs), (None, 0))

    def test_port_lines(self) -> None:
        """
        Case 66: the event for a port that is reset names ``SocksPortLines``; the port is read again.
        """
        self.change(("SocksPort", "9999"))
        self.assertEqual(self.config.SocksPort, ["9999"])
        self.tor.emit("CONF_CHANGED", "SocksPortLines")
        self.assertIn("SocksPort __SocksPort", self.sent("GETCONF"))
        self.change(("SocksPort", None))
        self.assertEqual(self.config.SocksPort, [])

    def test_services(self) -> None:
        """
        Any option of an onion service stands for all of them.
        """
        self.change(("HiddenServiceDir", "/one"), ("HiddenServicePort", "80"))
        self.assertEqual([service.directory for service in self.config.HiddenServices], ["/one"])
        self.change(("HiddenServiceDir", None))
        self.assertEqual(self.config.HiddenServices, [])

    def test_own_changes_cost_no_more(self) -> None:
        """
        The event that our own change causes makes us ask nothing.
        """
        self.config.Nickname = "x"
        self.config.SocksPort = ["9051"]
        self.save()
        self.assertEqual(len(self.tor.received), 2)
        self.tor.emit("CONF_CHANGED", "Nickname=x")
        self.assertEqual(len(self.tor.received), 2)

    def test_unsaved_stays(self) -> None:
        """
        What waits to be saved stays when the option is changed elsewhere, and needs no saving when it is changed alike.
        """
        self.config.Nickname = "mine"
        self.change(("Nickname", "theirs"))
        self.assertEqual((self.config.Nickname, self.config.needs_save()), ("mine", True))
        self.change(("Nickname", "mine"))
        self.assertFalse(self.config.needs_save())
        self.save()
        self.assertEqual(self.sent("SETCONF"), ['Nickname="theirs"', 'Nickname="mine"'])

    def test_unknown(self) -> None:
        """
        Options that Tor did not name before, and an event without any, are nothing.
        """
        self.tor.emit("CONF_CHANGED", "Unheard=1", "BogusLines")
        self.tor.emit("CONF_CHANGED")
        self.assertEqual(self.tor.received, [])

    def test_sibling(self) -> None:
        """
        ``__SocksPort`` is in one list with ``SocksPort`` for Tor, and is not lost when that is set or reset.
        """
        self.change(("__SocksPort", "9060"))
        self.config.SocksPort = ["9061"]
        self.save()
        self.assertEqual(self.sent("SETCONF")[-1], 'SocksPort="9061" __SocksPort="9060"')
        self.successResultOf(self.config.reset("SocksPort"))
        self.assertEqual(self.sent("RESETCONF"), ['SocksPort __SocksPort="9060"'])

    def test_gone(self) -> None:
        """
        The connection goes while a change is followed: there is nothing to be told.
        """
        self.tor.mute("GETCONF")
        self.tor.emit("CONF_CHANGED", "Nickname=x")
        self.tor.drop()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_while_it_is_read(self) -> None:
        """
        A change between the question for everything and its answer is in the answer, or asked for again.
        """
        tor = FakeTor()
        usual = tor._answers["GETCONF"]
        held = []
        tor.answer("GETCONF", lambda connection, command: held.append((connection, command)))
        waiting = TorConfig.from_protocol(tor.connect())
        self.successResultOf(tor.connect().set_conf("Nickname", "x"))
        self.assertNoResult(waiting)
        tor.answer("GETCONF", usual)
        for connection, command in held:
            connection._answer(command)
        config: TorConfig = self.successResultOf(waiting)
        self.assertEqual(config.Nickname, "x")
