"""
From a name in the prose to the thing in the code. Needs nothing but txtor, so that its tests can use it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

#: Where names of prose may begin, in this order.
PACKAGES = tuple(
    f"txtor{part}"
    for part in (
        "",
        ".control",
        ".state",
        ".errors",
        ".interfaces",
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
        ".fetch",
        ".monitor",
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
        for package in PACKAGES:  # the reference lists what several packages export under one of them
            yield f"{package}.{qualified}"


def public_home(cls: type) -> str:
    """
    The package whose private module holds a class.
    """
    package, _, module = cls.__module__.rpartition(".")
    return package if module.startswith("_") else cls.__module__


def whole_names(text: str) -> list[str]:
    """
    The whole names that a name of prose may stand for.
    """
    bare = text.lstrip("~").removesuffix("()")
    return [bare] if bare.split(".")[0] == "txtor" else [f"{package}.{bare}" for package in PACKAGES]


def is_known(text: str) -> bool:
    """
    Whether a name of prose stands for something.
    """
    return any(resolve(whole) is not None for whole in whole_names(text))
