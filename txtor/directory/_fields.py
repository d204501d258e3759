# -*- test-case-name: txtor.test.directory.test_document -*-
"""
Attributes of documents: read from their items when they are asked for, and kept from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from txtor.errors import MalformedDocument

from ._encoding import BadValue
from ._items import Item

if TYPE_CHECKING:
    from ._document import Document

T = TypeVar("T")


class Field(Generic[T]):
    """
    An attribute that is read from the items of one keyword when it is asked for.

    :ivar keyword: the keyword.
    :ivar checked: whether `Document.check` reads it.
    """

    __slots__ = ("checked", "keyword", "name", "read")

    def __init__(self, keyword: str, read: Callable[[Document, list[int]], T], checked: bool = True) -> None:
        """
        :param read: from the document and the places of the keyword's items (perhaps none) to the value.
        :param checked: ``False`` for what tor does not look at itself: a value there that cannot be read is told to who reads it,
            and does not spoil the document.
        """
        self.checked = checked
        self.keyword = keyword
        self.name = ""
        self.read = read

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, document: None, owner: type) -> Field[T]: ...

    @overload
    def __get__(self, document: Document, owner: type) -> T: ...

    def __get__(self, document: Document | None, owner: type) -> Field[T] | T:
        if document is None:
            return self
        reading = document._reading or document._read()
        values, name = reading.values, self.name
        if name in values:
            value: T = values[name]
        else:
            index = document.index if reading.index is None else reading.index
            value = values[name] = self.read(document, index.get(self.keyword, []))
        return value

    def __set__(self, document: Document, value: object) -> None:
        raise AttributeError(f"{self.name} is read from the document and cannot be set")


def read_item(document: Document, place: int, read: Callable[[Item], T]) -> T:
    """
    Read the value of one item.

    :raises MalformedDocument: it is no such value; the error names the line.
    """
    reading = document._reading or document._read()
    try:
        return read(Item(reading.tokens[place], 0, 0))
    except (BadValue, MalformedDocument) as error:
        raise _misread(document, place, error) from None


def _misread(document: Document, place: int, error: BadValue | MalformedDocument) -> MalformedDocument:
    """
    The error of an item's value, with the place of the item.
    """
    rule = error.rule if isinstance(error, MalformedDocument) else str(error)
    item = document.item_at(place)
    grammar = document.grammar
    return MalformedDocument(grammar.document, f"{item.keyword}: {rule}", item.line, grammar.section)


def required(keyword: str, read: Callable[[Item], T], checked: bool = True) -> Field[T]:
    """
    The value of a keyword that the table requires.
    """

    def read_first(document: Document, places: list[int]) -> T:
        return read_item(document, places[0], read)

    return Field(keyword, read_first, checked)


def optional(keyword: str, read: Callable[[Item], T | None], checked: bool = True) -> Field[T | None]:
    """
    The value of a keyword, or ``None`` where it is absent.
    """

    def read_first(document: Document, places: list[int]) -> T | None:
        return read_item(document, places[0], read) if places else None

    return Field(keyword, read_first, checked)


def repeated(keyword: str, read: Callable[[Item], T], checked: bool = True) -> Field[tuple[T, ...]]:
    """
    The values of all items of a keyword, in order.
    """

    def read_all(document: Document, places: list[int]) -> tuple[T, ...]:
        return tuple([read_item(document, place, read) for place in places])

    return Field(keyword, read_all, checked)


def present(keyword: str) -> Field[bool]:
    """
    Whether a keyword is there.
    """
    return Field(keyword, lambda document, places: bool(places))


_FIELDS: dict[type[Document], tuple[str, ...]] = {}


def fields_of(kind: type[Document]) -> tuple[str, ...]:
    """
    The names of the fields of a class that are checked, those of its bases included.
    """
    if kind not in _FIELDS:
        named = {name: value for base in reversed(kind.__mro__) for name, value in vars(base).items()}
        _FIELDS[kind] = tuple(name for name, value in named.items() if isinstance(value, Field) and value.checked)
    return _FIELDS[kind]
