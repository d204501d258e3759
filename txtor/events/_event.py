# -*- test-case-name: txtor.test.events.test_event -*-
"""
What all events have in common: their text, split into words when one of them is first asked for.

An event is made for each line that Tor sends, and most of them are looked at little or not at all. So an event is two slots: its
text, and what was split of it so far. Nothing of it is read before an attribute is touched; then the words are split once, and
each attribute makes its value from them.

No attribute ever raises, whatever the text: what is absent or cannot be read is ``None``, and the words stay readable in
`Event.text`, `Event.positional` and `Event.keywords`. A newer Tor may say more than txtor knows. See control-spec 4.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from txtor.grammar import EVENT_STATUS, Reply, ReplyLine, decode, is_argument_key, split_words, unquote_value

T = TypeVar("T")

#: The words by position, those that are ``KEY=value``, and the lines of an event that has more than one.
Parsed = tuple[tuple[str, ...], dict[str, str], tuple[ReplyLine, ...]]

#: The keys that attributes read: `key` adds each. A text with no others needs no closer look at its keys.
_familiar_keys: set[str] = set()


def _parse_familiar(text: str, fixed: int) -> Parsed | None:
    """
    Split a text of the kind that Tor 0.4.9 writes: bare words first, then familiar keys, and no spaces in quotes.

    :return: ``None`` for any other text; otherwise the same as `_parse_any`, in about half the time.
    """
    words = text.split(" ")
    if "=" not in text and '"' not in text:
        return tuple(words), {}, ()
    at = fixed
    keywords = {}
    for word in words[fixed:]:
        key, equals, value = word.partition("=")
        if equals and key in _familiar_keys:
            keywords[key] = value
        elif equals or keywords:
            return None
        else:
            at += 1
    if '"' in text:
        quotes = 0
        for key, value in keywords.items():
            if '"' in value:
                keywords[key] = value[1:-1]
                if "\\" in value or value[0] != '"' or value.find('"', 1) != len(value) - 1:
                    return None
                quotes += 2
        if quotes != text.count('"'):
            return None
    return tuple(words[:at]), keywords, ()


def _parse_any(text: str, fixed: int) -> Parsed:
    """
    Split any text.
    """
    words = text.split(" ", fixed) if text else []
    rest = split_words(words.pop()) if len(words) > fixed else []
    keywords: dict[str, str] = {}
    for word in rest:
        key, equals, value = word.partition("=")
        if equals and is_argument_key(key):
            # The last one counts: what an application put into a STREAM's target stands before what Tor says.
            keywords[key] = unquote_value(value)
        else:
            words.append(unquote_value(word))
    return tuple(words), keywords, ()


class Event:
    """
    Something that Tor told without being asked.

    :ivar keyword: the word of the wire, as ``"CIRC"``.
    :ivar description: what the event tells, in one sentence.
    :ivar text: what stands behind ``650 KEYWORD`` and a space; of an event of several lines, that of the first.
    """

    __slots__ = ("_parsed", "text")

    keyword: str
    description: ClassVar[str] = ""

    #: How many words at the beginning are never ``KEY=value`` and never quoted, whatever they look like.
    fixed_words: ClassVar[int] = 0

    def __init__(self, text: str) -> None:
        self.text = text
        self._parsed: Parsed | None = None

    def _parse(self) -> Parsed:
        """
        Split the text and remember the words.
        """
        parsed = _parse_familiar(self.text, self.fixed_words) if self.text else None
        if parsed is None:
            parsed = _parse_any(self.text, self.fixed_words)
        self._parsed = parsed
        return parsed

    def attach(self, lines: Sequence[ReplyLine]) -> None:
        """
        Keep the lines of an event that came as several.
        """
        positional, keywords, _ = self._parsed or self._parse()
        self._parsed = (positional, keywords, tuple(lines))

    @property
    def positional(self) -> tuple[str, ...]:
        """
        The words that are not ``KEY=value``, in order; quoted ones unquoted.
        """
        return (self._parsed or self._parse())[0]

    @property
    def keywords(self) -> MappingProxyType[str, str]:
        """
        By key, the value of each ``KEY=value``; quoted ones unquoted. A key that comes twice has its last value.
        """
        return MappingProxyType((self._parsed or self._parse())[1])

    @property
    def lines(self) -> tuple[ReplyLine, ...]:
        """
        All lines as they came, with the closing one.
        """
        parsed = self._parsed
        if parsed is not None and parsed[2]:
            return parsed[2]
        return (ReplyLine(EVENT_STATUS, f"{self.keyword} {self.text}" if self.text else self.keyword),)

    @property
    def data(self) -> bytes | None:
        """
        The first data block, its lines joined by LF; ``None`` where there is none.
        """
        for line in self.lines:
            if line.data is not None:
                return line.data
        return None

    def __str__(self) -> str:
        """
        The text; of an event of several lines all of it but a closing ``OK``, the lines joined by LF.
        """
        first, *more = self.lines
        if first.data is None and not more:
            return self.text
        if more and more[-1] == (EVENT_STATUS, "OK", None):
            more.pop()
        parts = [self.text] if self.text else []
        if first.data is not None:
            parts.append(decode(first.data))
        for line in more:
            parts.append(line.text)
            if line.data is not None:
                parts.append(decode(line.data))
        return "\n".join(parts)

    def __repr__(self) -> str:
        # Not the whole text: it may hold SOCKS_PASSWORD. What the fixed words do not hold is told by attributes.
        words = self.text.split(" ", self.fixed_words)[: self.fixed_words]
        return f"<{' '.join([type(self).__name__, *words])[:100]}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Event):
            return NotImplemented
        return self.keyword == other.keyword and self.text == other.text and self.lines == other.lines

    def __hash__(self) -> int:
        return hash((self.keyword, self.text))


class MultiLineEvent(Event):
    """
    An event that Tor sends as several lines, and that is made from all of them.
    """

    __slots__ = ()

    def __init__(self, source: Reply | str) -> None:
        """
        :param source: the lines of the event, the first with the keyword; or the text behind the keyword, if there is no more.
        """
        if isinstance(source, str):
            super().__init__(source)
        else:
            super().__init__(source.lines[0].text.partition(" ")[2])
            self.attach(source.lines)


class UnknownEvent(Event):
    """
    An event whose keyword txtor does not know; a newer Tor has it. All that Tor said is in its words.
    """

    __slots__ = ("keyword",)

    description = "An event that txtor does not know."

    def __init__(self, text: str, keyword: str) -> None:
        super().__init__(text)
        self.keyword = keyword

    def __repr__(self) -> str:
        return f"<UnknownEvent {self.keyword[:100]}>"


class Attribute(property, Generic[T]):
    """
    An attribute of an event that is made from its words whenever it is read: a property whose type is known.

    Each has a code object of its own: the interpreter adapts code to the class that it meets, and this is where the time goes.
    """

    def __init__(self, get: Callable[[Any], T]) -> None:
        super().__init__(FunctionType(get.__code__.replace(), get.__globals__, get.__name__, None, get.__closure__))

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type | None = None, /) -> Attribute[T]: ...
        @overload
        def __get__(self, instance: Event, owner: type | None = None, /) -> T: ...
        def __get__(self, instance: Any, owner: type | None = None, /) -> Any: ...


@overload
def word(index: int) -> Attribute[str | None]: ...
@overload
def word(index: int, read: Callable[[str], T | None]) -> Attribute[T | None]: ...
def word(index: int, read: Callable[[str], Any] | None = None) -> Attribute[Any]:
    """
    The word at a position, or ``None``.

    :param read: makes the value from the text; it takes every text and does not raise.
    """

    def get(event: Event) -> Any:
        words = (event._parsed or event._parse())[0]
        return words[index] if index < len(words) else None

    def get_read(event: Event) -> Any:
        words = (event._parsed or event._parse())[0]
        return read(words[index]) if index < len(words) else None  # type: ignore[misc]  # there is one

    return Attribute(get if read is None else get_read)


@overload
def key(name: str) -> Attribute[str | None]: ...
@overload
def key(name: str, read: Callable[[str], T | None]) -> Attribute[T | None]: ...
def key(name: str, read: Callable[[str], Any] | None = None) -> Attribute[Any]:
    """
    The value of a ``KEY=value``, or ``None``.

    :param read: makes the value from the text; it takes every text and does not raise.
    """
    _familiar_keys.add(name)
    if read is None:
        return Attribute(lambda event: (event._parsed or event._parse())[1].get(name))

    def get(event: Event) -> Any:
        text = (event._parsed or event._parse())[1].get(name)
        return None if text is None else read(text)

    return Attribute(get)
