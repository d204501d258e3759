"""
The role ``txtor``, which is the default: a name in backticks must exist in the code, and links to its page in the reference.

A name is whole (``txtor.state.TorState``) or begins in one of the packages (``TorState.build_circuit``). With ``~`` in front only
its last part is shown. What does not exist is a warning, and so an error where warnings are.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

_log = logging.getLogger(__name__)

PACKAGES = tuple(
    f"txtor{part}"
    for part in (
        "",
        ".control",
        ".state",
        ".errors",
        ".commands",
        ".events",
        ".socks",
        ".web",
        ".names",
        ".endpoints",
        ".process",
        ".directory",
        ".onion",
        ".config",
        ".fleet",
        ".service",
        ".testing",
        ".grammar",
    )
)


def resolve(name: str) -> Any:
    """
    The thing that a whole dotted name stands for, or ``None``.
    """
    words = name.split(".")
    for length in range(len(words), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(words[:length]))
        except ModuleNotFoundError:
            continue
        for word in words[length:]:
            if not hasattr(found, word):
                return None
            found = getattr(found, word)
        return found
    return None


def candidates(name: str) -> Iterator[str]:
    """
    The names under which the reference may know a name: its own, and that of the class that it is inherited from.
    """
    yield name
    owner_name, _, attribute = name.rpartition(".")
    owner = resolve(owner_name) if owner_name else None
    if isinstance(owner, type):
        for base in owner.__mro__:
            yield f"{base.__module__}.{base.__qualname__}.{attribute}"
            yield f"{public_home(base)}.{base.__qualname__}.{attribute}"
    found = resolve(name)
    module, qualified = getattr(found, "__module__", None), getattr(found, "__qualname__", None)
    if isinstance(module, str) and isinstance(qualified, str):
        yield f"{module}.{qualified}"
        yield f"{module.rpartition('.')[0]}.{qualified}"


def public_home(cls: type) -> str:
    """
    The package whose private module holds a class.
    """
    package, _, module = cls.__module__.rpartition(".")
    return package if module.startswith("_") else cls.__module__


class Name(SphinxRole):
    """
    A name of txtor's.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """
        The name, with a link where the reference has it.
        """
        text = self.text.lstrip("~")
        shown = text.rpartition(".")[2] if self.text.startswith("~") else text
        literal = nodes.literal(self.rawtext, shown, classes=["xref", "py", "py-obj"])
        inventory = self.inventory()
        bare = text.removesuffix("()")
        wholes = [bare] if bare.startswith("txtor") else [f"{package}.{bare}" for package in PACKAGES]
        for whole in wholes:
            for candidate in candidates(whole):
                if candidate in inventory:
                    link = nodes.reference(self.rawtext, "", literal, internal=False, refuri=self.uri(inventory[candidate]))
                    return [link], []
        if not any(resolve(whole) is not None for whole in wholes):
            _log.warning("There is no %r in txtor.", text, location=self.get_location(), type="txtor", subtype="name")
        return [literal], []

    def inventory(self) -> dict[str, Any]:
        """
        By name, what the reference has.
        """
        every = getattr(self.env, "intersphinx_inventory", {})
        return {name: item for kind, items in every.items() if kind.startswith("py:") for name, item in items.items()}

    def uri(self, item: Any) -> str:
        """
        The address, from the page that the name is on.
        """
        depth = len(PurePosixPath(self.env.docname).parts) - 1
        return "../" * depth + str(item.uri)


def setup(app: Sphinx) -> dict[str, Any]:
    """
    For Sphinx.
    """
    app.add_role("txtor", Name())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
