"""
The directive ``txtor-table``: tables that are made of the code when the pages are built, and so cannot be out of date.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import txtor.commands
import txtor.directory
import txtor.errors
import txtor.events
from txtor.test.test_layering import MAY_IMPORT

Row = tuple[str, ...]


def summary(thing: Any) -> str:
    """
    The first paragraph of a docstring, as one line. Names in it keep their meaning where they were written, so they are literals.
    """
    text = inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    return literal_names(text.partition(" See control-spec ")[0])


def literal_names(text: str) -> str:
    """
    Text in which names in single backticks stand in double ones.
    """
    return text.replace("``", "\0").replace("`", "``").replace("\0", "``")


def section(thing: Any) -> str:
    """
    The section of the specification that a docstring names last.
    """
    text = inspect.cleandoc(thing.__doc__ or "").replace("\n", " ")
    return text.rpartition("See ")[2].rstrip(".") if "See " in text else ""


def commands() -> Iterator[Row]:
    """
    Every command of the control port.
    """
    yield "command", "class", "what it does", "specification"
    found = [getattr(txtor.commands, name) for name in txtor.commands.__all__]
    for command in sorted((each for each in found if isinstance(each, type)), key=lambda each: str(vars(each).get("keyword"))):
        keyword = vars(command).get("keyword")
        if isinstance(keyword, str):
            yield f"``{keyword}``", f"`~txtor.commands.{command.__name__}`", summary(command), section(command)


def events() -> Iterator[Row]:
    """
    Every event.
    """
    yield "event", "class", "what it tells"
    for keyword, event in sorted(txtor.events.EVENT_CLASSES.items()):
        yield f"``{keyword}``", f"`~txtor.events.{event.__name__}`", literal_names(event.description or summary(event))


def errors() -> Iterator[Row]:
    """
    The tree of errors.
    """
    yield "error", "what it means"

    def below(error: type[BaseException], depth: int) -> Iterator[Row]:
        if error.__module__.startswith(txtor.errors.__name__):
            yield "\N{EN SPACE}" * 2 * depth + f"`~txtor.errors.{error.__name__}`", summary(error)
            for child in sorted(error.__subclasses__(), key=lambda each: each.__name__):
                yield from below(child, depth + 1)

    yield from below(txtor.errors.TorError, 0)


def info_keys() -> Iterator[Row]:
    """
    Every key of GETINFO.
    """
    yield "key", "type", "what it tells"
    for key in sorted(txtor.commands.INFO_KEYS.values(), key=lambda each: each.name):
        yield f"``{key.name}``", key.kind, literal_names(key.description)


def documents() -> Iterator[Row]:
    """
    Every kind of directory document.
    """
    yield "class", "document", "specification"
    for name in txtor.directory.__all__:
        document = getattr(txtor.directory, name)
        grammar = getattr(document, "grammar", None)
        if isinstance(document, type) and issubclass(document, txtor.directory.Document) and grammar is not None:
            yield f"`~txtor.directory.{name}`", summary(document), grammar.section


def layers() -> Iterator[Row]:
    """
    What may import what.
    """
    yield "part", "may import"
    for part, below in MAY_IMPORT.items():
        shown = ", ".join(f"``{each}``" for each in sorted(below)) or "nothing"
        yield f"``{part}``", shown


TABLES: dict[str, Callable[[], Iterator[Row]]] = {
    "commands": commands,
    "events": events,
    "errors": errors,
    "info-keys": info_keys,
    "documents": documents,
    "layers": layers,
}


class Table(SphinxDirective):
    """
    ``.. txtor-table:: commands``.
    """

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        """
        The table.
        """
        rows = list(TABLES[self.arguments[0]]())
        if len(rows) < 2:
            raise self.error(f"The table {self.arguments[0]} is empty.")
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
        for row in rows:
            for place, cell in enumerate(row):
                lines.append(f"   {'  ' if place else '* '}- {cell}")
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, f"table {self.arguments[0]}"), self.content_offset, holder)
        return holder.children


def setup(app: Sphinx) -> dict[str, Any]:
    """
    For Sphinx.
    """
    app.add_directive("txtor-table", Table)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
