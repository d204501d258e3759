# -*- test-case-name: txtor.test.directory.test_grammar -*-
"""
What a kind of document must hold: multiplicity, arguments, objects and positions as a table, and the one checker that reads it.

Each document class has its `Grammar` beside it. Keywords that are not in the table are never an error; those that are must not
be repeated (unless the table says so), or whoever reads the first and whoever reads the last would believe different things.
See dir-spec 1.2, Document meta-format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from txtor.errors import MalformedDocument

from ._items import Token, words


@dataclass(frozen=True)
class Rule:
    """
    What is allowed of one keyword.

    :ivar required: whether it must be there.
    :ivar repeats: whether it may be there more than once.
    :ivar arguments: the least number of arguments. More are accepted unless it is exact.
    :ivar exact: whether more arguments are refused.
    :ivar labels: the labels that its object may have; none where it takes no object.
    :ivar object_optional: whether the object may be missing.
    """

    required: bool = False
    repeats: bool = False
    arguments: int = 0
    exact: bool = False
    labels: tuple[str, ...] = ()
    object_optional: bool = False


def once(arguments: int = 0, *labels: str, exact: bool = False, object_optional: bool = False) -> Rule:
    """
    Exactly once.
    """
    return Rule(True, False, arguments, exact, labels, object_optional)


def maybe(arguments: int = 0, *labels: str, exact: bool = False, object_optional: bool = False) -> Rule:
    """
    At most once.
    """
    return Rule(False, False, arguments, exact, labels, object_optional)


def any_number(arguments: int = 0, *labels: str, exact: bool = False) -> Rule:
    """
    Any number of times.
    """
    return Rule(False, True, arguments, exact, labels)


def some(arguments: int = 0, *labels: str, exact: bool = False) -> Rule:
    """
    At least once.
    """
    return Rule(True, True, arguments, exact, labels)


@dataclass(frozen=True)
class Grammar:
    """
    The table of one kind of document.

    :ivar document: its name in errors, as ``"server descriptor"``.
    :ivar section: the section of the specification.
    :ivar rules: by keyword.
    :ivar positions: a keyword that has its place by that place, counted from 0 or, from the end, from -1. The keyword of place
        0 must be there; another that is there must stand in its place.
    :ivar needs: keywords that are only allowed together with others.
    :ivar required: the keywords that must be there.
    :ivar labels: keywords that are right if their object has this label (or is none) and, if they are among `single`, anything
        stands behind them.
    :ivar single: keywords that need one argument.
    """

    document: str
    section: str
    rules: Mapping[str, Rule]
    positions: Mapping[int, str] = field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: frozenset[str] = field(init=False)
    labels: Mapping[str, str] = field(init=False)
    single: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "required", frozenset(keyword for keyword, rule in self.rules.items() if rule.required))
        object.__setattr__(self, "labels", {keyword: _label(rule) for keyword, rule in self.rules.items() if rule.arguments < 2})
        object.__setattr__(self, "single", frozenset(keyword for keyword, rule in self.rules.items() if rule.arguments == 1))


def _label(rule: Rule) -> str:
    """
    The label that an item needs no closer look with; one that no label is where every item needs it.
    """
    if rule.exact:
        return "-"
    return rule.labels[0] if rule.labels else ""


#: By keyword, the places of its tokens.
Index = dict[str, list[int]]


def check(tokens: Sequence[Token], grammar: Grammar, line: int = 1) -> Index:
    """
    Check the structure of a document.

    :param tokens: what `tokenize` gave.
    :param line: the number of the first line, for errors.
    :return: by keyword, the places of its tokens, unknown keywords included.
    :raises MalformedDocument: a keyword is missing, repeated, out of place, has too few arguments or a wrong object.
    """
    places: Index = {}
    rules, labels, single = grammar.rules, grammar.labels, grammar.single
    for place, (_, keyword, rest, label, _) in enumerate(tokens):
        if keyword in places:
            places[keyword].append(place)
            fault = "" if keyword not in rules or rules[keyword].repeats else "is there twice"
        else:
            places[keyword] = [place]
            fault = ""
        if (labels.get(keyword) != label or (not rest and keyword in single)) and keyword in rules:
            fault = fault or _fault(rules[keyword], rest, label)
        if fault:
            raise MalformedDocument(grammar.document, f"{keyword} {fault}", _line_of(tokens, place, line), grammar.section)
    _check_presence(tokens, places, grammar, line)
    return places


def _fault(rule: Rule, rest: str, label: str) -> str:
    """
    What is wrong with an item, or nothing.
    """
    if label and label not in rule.labels:
        return f"has an object {label!r}" + (f" where {rule.labels[0]!r} belongs" if rule.labels else "")
    if rule.labels and not label and not rule.object_optional:
        return f"has no object {rule.labels[0]!r}"
    number = len(words(rest)) if rest else 0
    if number < rule.arguments:
        return f"has {number} arguments where {rule.arguments} belong"
    if rule.exact and number > rule.arguments:
        return f"has {number} arguments where exactly {rule.arguments} belong"
    return ""


def _check_presence(tokens: Sequence[Token], places: Index, grammar: Grammar, line: int) -> None:
    """
    Check what must be there, what must be together, and what has its place.
    """

    def refuse(rule: str, place: int | None = None) -> MalformedDocument:
        where = None if place is None else _line_of(tokens, place, line)
        return MalformedDocument(grammar.document, rule, where, grammar.section)

    for position, keyword in grammar.positions.items():
        wanted = position if position >= 0 else len(tokens) + position
        found = places.get(keyword)
        if found is not None and found[0] != wanted:
            where = f"item {position + 1}" if position >= 0 else f"item {-position} from the end"
            raise refuse(f"{keyword} is not {where}, where it belongs", found[0])
        if found is None and position == 0:
            raise refuse(f"the document does not begin with {keyword}", 0 if tokens else None)
    if not places.keys() >= grammar.required:
        raise refuse(f"{min(grammar.required - places.keys())} is missing")
    for keyword, others in grammar.needs.items():
        if keyword in places:
            for other in others:
                if other not in places:
                    raise refuse(f"{other} is missing, which {keyword} needs", places[keyword][0])


def _line_of(tokens: Sequence[Token], place: int, line: int) -> int:
    """
    The number of the line on which a token begins.
    """
    return line + sum(token[0].count("\n") for token in tokens[:place])
