# -*- test-case-name: txtor.test.test_layering -*-
"""
Imports only point down: the picture of the house, as a table that fails when it is broken.
"""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

from twisted.trial.unittest import SynchronousTestCase

import txtor

ROOT = pathlib.Path(txtor.__file__).parent

GROUND = {"errors", "_deferred", "_effects", "_listener", "_version", "_waiting"}
VALUES = GROUND | {"grammar", "events", "directory"}
MACHINES = VALUES | {"commands"}
WIRE = MACHINES | {"control", "socks"}
ONE = WIRE | {"onion", "state", "config", "process", "fetch"}
MANY = ONE | {"fleet", "endpoints", "web", "names", "service", "_tor", "_traffic"}

#: The parts, from the ground up, and what each may import.
MAY_IMPORT: dict[str, set[str]] = {
    "_version": set(),
    "errors": set(),
    "_deferred": set(),
    "_effects": set(),
    "_listener": set(),
    "_waiting": set(),
    "grammar": {"errors"},
    "directory": GROUND | {"grammar"},
    "events": GROUND | {"grammar", "directory"},
    "commands": VALUES,
    "socks": GROUND | {"grammar"},
    "control": MACHINES,
    "onion": WIRE,
    "state": WIRE | {"web"},
    "config": WIRE,
    "process": WIRE | {"config"},
    "web": GROUND | {"grammar", "socks"},
    "fetch": WIRE,
    "names": ONE,
    "endpoints": MANY - {"fleet"},
    "_traffic": MANY - {"fleet", "_tor"},
    "_documents": MANY - {"fleet", "_tor"},
    "_tor_onion": MANY - {"fleet", "_tor"},
    "_tor": MANY - {"fleet"} | {"_documents", "_tor_onion"},
    "service": MANY - {"fleet"},
    "fleet": MANY,
    "balance": MANY - {"fleet"},
    "interfaces": MANY,
    "__init__": MANY | {"balance", "interfaces"},
    "testing": MANY | {"balance", "interfaces"},
    "tap": MANY,
    "monitor": MANY,
    "cli": MANY | {"monitor"},
}

#: Parts that are bytes and values alone: no module of theirs imports twisted, but for the shells named here.
PURE = {"errors", "grammar", "events", "commands"}

#: The only modules that may import the reactor, inside a function.
MAY_IMPORT_REACTOR = {"cli", "tap"}


def modules() -> Iterator[tuple[str, pathlib.Path, ast.Module]]:
    """
    Every module of the library: its part, its path and its tree.
    """
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        if relative.parts[0] == "test":
            continue
        part = relative.parts[0].removesuffix(".py")
        yield part, relative, ast.parse(path.read_text(encoding="utf-8"))


def imports(relative: pathlib.Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """
    Every import, as a line number and an absolute dotted name.
    """
    package = ("txtor", *relative.parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{prefix}.{alias.name}"


class LayeringTests(SynchronousTestCase):
    """
    The tree of the library against the table.
    """

    def test_every_part_is_in_the_table(self) -> None:
        """
        A new part finds its floor before it is used.
        """
        self.assertEqual({part for part, _, _ in modules()} - set(MAY_IMPORT), set())

    def test_arrows_point_down(self) -> None:
        """
        A part imports only parts below it.
        """
        broken = []
        for part, relative, tree in modules():
            for line, name in imports(relative, tree):
                words = name.split(".")
                if words[0] != "txtor" or len(words) < 2 or words[1] == part:
                    continue
                other = words[1]
                if other not in MAY_IMPORT and (ROOT / "__init__.py").exists():
                    other = "__init__"
                if other not in MAY_IMPORT[part]:
                    broken.append(f"{relative}:{line}: {part} imports {name}")
        self.assertEqual(broken, [])

    def test_doors(self) -> None:
        """
        No module imports another part's private module: it uses what that part's ``__init__`` exports.
        """
        broken = []
        for part, relative, tree in modules():
            for line, name in imports(relative, tree):
                words = name.split(".")
                private = any(word.startswith("_") and not word.startswith("__") for word in words[2:])
                if words[0] == "txtor" and len(words) > 2 and words[1] != part and private:
                    broken.append(f"{relative}:{line}: {name}")
        self.assertEqual(broken, [])

    def test_pure_parts(self) -> None:
        """
        A pure part knows neither transports nor Deferreds.
        """
        broken = [
            f"{relative}:{line}: {name}"
            for part, relative, tree in modules()
            if part in PURE
            for line, name in imports(relative, tree)
            if name.split(".")[0] == "twisted"
        ]
        self.assertEqual(broken, [])

    def test_no_reactor(self) -> None:
        """
        A reactor is an argument; only programs import one, and only inside a function.
        """
        broken = []
        for part, relative, tree in modules():
            for line, name in imports(relative, tree):
                if name == "twisted.internet.reactor" and part not in MAY_IMPORT_REACTOR:
                    broken.append(f"{relative}:{line}")
            for node in tree.body:
                if isinstance(node, ast.ImportFrom) and node.module == "twisted.internet":
                    broken += [f"{relative}:{node.lineno}" for a in node.names if a.name == "reactor"]
        self.assertEqual(broken, [])
