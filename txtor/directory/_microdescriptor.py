# -*- test-case-name: txtor.test.directory.test_microdescriptor -*-
"""
Microdescriptors: the part of a server descriptor that clients need, as the authorities agree on it.

See dir-spec 3.3, Computing microdescriptors.
"""

from __future__ import annotations

from datetime import datetime

from txtor.errors import CannotVerify, MalformedDocument, VerificationFailed

from ._document import Document
from ._encoding import BadValue, address_port, base64, time
from ._family import Family
from ._fields import Field, optional, read_item, repeated, required
from ._grammar import Grammar, any_number, maybe, once
from ._items import Item
from ._port_summary import PortSummary
from ._protocols import Protocols
from ._readers import argument, read_key, read_words
from ._rsa import RSAKey

_ID_SIZES = {"ed25519": 32, "rsa1024": 20}
_DIGEST_SIZE = 32


def _read_onion_key(item: Item) -> RSAKey | None:
    return RSAKey(item.object_bytes(), 1024) if item.has_object else None


def _read_summary(item: Item) -> PortSummary:
    return PortSummary.parse(" ".join(item.arguments))


def _read_identifiers(document: Document, places: list[int]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for place in places:
        kind, value = read_item(document, place, _read_identifier)
        if value is None:
            continue  # of a kind that txtor does not know: it stays readable in the items
        if kind in found:
            item = document.item_at(place)
            raise MalformedDocument(
                document.grammar.document, f"id: {kind} is there twice", item.line, document.grammar.section
            )
        found[kind] = value
    return found


def _read_identifier(item: Item) -> tuple[str, bytes | None]:
    kind = argument(item, 0)
    if kind not in _ID_SIZES:
        return kind, None
    return kind, base64(argument(item, 1), _ID_SIZES[kind])


class Microdescriptor(Document):
    """
    The part of a server descriptor that clients need. It is not signed: a consensus lists its digest, see `verify`.

    See dir-spec 3.3, Computing microdescriptors.
    """

    __slots__ = ()

    grammar = Grammar(
        "microdescriptor",
        "dir-spec 3.3",
        {
            "onion-key": once(0, "RSA PUBLIC KEY", object_optional=True),
            "ntor-onion-key": once(1),
            "a": any_number(1),
            "family": maybe(),
            "family-ids": maybe(),
            "p": maybe(2),
            "p6": maybe(2),
            "pr": maybe(),
            "id": any_number(1),
        },
        {0: "onion-key"},
    )

    onion_key = required("onion-key", _read_onion_key)
    """
    The key of the old TAP handshake; relays since 0.4.9 may have none.
    """

    ntor_onion_key = required("ntor-onion-key", read_key(32))
    """
    The Curve25519 key of the ntor handshake, 32 bytes.
    """

    or_addresses = repeated("a", lambda item: address_port(argument(item, 0)))
    """
    More addresses and ports of the relay; since consensus method 28 they are in the consensus.
    """

    family = optional("family", lambda item: Family(item.arguments))
    """
    The relays that it names as its family.
    """

    family_ids = optional("family-ids", read_words)
    """
    The families that it is a member of, as ``"ed25519:..."`` or in a form that txtor does not know.
    """

    exit_policy = optional("p", _read_summary)
    """
    The ports to which it lets streams leave; none where it is ``None``.
    """

    exit_policy_v6 = optional("p6", _read_summary)
    protocols = optional("pr", lambda item: Protocols.parse(" ".join(item.arguments)))
    identifiers: Field[dict[str, bytes]] = Field("id", _read_identifiers)
    """
    Identities by kind: ``ed25519``, 32 bytes, or ``rsa1024``, 20 bytes.
    """

    @property
    def ed25519_master_key(self) -> bytes | None:
        """
        The relay's Ed25519 identity. To be ignored where the consensus flags the relay NoEdConsensus.
        """
        return self.identifiers.get("ed25519")

    @property
    def last_listed(self) -> datetime | None:
        """
        When a consensus last listed it, as tor's cache remembers in an annotation; ``None`` where it does not say.
        """
        for name, text in self.annotations:
            if name == "last-listed":
                try:
                    return time(text)
                except BadValue:
                    return None
        return None

    def verify(self, digest: str | bytes | None = None) -> None:
        """
        Check that it is the one that a consensus lists.

        :param digest: the digest that a verified consensus of the microdesc flavour lists for the relay: 32 bytes, or base64
            without padding as in the ``m`` line.
        :raises VerificationFailed: it has another digest.
        :raises CannotVerify: no digest was given; alone a microdescriptor proves nothing.
        :raises MalformedDocument: it cannot be read, or the digest cannot.
        """
        self.check()
        if digest is None:
            rule = "it is not signed, and can only be compared with the digest that a consensus lists"
            raise CannotVerify(self.grammar.document, rule, None, self.grammar.section)
        try:
            wanted = digest if isinstance(digest, bytes) else base64(digest, _DIGEST_SIZE)
        except BadValue as error:
            raise MalformedDocument("microdescriptor digest", str(error), None, "dir-spec 3.9") from None
        if self.digest("sha256", encoding="raw") != wanted:
            raise VerificationFailed(self.grammar.document, "its digest is not the one asked for", None, self.grammar.section)
