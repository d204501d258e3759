# -*- test-case-name: txtor.test.test_packaging -*-
"""
What is installed: everything, under the right version, and importing it has no side effect.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
from importlib import metadata

from twisted.trial.unittest import SynchronousTestCase

import txtor

PACKAGE = pathlib.Path(txtor.__file__).parent
ROOT = PACKAGE.parent

#: What a build reads.
SOURCES = ("setup.cfg", "pyproject.toml", "README.rst", "LICENSE", "txtor", "twisted")

#: Every part that a program may import, and every module beside the parts that has no underscore.
PUBLIC = sorted(
    f"txtor.{path.stem}"
    for path in PACKAGE.iterdir()
    if not path.name.startswith("_") and path.name != "test" and (path.suffix == ".py" or (path / "__init__.py").exists())
)

IMPORT = """
import sys
for name in sys.argv[1:]:
    __import__(name)
if "twisted.internet.reactor" in sys.modules:
    sys.exit("a reactor was installed")
"""


class ContentsTests(SynchronousTestCase):
    """
    What a build takes up; or, where the tests run on an installed txtor without its sources, what was installed.
    """

    def setUp(self) -> None:
        """
        Build what a wheel is made of, away from the checkout, where nothing of an earlier build can slip in.
        """
        if not (ROOT / "setup.cfg").exists():
            self.files = {str(path) for path in metadata.files("txtor") or ()}
            self.version = metadata.version("txtor")
            return
        place = pathlib.Path(self.mktemp()).absolute()
        place.mkdir()
        for name in SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "dropin.cache"))
            else:
                shutil.copy(ROOT / name, place / name)
        self.setuptools(place, "-q", "build_py", "--build-lib", "out")
        self.files = {str(path.relative_to(place / "out")) for path in (place / "out").rglob("*") if path.is_file()}
        self.version = self.setuptools(place, "--version").splitlines()[-1]

    def setuptools(self, place: pathlib.Path, *arguments: str) -> str:
        """
        Run setuptools on the copy.
        """
        command = [sys.executable, "-c", "from setuptools import setup; setup()", *arguments]
        done = subprocess.run(command, cwd=place, check=True, capture_output=True, text=True)
        return done.stdout

    def test_version(self) -> None:
        """
        The version of the distribution is the one that txtor names; a build that finds none calls itself 0.0.0 without a word.
        """
        self.assertEqual(self.version, txtor.__version__)
        self.assertNotEqual(self.version, "0.0.0")

    def test_every_module(self) -> None:
        """
        No module is left out, the tests included, and type checkers are told that txtor is typed.
        """
        modules = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py")}
        self.assertEqual(modules - self.files, set())
        self.assertIn("txtor/py.typed", self.files)

    def test_plugins(self) -> None:
        """
        The plugins are there, and nothing that would shadow Twisted's own package.
        """
        plugins = {name for name in self.files if name.startswith("twisted/")}
        self.assertIn("twisted/plugins/txtor_plugins.py", plugins)
        self.assertEqual([name for name in plugins if name.endswith(("__init__.py", "dropin.cache"))], [])


class ImportTests(SynchronousTestCase):
    """
    Importing, in fresh interpreters.
    """

    def imported(self, *names: str) -> subprocess.Popen[str]:
        """
        Import modules in an interpreter of their own.
        """
        command = [sys.executable, "-W", "default", "-c", IMPORT, *names]
        return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_quiet(self) -> None:
        """
        ``import txtor`` prints nothing, warns of nothing and installs no reactor.
        """
        process = self.imported("txtor")
        said, _ = process.communicate()
        self.assertEqual((said, process.returncode), ("", 0))

    def test_each_alone(self) -> None:
        """
        Each part can be the first that a program imports, and none installs a reactor.
        """
        self.assertIn("txtor.testing", PUBLIC)
        wrong = {}
        for first in range(0, len(PUBLIC), 2):
            processes = {name: self.imported(name) for name in PUBLIC[first : first + 2]}
            for name, process in processes.items():
                said, _ = process.communicate()
                if process.returncode:
                    wrong[name] = said
        self.assertEqual(wrong, {})

    def test_public_names(self) -> None:
        """
        Every name that a part calls public is there.
        """
        program = "import sys, txtor\nfor name in txtor.__all__: getattr(txtor, name)"
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
        for part in PUBLIC:
            module = __import__(part, fromlist=["*"])
            for name in getattr(module, "__all__", ()):
                self.assertTrue(hasattr(module, name), f"{part}.{name}")
