# -*- test-case-name: txtor.test.config.test_live -*-
"""
Tests of how changes are followed.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txtor.config import TorConfig
from txtor.errors import ProtocolViolation, UnrecognizedEntity
from txtor.grammar import quote_cstring
from txtor.testing import FakeTor

from .configured import ConfiguredTestCase

TYPES = ["Boolean", "Integer", "TimeInterval", "DataSize", "LineList", "CommaList", "Virtual", "Dependent", "String", "Hologram"]


def quote(value: str) -> str:
    """
    A value as Tor writes its defaults, where it can.
    """
    return value if "\0" in value else quote_cstring(value.encode("utf-8", "surrogatepass"))


def with_value(name: str) -> st.SearchStrategy[str]:
    """
    A line of CONF_CHANGED.
    """
    values = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=9)
    return st.just(name) | values.map(lambda value: f"{name}={value}")


class AnythingTests(SynchronousTestCase):
    """
    Whatever a Tor says is a configuration, or the one declared error.
    """

    @settings(max_examples=100)
    @given(
        st.lists(st.builds("{} {}".format, st.text(max_size=9), st.sampled_from(TYPES) | st.text(max_size=9)), max_size=6),
        st.lists(st.builds("{} {}".format, st.text(max_size=9), st.text(max_size=9).map(quote)), max_size=6),
    )
    def test_any_names(self, names: list[str], defaults: list[str]) -> None:
        """
        Any names, types and defaults.
        """
        tor = FakeTor()
        tor.info["config/names"] = "\n".join(["Nickname String", *names])
        tor.info["config/defaults"] = "\n".join(["Nickname \"x\"", *defaults])
        for name in names:
            tor.configuration.types[name.partition(" ")[0]] = "String"
        result = TorConfig.from_protocol(tor.connect())
        found: list[object] = []
        result.addBoth(found.append)
        if isinstance(found[0], Failure):
            self.assertIs(found[0].check(ProtocolViolation, UnrecognizedEntity), found[0].type)
            return
        config: TorConfig = self.successResultOf(TorConfig.from_protocol(tor.connect()))
        for name in config:
            hash((config.get_type(name), config.get_default(name), str(config[name])))
        self.assertIn("Nickname", config.difference())

    @settings(max_examples=100)
    @given(st.lists(st.sampled_from(["Nickname", "SocksPortLines", "hiddenservicedir", "=", "X", "NumCPUs"]).flatmap(with_value)))
    def test_any_event(self, lines: list[str]) -> None:
        """
        Any event is followed, and what Tor has is what is read.
        """
        tor = FakeTor()
        config: TorConfig = self.successResultOf(TorConfig.from_protocol(tor.connect()))
        tor.emit("CONF_CHANGED", *lines)
        self.assertEqual((config.Nickname, config.SocksPort, config.NumCPUs, config.HiddenServices), (None, ["9050"], 0, []))
        self.assertEqual(self.flushLoggedErrors(), [])


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
