# -*- test-case-name: txtor.test.config.test_draft -*-
"""
The list that a program holds of an option with several values: a view, which is always current and whose changes are noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableSequence
from typing import Any, Generic, SupportsIndex, TypeVar, overload

from txtor.errors import InvalidArgument

T = TypeVar("T")


class ItemList(MutableSequence[T], Generic[T]):
    """
    The values of one option, as a list.

    Each change makes a new whole value of the option, which waits to be saved.

    :param get: tells the present values.
    :param put: takes the values after a change.
    """

    __slots__ = ("_get", "_put")
    __hash__ = None  # type: ignore[assignment]  # as of any list

    def __init__(self, get: Callable[[], tuple[T, ...]], put: Callable[[list[T]], None]) -> None:
        self._get = get
        self._put = put

    def __repr__(self) -> str:
        return repr(list(self._get()))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ItemList | list | tuple):
            return list(self) == list(other)
        return NotImplemented

    def __len__(self) -> int:
        return len(self._get())

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: Any) -> Any:
        return list(self._get())[index]

    @overload
    def __setitem__(self, index: SupportsIndex, value: T) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[T]) -> None: ...
    def __setitem__(self, index: Any, value: Any) -> None:
        items = list(self._get())
        try:
            items[index] = value
        except (TypeError, ValueError) as error:  # a slice of another length, or what is no list
            raise InvalidArgument(f"That cannot stand in the list: {error}") from None
        self._put(items)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        items = list(self._get())
        del items[index]
        self._put(items)

    def insert(self, index: SupportsIndex, value: T) -> None:
        """
        Put a value before another.
        """
        items = list(self._get())
        items.insert(index, value)
        self._put(items)

    def extend(self, values: Iterable[T]) -> None:
        """
        Put values at the end, as one change.
        """
        self._put([*self._get(), *values])

    def clear(self) -> None:
        """
        Remove all values, as one change.
        """
        self._put([])

    def reverse(self) -> None:
        """
        Turn the order round, as one change.
        """
        self._put(list(self._get())[::-1])

    def sort(self, *, key: Callable[[T], Any] | None = None, reverse: bool = False) -> None:
        """
        Sort the values, by their text if nothing else is said.
        """
        self._put(sorted(self._get(), key=key or str, reverse=reverse))
