# -*- test-case-name: txtor.test.config.test_draft -*-
"""
Tests of options as a program sees and changes them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from txtor.config import HiddenService, ItemList
from txtor.config._draft import _merged
from txtor.errors import InvalidArgument, UnknownOption

from .configured import ConfiguredTestCase

ONE, TWO, THREE = (HiddenService(f"/{name}", [80]) for name in ("one", "two", "three"))


class ReadingTests(ConfiguredTestCase):
    """
    Attributes and mapping.
    """

    def test_names(self) -> None:
        """
        Case 73: any capitals are the same option, and what there is not is absent in every way.
        """
        for name in ("MaxCircuitDirtiness", "maxcircuitdirtiness", "MAXCIRCUITDIRTINESS"):
            self.assertEqual((getattr(self.config, name), self.config[name], self.config.get(name)), (600, 600, 600))
            self.assertIn(name, self.config)
        self.assertFalse(hasattr(self.config, "Nope"))
        self.assertNotIn("Nope", self.config)
        self.assertNotIn(5, self.config)
        self.assertEqual(self.config.get("Nope", 7), 7)
        for attempt in (
            lambda: self.config.Nope,
            lambda: self.config["Nope"],
            lambda: setattr(self.config, "Nope", 1),
            lambda: self.config.get_type("Nope"),
            lambda: self.config.get_default("Nope"),
        ):
            error = self.assertRaises(UnknownOption, attempt)
            self.assertIsInstance(error, (AttributeError, KeyError, InvalidArgument))
            self.assertEqual((error.option, str(error)), ("Nope", "This Tor has no option 'Nope'."))
        error = self.assertRaises(UnknownOption, lambda: self.config.HiddenServicePort)
        self.assertIn("kept whole", str(error))
        self.failureResultOf(self.config.reset("Nope"), UnknownOption)

    def test_mapping(self) -> None:
        """
        All options can be walked over, and made a dictionary.
        """
        everything = dict(self.config)
        self.assertEqual(len(everything), len(self.config))
        self.assertEqual(set(everything), set(self.config.keys()))
        self.assertEqual((everything["DisableNetwork"], everything["SocksPort"]), (False, ["9050"]))
        self.assertIn("MaxCircuitDirtiness", dir(self.config))
        self.assertIn("save", dir(self.config))
        self.assertNotIn("HiddenServiceOptions", everything)
        self.assertIn("28 options, 0 unsaved", repr(self.config))

    def test_copying(self) -> None:
        """
        What Python looks for in any object is not taken for an option.
        """
        self.assertFalse(hasattr(self.config, "__deepcopy__"))
        self.assertEqual(copy.copy(self.config).MaxCircuitDirtiness, 600)

    def test_types(self) -> None:
        """
        Case 74: values are of their types; an option of an unknown type is text; types and defaults are told.
        """
        self.assertEqual([self.config.FutureThing, self.config.UseFuture, self.config.Nickname], [None, None, None])
        self.assertEqual(self.config.get_type("futurething"), "Hologram")
        self.assertEqual(self.config.get_default("maxcircuitdirtiness"), 600)
        self.config.FutureThing = "a b"
        self.config.UseFuture = "auto"
        self.config.UseBridges = "false"
        self.config.BandwidthRate = "1 MB"
        self.save()
        self.assertEqual(self.sent("SETCONF"), ['FutureThing="a b" UseFuture="auto" BandwidthRate="1048576"'])
        self.assertEqual([self.config.FutureThing, self.config.UseFuture], ["a b", "auto"])

    def test_secrets(self) -> None:
        """
        No value is in the text of the object.
        """
        self.config.HashedControlPassword = ["16:SECRET"]
        self.assertNotIn("SECRET", repr(self.config))


class ChangingTests(ConfiguredTestCase):
    """
    What waits to be saved.
    """

    def test_same_is_no_change(self) -> None:
        """
        Case 70: what is set to what Tor has needs no saving, also when it is changed there and back.
        """
        self.config.MaxCircuitDirtiness = "10 minutes"
        self.config["SocksPort"] = [9050]
        self.config.SocksPort.append("9051")
        self.assertTrue(self.config.needs_save())
        self.assertEqual(self.config.changes(), {"SocksPort": ("9050", "9051")})
        del self.config.SocksPort[1]
        self.config.Nickname = "x"
        self.config.Nickname = None
        self.assertFalse(self.config.needs_save())
        self.save()
        self.assertEqual(self.tor.received, [])

    def test_discard(self) -> None:
        """
        What waits can be forgotten.
        """
        self.config.Nickname = "x"
        self.config.SocksPort.append("9051")
        self.config.discard()
        self.assertEqual((self.config.needs_save(), self.config.Nickname, self.config.SocksPort), (False, None, ["9050"]))

    def test_wrong_value(self) -> None:
        """
        A value that the type does not take is refused at once, and nothing is changed.
        """
        for name, value in (
            ("NumCPUs", "many"), ("UseBridges", "x"), ("SocksPort", [None]), ("HiddenServices", ["x"]), ("Nickname", 3.5)
        ):
            self.assertRaises(InvalidArgument, setattr, self.config, name, value)
        self.assertRaises(InvalidArgument, self.config.SocksPort.append, "")
        self.assertFalse(self.config.needs_save())

    def test_every_way_of_changing_a_list(self) -> None:
        """
        Case 72: each is noticed, and does what it does to any list.
        """

        def assign(values: Any, index: Any, value: Any) -> None:
            values[index] = value

        def remove(values: Any, index: Any) -> None:
            del values[index]

        def add(values: Any, more: list[str]) -> None:
            values += more

        ways: list[Callable[[Any], object]] = [
            lambda values: values.append("z"),
            lambda values: values.insert(0, "z"),
            lambda values: values.extend(["y", "z"]),
            lambda values: add(values, ["y", "z"]),
            lambda values: remove(values, 0),
            lambda values: remove(values, slice(1, None)),
            lambda values: assign(values, 1, "z"),
            lambda values: assign(values, slice(0, 2), ["z"]),
            lambda values: assign(values, slice(None), []),
            lambda values: values.sort(),
            lambda values: values.sort(reverse=True),
            lambda values: values.sort(key=len),
            lambda values: values.reverse(),
            lambda values: values.pop(),
            lambda values: values.pop(0),
            lambda values: values.remove("bb"),
            lambda values: values.clear(),
        ]
        for way in ways:
            self.config.discard()
            self.config.ExitPolicy = ["bb", "ccc", "a"]
            self.save()
            plain = ["bb", "ccc", "a"]
            view = self.config.ExitPolicy
            self.assertEqual(way(view), way(plain))
            self.assertEqual((list(view), view, view[:]), (plain, plain, plain))
            self.assertEqual(self.config.needs_save(), plain != ["bb", "ccc", "a"])
            self.save()
            self.assertEqual(self.tor.configuration.get("ExitPolicy"), plain)

    def test_augmented_assignment(self) -> None:
        """
        Case 72: ``config.X += [...]`` too.
        """
        self.config.ExitPolicy += ["accept *:80"]
        self.config["exitpolicy"] += ["reject *:*"]
        self.save()
        self.assertEqual(self.tor.configuration.get("ExitPolicy"), ["accept *:80", "reject *:*"])

    def test_list_like(self) -> None:
        """
        A list of the configuration behaves as one where it is only looked at, and mistakes are those of lists.
        """
        values = self.config.ExitPolicy
        self.assertEqual((values, repr(values), len(values), bool(values), values == 5), ([], "[]", 0, False, False))
        self.assertRaises(IndexError, lambda: values[0])
        self.assertRaises(TypeError, hash, values)
        wrong: Any = values
        self.assertRaises(InvalidArgument, wrong.__setitem__, slice(None), 5)
        self.config.ExitPolicy = ["a", "b"]
        self.assertEqual((values, values.index("b"), "a" in values, values[-1]), (["a", "b"], 1, True, "b"))
        self.assertEqual(list(reversed(values)), ["b", "a"])
        self.assertRaises(InvalidArgument, wrong.__setitem__, slice(None, None, 2), ["1", "2", "3"])
        self.assertEqual(values, ItemList(lambda: ("a", "b"), lambda items: None))

    def test_view_stays(self) -> None:
        """
        Case 66: a list that a program holds goes with Tor, also when only one value is left.
        """
        values = self.config.NodeFamily
        self.tor.configuration.change([("NodeFamily", "a,b"), ("NodeFamily", "c,d")], reset=False)
        self.tor.emit("CONF_CHANGED", "NodeFamily=a,b", "NodeFamily=c,d")
        self.assertEqual(values, ["a,b", "c,d"])
        self.tor.configuration.change([("NodeFamily", "e,f")], reset=False)
        self.tor.emit("CONF_CHANGED", "NodeFamily=e,f")
        self.assertEqual(values, ["e,f"])
        values.append("g,h")
        self.save()
        self.assertEqual(self.tor.configuration.get("NodeFamily"), ["e,f", "g,h"])

    def test_no_port(self) -> None:
        """
        Case 67: an empty list of ports is none, and not Tor's default; a port that is added to none replaces it.
        """
        self.config["SocksPort"] = []
        self.save()
        self.assertEqual(self.sent("SETCONF"), ['SocksPort="0"'])
        self.config.SocksPort.append("9055")
        self.save()
        self.assertEqual(self.tor.configuration.get("SocksPort"), ["9055"])

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.sampled_from(["append", "pop", "sort", "reverse", "clear", "insert"]), st.sampled_from("abc"))))
    def test_any_changes(self, changes: list[tuple[str, str]]) -> None:
        """
        Whatever is done to a list, it is what a plain list would be, and so is Tor's after saving.
        """
        self.config.discard()
        plain = list(self.config.ExitPolicy)
        for name, value in changes:
            arguments: list[Any] = [value] if name == "append" else [0, value] if name == "insert" else []
            if name != "pop" or plain:
                getattr(plain, name)(*arguments)
                getattr(self.config.ExitPolicy, name)(*arguments)
        self.assertEqual(self.config.ExitPolicy, plain)
        self.save()
        self.assertEqual(self.tor.configuration.get("ExitPolicy"), plain)


class MergingTests(ConfiguredTestCase):
    """
    Onion services that two change at a time.
    """

    def test_merged(self) -> None:
        """
        What was not touched is as others left it; what was touched is as it was left here.
        """
        other = TWO.changed({"HiddenServiceMaxStreams": 5})
        for base, wanted, present, expected in (
            ((ONE,), (ONE, TWO), (ONE,), (ONE, TWO)),
            ((ONE,), (ONE, TWO), (ONE, THREE), (ONE, TWO, THREE)),
            ((ONE, TWO), (ONE,), (ONE, TWO, THREE), (ONE, THREE)),
            ((ONE, TWO), (ONE, TWO, THREE), (ONE,), (ONE, THREE)),
            ((ONE, TWO), (ONE, TWO, THREE), (ONE, other), (ONE, other, THREE)),
            ((ONE, TWO), (ONE, other), (ONE, TWO), (ONE, other)),
            ((ONE, TWO), (ONE, other), (ONE,), (ONE, other)),
            ((ONE, TWO), (), (TWO, THREE), (THREE,)),
            ((), (ONE,), (ONE,), (ONE,)),
        ):
            self.assertEqual(_merged(base, wanted, present), expected)

    def test_added_twice(self) -> None:
        """
        Case 68: a service that another controller adds meanwhile is not lost.
        """
        self.config.HiddenServices.append(HiddenService("/tmp/one", [80]))
        self.tor.configuration.change([("HiddenServiceDir", "/tmp/two"), ("HiddenServicePort", "81")], reset=False)
        self.tor.emit("CONF_CHANGED", "HiddenServiceDir=/tmp/two", "HiddenServicePort=81")
        self.save()
        self.assertEqual(self.tor.configuration.get("HiddenServiceDir"), ["/tmp/one", "/tmp/two"])
        self.assertEqual([service.directory for service in self.config.HiddenServices], ["/tmp/one", "/tmp/two"])
