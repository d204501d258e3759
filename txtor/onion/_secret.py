# -*- test-case-name: txtor.test.onion.test_keys -*-
"""
What all values that hold a secret have in common.
"""

from __future__ import annotations

from typing import NoReturn, TypeVar

from txtor.errors import InvalidArgument

S = TypeVar("S", bound="Secret")


class Secret:
    """
    A value whose secret is in no ``repr`` and no pickle; a copy of it is the value itself.
    """

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise InvalidArgument(f"{type(self).__name__} holds a secret and is not pickled; write it with its own methods.")

    def __copy__(self: S) -> S:
        return self

    def __deepcopy__(self: S, memo: object) -> S:
        return self
