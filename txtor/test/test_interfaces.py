# -*- test-case-name: txtor.test.test_interfaces -*-
"""
Tests that what txtor declares is so, and that using it warns of nothing.
"""

from __future__ import annotations

import importlib
import pathlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyClass

import txtor
from txtor import interfaces

#: What is used in `WarningTests`: a whole life with a Tor in memory.
LIFE = """
from twisted.internet.task import Clock
from txtor import Tor
from txtor.testing import FakeTor
fake = FakeTor()
fake.info["ns/all"] = ""
clock = Clock()
tor = Tor(clock, fake.connect(clock))
answers = []
tor.protocol.get_info("version").addCallback(answers.append)
tor.create_state().addCallback(answers.append)
tor.protocol.set_conf("ContactInfo", "x").addCallback(answers.append)
state = answers[1]
state.build_circuit(None).addCallback(answers.append)
state.close().addCallback(answers.append)
tor.close().addCallback(answers.append)
assert len(answers) == 6, answers
"""


def public_classes() -> Iterator[type]:
    """
    Every class that some package of the library makes public.
    """
    for found in pkgutil.iter_modules(txtor.__path__, "txtor."):
        if found.ispkg and found.name not in ("txtor.test", "txtor.testing"):
            module = importlib.import_module(found.name)
            for name in getattr(module, "__all__", ()):
                value = getattr(module, name)
                if isinstance(value, type):
                    yield value


class InterfaceTests(SynchronousTestCase):
    """
    Case 135: every declared Interface is provided.
    """

    def test_all(self) -> None:
        """
        Each public class has what its Interfaces ask for, with the right arguments.
        """
        checked = 0
        for each in public_classes():
            provided = getattr(each, "__implemented__", None)
            for interface in provided or ():
                if interface is not Interface and interface.__module__.split(".")[0] in ("txtor", "twisted"):
                    self.assertTrue(verifyClass(interface, each), each)
                    checked += 1
        self.assertGreater(checked, 6)

    def test_one_place(self) -> None:
        """
        ``txtor.interfaces`` has every Interface that others may implement.
        """
        for name in interfaces.__all__:
            self.assertIsInstance(getattr(interfaces, name), InterfaceClass, name)


class WarningTests(SynchronousTestCase):
    """
    Case 137: normal use warns of nothing.
    """

    def test_no_warnings(self) -> None:
        """
        A program that treats warnings as errors can use it, and nothing is written to its output.
        """
        place = str(pathlib.Path(txtor.__file__).parent.parent)
        finished = subprocess.run(
            [sys.executable, "-W", "error", "-c", LIFE],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=place,
        )
        self.assertEqual((finished.returncode, finished.stdout, finished.stderr), (0, "", ""))
