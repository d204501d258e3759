# -*- test-case-name: txtor.test.directory.test_network_status -*-
"""
What votes and consensuses have in common: a header, ten thousand routers, a footer with signatures.

Header and footer are a document like any other, of some fifty items. The routers between them are not cut into items: they are
found when somebody asks for one (by bisection, since they are sorted) or for all of them, and read themselves. So `tokens` and
`index` of a network status are those of header and footer; `items` are all. See dir-spec 3.4.1.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import pairwise
from typing import ClassVar, NamedTuple, TypeVar

from txtor.errors import MalformedDocument, VerificationFailed

from ._document import Document, _Reading
from ._fields import Field, optional, read_item, repeated, required
from ._grammar import Grammar, Index
from ._items import Item, tokenize
from ._readers import read_first_word, read_time
from ._router_index import RouterStatuses, find_router, identity_of, index_routers_in_slices, run_slices
from ._router_status import RouterStatus
from ._status_rules import FOOTER, RULES, SECTION, SIGNATURE
from ._status_values import (
    Parameters,
    read_flags,
    read_flavour,
    read_package,
    read_parameters,
    read_protocols,
    read_shared_random,
    read_signature,
    read_sources,
    read_versions,
    read_voting_delay,
)

S = TypeVar("S", bound="NetworkStatus")

_FIRST = b"network-status-version"
_MAX_SIGNATURES = 256
_MARK = b"\ndirectory-"
_FOOTER_LINE = re.compile(rb"directory-(?:footer[ \t\r\n]|signature)").match


class NetworkStatus(Document):
    """
    A vote or a consensus.

    See dir-spec 3.4.1, Vote and consensus status document formats.
    """

    __slots__ = ("_block", "_routers")

    grammar = Grammar("network status", SECTION, RULES, {0: "network-status-version"})
    #: What ``vote-status`` must say.
    status: ClassVar[str] = ""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self._block: _Block | None = None
        self._routers: RouterStatuses | None = None

    flavour = required("network-status-version", read_flavour)
    """
    ``"ns"`` or ``"microdesc"``.
    """

    vote_status = required("vote-status", read_first_word)
    valid_after = required("valid-after", read_time)
    fresh_until = required("fresh-until", read_time)
    valid_until = required("valid-until", read_time)
    voting_delay = required("voting-delay", read_voting_delay)
    client_versions = optional("client-versions", read_versions)
    """
    The versions of tor that are recommended for clients, as text: `TorVersion.status_in` takes them.
    """

    server_versions = optional("server-versions", read_versions)
    packages = repeated("package", read_package, checked=False)
    known_flags = required("known-flags", read_flags)
    """
    The flags on which those who voted had an opinion, in ascending order.
    """

    recommended_client_protocols = optional("recommended-client-protocols", read_protocols)
    recommended_relay_protocols = optional("recommended-relay-protocols", read_protocols)
    required_client_protocols = optional("required-client-protocols", read_protocols)
    required_relay_protocols = optional("required-relay-protocols", read_protocols)
    parameters = Field(
        "params", lambda document, places: read_item(document, places[0], read_parameters) if places else Parameters()
    )
    """
    The network's parameters; empty where there are none.
    """

    shared_randomness_previous = optional("shared-rand-previous-value", read_shared_random)
    shared_randomness_current = optional("shared-rand-current-value", read_shared_random)
    sources = Field("dir-source", read_sources)
    """
    The authorities that took part, with what stands below the ``dir-source`` of each.
    """

    signatures = repeated("directory-signature", read_signature)
    """
    The signatures, good and bad; see `verify`.
    """

    @classmethod
    def parse_many(
        cls: type[S], data: bytes, *, check: bool = True, normalize: bool = False
    ) -> Iterator[S | MalformedDocument]:
        """
        Read the documents of a text one after another, see `Document.parse_many`.
        """
        if not data.startswith(_FIRST) or normalize or data.find(b"\n" + _FIRST) >= 0:
            yield from super().parse_many(data, check=check, normalize=normalize)
            return
        document = cls(data)  # the usual case, and four megabytes need not be copied
        try:
            if check:
                document.check()
            yield document
        except MalformedDocument as error:
            yield error

    def check(self) -> None:
        """
        Check the structure, all values of header and footer, and that routers are sorted and none is there twice.

        The entries of the routers are not read: each is checked when it is, or by `check_routers`.

        :raises MalformedDocument: something is wrong; the first thing that is.
        """
        super().check()
        self.routers  # noqa: B018  # finding them checks their order

    def check_routers(self) -> Generator[None, None, None]:
        """
        Read all of every router, in steps of some milliseconds.

        :raises MalformedDocument: in the step that meets what is wrong.
        """
        for number, router in enumerate(self.routers.values(), 1):
            router.check()
            self._check_router(router)
            if not number % 200:
                yield

    def _check_router(self, router: RouterStatus) -> None:
        """
        What a kind of network status checks of each router beside its form.
        """

    # -- the routers --------------------------------------------------------------------------------------------------

    @property
    def routers(self) -> RouterStatuses:
        """
        The routers by fingerprint, in ascending order. All are found when this is first asked for; none is read.

        :raises MalformedDocument: an identity cannot be read, or they are not sorted.
        """
        if self._routers is None:
            run_slices(self.routers_in_slices())
        assert self._routers is not None  # what the line above is for
        return self._routers

    def routers_in_slices(self, known: RouterStatuses | None = None) -> Generator[None, None, RouterStatuses]:
        """
        The same in steps of some milliseconds; `routers` has them at once afterwards.

        :param known: the routers of an earlier network status. Where an entry is the same, its object is taken.
        """
        block = self._where()
        try:
            routers = yield from index_routers_in_slices(self.content, known, block.start, block.end)
        except MalformedDocument as error:
            line = None if error.line is None else error.line + self._lines_before(block.start) - 1
            raise MalformedDocument(self.grammar.document, error.rule, line, error.section) from None
        found = list(routers.by_identity)
        if found != sorted(found):
            place = next(place for place, pair in enumerate(pairwise(found)) if pair[0] > pair[1])
            name = found[place + 1].hex().upper()
            raise MalformedDocument(self.grammar.document, f"the router {name} is not in its order", None, SECTION)
        self._routers = routers
        return routers

    def find(self, fingerprint: str | bytes) -> RouterStatus | None:
        """
        One router, without finding all: entries are sorted, so some twenty of them are looked at.

        :param fingerprint: with or without ``$``, or the 20 bytes of an identity.
        :return: its entry, or ``None`` where it is not in it.
        :raises InvalidArgument: it is no fingerprint.
        :raises MalformedDocument: an entry that was looked at has no identity.
        """
        if self._routers is not None:
            return self._routers.by_identity.get(identity_of(fingerprint))
        block = self._where()
        return find_router(self.content, identity_of(fingerprint), block.start, block.end)

    # -- header and footer --------------------------------------------------------------------------------------------

    def _where(self) -> _Block:
        """
        Where the routers are.
        """
        self.index  # noqa: B018  # whoever asks for routers has a document whose structure is right
        assert self._block is not None  # found when header and footer were cut
        return self._block

    def _read(self) -> _Reading:
        """
        Cut header and footer into items, once.
        """
        if self._reading is None:
            content, first = self.content, self._content_start()
            name, line = self.grammar.document, 1 + self.raw.count(b"\n", 0, first)
            start = content.find(b"\nr ") + 1
            end = _footer(content, start)
            start = start or end
            header = tokenize(content[:start], name, line=line)
            try:
                footer = tokenize(content[end:], name) if end < len(content) else []
            except MalformedDocument as error:
                number = (error.line or 1) + line - 1 + content.count(b"\n", 0, end)
                raise MalformedDocument(name, error.rule, number, error.section) from None
            self._block = _Block(start, end, len(header))
            self._reading = _Reading(header + footer, first, line)
        return self._reading

    @property
    def index(self) -> Index:
        """
        By keyword, the places of its items in `tokens`. The structure has been checked.
        """
        try:
            return super().index
        except MalformedDocument as error:
            block = self._block
            line = error.line
            if block is not None and line is not None and line >= self._lines_before(block.start):
                line += self.content.count(b"\n", block.start, block.end)  # it is in the footer
            raise MalformedDocument(error.document, error.rule, line, error.section) from None

    def _lines_before(self, place: int) -> int:
        """
        The number of the line at an offset of the content.
        """
        return 1 + self.raw.count(b"\n", 0, self._content_start()) + self.content.count(b"\n", 0, place)

    def _check_structure(self, index: Index) -> None:
        tokens, block = self.tokens, self._block
        assert block is not None  # found when header and footer were cut
        for place, (_, keyword, _, _, _) in enumerate(tokens):
            if keyword in FOOTER if place < block.header else keyword in self.grammar.rules and keyword not in FOOTER:
                raise self._refuse(f"{keyword} stands where it does not belong", place)
        first = index[SIGNATURE][0]
        if index[SIGNATURE] != list(range(first, len(tokens))):
            raise self._refuse("there is something else behind the first signature", first)
        if len(tokens) - first > _MAX_SIGNATURES:
            raise self._refuse(f"more than {_MAX_SIGNATURES} signatures", first)
        if index["directory-footer"][0] > min(place for keyword in FOOTER for place in index.get(keyword, [first])):
            raise self._refuse("directory-footer is not the first of the footer", index["directory-footer"][0])
        if self.vote_status != self.status:
            raise self._refuse(f"vote-status is {self.vote_status!r} where {self.status!r} belongs", index["vote-status"][0])
        if not self.valid_after < min(self.fresh_until, self.valid_until):
            raise self._refuse("valid-after is not before fresh-until and valid-until", index["valid-after"][0])

    def _refuse(self, rule: str, place: int) -> MalformedDocument:
        return MalformedDocument(self.grammar.document, rule, super().item_at(place).line, SECTION)

    def item_at(self, place: int) -> Item:
        """
        One item of header and footer, by its place in `tokens`.
        """
        item = super().item_at(place)
        block = self._block
        if block is not None and place >= block.header:
            item.line += self.content.count(b"\n", block.start, block.end)
            item.start += block.end - block.start
        return item

    @property
    def items(self) -> tuple[Item, ...]:
        """
        All items in order, those of all routers included: some sixty thousand for the public network.
        """
        place, line = self._content_start(), 1 + self.raw.count(b"\n", 0, self._content_start())
        found = []
        for token in tokenize(self.content, self.grammar.document, line=line):
            found.append(Item(token, line, place))
            place += len(token[0])
            line += token[0].count("\n")
        return tuple(found)

    # -- what is signed -----------------------------------------------------------------------------------------------

    def signed_range(self) -> bytes:
        """
        What the signatures cover: from the first byte through the space behind the first ``directory-signature``.

        tor finds it by searching for this text. A document where a search would find another place is refused.

        :raises VerificationFailed: there is such a place.
        """
        content = self.content
        place = self.index[SIGNATURE][0]
        start = len(content) - sum([len(token[0]) for token in self.tokens[place:]])
        mark = SIGNATURE.encode("ascii")
        if not content.startswith(mark + b" ", start) or content.find(b"\n" + mark) != start - 1:
            raise VerificationFailed(self.grammar.document, "the signed part does not end where it seems to", None, SECTION)
        if not content.startswith(_FIRST + b" "):
            raise VerificationFailed(self.grammar.document, "the signed part does not begin where it seems to", None, SECTION)
        return content[: start + len(mark) + 1]


class _Block(NamedTuple):
    """
    Where the routers of a network status begin and end, in bytes of the content, and how many items are above them.
    """

    start: int
    end: int
    header: int


def _footer(content: bytes, start: int) -> int:
    """
    Where the footer begins, or the end where there is none. A signature begins it as well, in a document that is wrong.
    """
    place = content.find(_MARK, start)
    while place >= 0 and not _FOOTER_LINE(content, place + 1):
        place = content.find(_MARK, place + 1)
    return place + 1 if place >= 0 else len(content)
