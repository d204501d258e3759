# -*- test-case-name: txtor.test.test_docs -*-
"""
The documentation against the code: what is public is described, what is described exists, what is shown runs.

That the pages build without a warning is what ``tools/docs`` is for.
"""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import io
import pathlib
import pkgutil
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site
from zope.interface import Interface
from zope.interface.interface import Method

import txtor
from txtor._deferred import deferred
from txtor.test.serving import serve
from txtor.testing import TorNetworkTestCase

from .test_examples import Page

ROOT = pathlib.Path(txtor.__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.rst"))


def public_modules() -> Iterator[ModuleType]:
    """
    Every module that a program may import.
    """
    yield txtor
    for found in pkgutil.walk_packages(txtor.__path__, "txtor."):
        words = found.name.split(".")
        if words[1] != "test" and not any(word.startswith("_") for word in words):
            # The plugin needs pytest, which the tests of txtor install.
            yield importlib.import_module(found.name)


def is_described(thing: object) -> bool:
    """
    Whether a thing has a docstring of its own.
    """
    return bool((getattr(thing, "__doc__", None) or "").strip())


def own_methods(cls: Any) -> Iterator[tuple[str, Any]]:
    """
    The public methods that a class or an Interface defines itself.
    """
    names = list(cls) if isinstance(cls, type(Interface)) else [name for name in vars(cls) if not name.startswith("_")]
    for name in names:
        found = cls[name] if isinstance(cls, type(Interface)) else inspect.getattr_static(cls, name)
        if isinstance(found, staticmethod | classmethod):
            found = found.__func__
        if inspect.isfunction(found) or isinstance(found, Method):
            yield name, found


class PublicNamesTests(SynchronousTestCase):
    """
    What the parts export.
    """

    def test_all_exist(self) -> None:
        """
        Every package has an ``__all__``, in order and without a name twice, and each name is there.
        """
        count = 0
        for module in public_modules():
            names = getattr(module, "__all__", None)
            if names is None:
                self.assertFalse(hasattr(module, "__path__"), f"{module.__name__} has no __all__")
                continue
            self.assertEqual(len(names), len(set(names)), module.__name__)
            missing = [name for name in names if not hasattr(module, name)]
            self.assertEqual(missing, [], module.__name__)
            self.assertLessEqual(set(names), set(dir(module)), module.__name__)
            count += len(names)
        self.assertGreater(count, 300)

    def test_all_are_described(self) -> None:
        """
        Every public module, class, function and Interface has a docstring.
        """
        silent = []
        for module in public_modules():
            if not is_described(module):
                silent.append(module.__name__)
            for name in getattr(module, "__all__", ()):
                thing = getattr(module, name)
                checked = inspect.isclass(thing) or inspect.isfunction(thing) or isinstance(thing, type(Interface))
                if checked and not is_described(thing):
                    silent.append(f"{module.__name__}.{name}")
        self.assertEqual(silent, [])

    def test_methods_are_described(self) -> None:
        """
        So has every public method, but for those whose name Twisted or zope gives. (What an attribute means stands beside it in
        the source, where no running program can see it.)
        """
        silent = []
        for module in public_modules():
            for name in getattr(module, "__all__", ()):
                thing = getattr(module, name)
                if not (inspect.isclass(thing) or isinstance(thing, type(Interface))):
                    continue
                if not str(thing.__module__).startswith("txtor."):
                    continue
                silent += [
                    f"{module.__name__}.{name}.{method}"
                    for method, found in own_methods(thing)
                    if method == method.lower() and not is_described(found)
                ]
        self.assertEqual(silent, [])


class PagesTests(SynchronousTestCase):
    """
    The pages of ``docs``, and README.
    """

    def test_names_exist(self) -> None:
        """
        Every name in single backticks stands for something in the code.
        """
        specification = importlib.util.spec_from_file_location("resolving", ROOT / "docs" / "_ext" / "resolving.py")
        assert specification is not None and specification.loader is not None
        resolving: Any = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(resolving)
        is_known: Callable[[str], bool] = resolving.is_known
        self.assertFalse(is_known("TorState.build_castle"))
        names = [(page.name, name) for page in PAGES for name in names_in(page.read_text(encoding="utf-8"))]
        self.assertEqual([(page, name) for page, name in names if not is_known(name)], [])
        self.assertGreater(len(names), 150)

    def test_code_is_included(self) -> None:
        """
        No Python is typed into a page: it is part of a file of ``examples``, between two marks that are there.
        """
        count = 0
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            self.assertNotRegex(text, r"code-block:: python", page.name)
            for found in re.finditer(r"literalinclude:: (\S+)\n((?:   :.*\n)*)", text):
                source = (page.parent / found[1]).resolve().read_text(encoding="utf-8")
                options = dict(re.findall(r":([\w-]+): (.*)", found[2]))
                begin, end = options["start-after"], options["end-before"]
                self.assertEqual((source.count(f"{begin}\n"), source.count(f"{end}\n")), (1, 1), f"{page.name}: {begin}")
                self.assertGreater(source.index(end) - source.index(begin), 50, f"{page.name}: {begin}")
                count += 1
        self.assertGreater(count, 25)

    def test_doctests(self) -> None:
        """
        What is shown as a session with Python is one.
        """
        tried = 0
        for page in PAGES:
            failed, count = doctest.testfile(str(page), module_relative=False, verbose=False)
            self.assertEqual(failed, 0, page.name)
            tried += count
        self.assertGreater(tried, 8)

    def test_every_example_is_shown(self) -> None:
        """
        Each example is part of some page.
        """
        shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
        names = {path.name for path in (ROOT / "examples").glob("*.py")} - {"demo.py"}
        self.assertEqual({name for name in names if f"examples/{name}" not in shown}, set())

    def test_every_machine_is_drawn(self) -> None:
        """
        Each module with a machine has its picture.
        """
        shown = (ROOT / "docs" / "explanation" / "machines.rst").read_text(encoding="utf-8")
        drawn = set(re.findall(r"txtor-machine:: (\S+)", shown))
        there = {
            ".".join(("txtor", *path.relative_to(ROOT / "txtor").with_suffix("").parts))
            for path in (ROOT / "txtor").rglob("*.py")
            if "TypeMachineBuilder(" in path.read_text(encoding="utf-8") and "test" not in path.relative_to(ROOT).parts
        }
        self.assertEqual(drawn, there)

    def test_newsfragments(self) -> None:
        """
        Each newsfragment has a name that towncrier knows and says something; NEWS has the place where they go.
        """
        for path in (ROOT / "newsfragments").iterdir():
            self.assertRegex(path.name, r"^\d+\.(feature|bugfix|doc|removal|misc)(\.\d+)?\.rst$")
            self.assertGreater(len(path.read_text(encoding="utf-8").strip()), 20, path.name)
        self.assertEqual((ROOT / "NEWS.rst").read_text(encoding="utf-8").count("\n.. towncrier release notes start\n"), 1)


def names_in(text: str) -> Iterator[str]:
    """
    What stands in single backticks on a page, which is no link and has no role of its own.
    """
    without_literals = re.sub(r"``.*?``", " ", text, flags=re.DOTALL)
    for found in re.finditer(r"(?<![:`\w])`([^`]+)`(?!_)", without_literals):
        yield found[1]


class ReadmeTests(TorNetworkTestCase):
    """
    The program in README.
    """

    @deferred
    async def test_readme(self) -> None:
        """
        It runs as it stands there, and is short.
        """
        text = (ROOT / "README.rst").read_text(encoding="utf-8")
        (source,) = re.findall(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text)
        program = textwrap.dedent(source)
        self.assertLess(len(program.splitlines()), 20)
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compile(program, "README.rst", "exec"), names)
        port = serve(self, Site(Page()))
        output = io.StringIO()
        self.patch(sys, "stdout", output)
        await names["main"](self.reactor, f"http://127.0.0.1:{port}/", self.network.clients[0].control_endpoint)
        self.assertRegex(output.getvalue(), r"^0\.\S+ 1\n200 11 bytes\n$")
