# -*- test-case-name: txtor.test.directory.test_bridges -*-
"""
Documents of bridges as archives publish them: sanitised, so that nobody finds a bridge with them.

Fingerprints and keys are replaced by their hashes, addresses and ports by others, names of contacts by nothing, and what was
signed is gone. So **nothing here can be verified**; asking for it raises `CannotVerify`. Digests still link the documents: the
digest in a network status is the descriptor's `router_digest`, and its ``extra-info-digest`` the extra-info's.

See https://metrics.torproject.org/bridge-descriptors.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from txtor.errors import CannotVerify, MalformedDocument

from ._document import Document
from ._encoding import BadValue, fingerprint, time
from ._extra_info import ExtraInfo, ExtraInfoVerification
from ._fields import Field, optional, read_item, required
from ._grammar import Grammar, Rule, any_number, maybe, once
from ._items import Item
from ._lines import LineDocument, WholeFile
from ._readers import argument, read_fingerprint, read_grouped_fingerprint, read_time
from ._router_index import RouterStatuses, index_routers
from ._server_descriptor import ServerDescriptor

_SECTION = "CollecTor bridge descriptors"
_ABSENT = (
    "identity-ed25519", "onion-key", "onion-key-crosscert", "ntor-onion-key-crosscert", "signing-key",
    "router-sig-ed25519", "router-signature", "family-cert",
)  # fmt: skip
_DIGESTS = {"router-digest-sha256": maybe(1), "router-digest": once(1)}


def _sanitised(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """
    The table of a sanitised document: without keys and signatures, and with digests at its end.
    """
    return {keyword: rule for keyword, rule in rules.items() if keyword not in _ABSENT} | _DIGESTS


def _cannot_verify(document: Document) -> CannotVerify:
    rule = "it was sanitised, and its signatures with it"
    return CannotVerify(document.grammar.document, rule, None, document.grammar.section)


class BridgeServerDescriptor(Document):
    """
    The server descriptor of a bridge, sanitised.

    :ivar fingerprint: the SHA-1 of the bridge's real fingerprint, 40 upper-case hexadecimal digits.
    :ivar ed25519_master_key_hash: the SHA-256 of its real Ed25519 identity as base64, or ``None``.
    :ivar router_digest: what a bridge network status knows it by.
    :ivar router_digest_sha256: the same for the SHA-256 digest, in base64, or ``None``.

    The other attributes are those of `ServerDescriptor`; addresses and ports are made up.
    """

    __slots__ = ()

    grammar = Grammar(
        "bridge server descriptor",
        _SECTION,
        _sanitised(ServerDescriptor.grammar.rules) | {"fingerprint": once(1)},
        {0: "router"},  # in archives of 2012 and before, router-digest is the second line and not the last
    )

    router = ServerDescriptor.router
    bandwidth = ServerDescriptor.bandwidth
    published = ServerDescriptor.published
    platform = ServerDescriptor.platform
    contact = ServerDescriptor.contact
    fingerprint = required("fingerprint", read_grouped_fingerprint)
    uptime = ServerDescriptor.uptime
    is_hibernating = ServerDescriptor.is_hibernating
    exit_policy = ServerDescriptor.exit_policy
    exit_policy_v6 = ServerDescriptor.exit_policy_v6
    protocols = ServerDescriptor.protocols
    family = ServerDescriptor.family
    or_addresses = ServerDescriptor.or_addresses
    extra_info_digest = ServerDescriptor.extra_info_digest
    overload_general = ServerDescriptor.overload_general
    bridge_distribution_request = ServerDescriptor.bridge_distribution_request
    ntor_onion_key = ServerDescriptor.ntor_onion_key
    is_extra_info_cache = ServerDescriptor.is_extra_info_cache
    is_hidden_service_dir = ServerDescriptor.is_hidden_service_dir
    is_tunnelled_dir_server = ServerDescriptor.is_tunnelled_dir_server
    allows_single_hop_exits = ServerDescriptor.allows_single_hop_exits
    read_history = ServerDescriptor.read_history
    write_history = ServerDescriptor.write_history
    eventdns = ServerDescriptor.eventdns
    link_and_circuit_protocols = ServerDescriptor.link_and_circuit_protocols
    ed25519_master_key_hash = optional("master-key-ed25519", lambda item: argument(item, 0))
    router_digest = required("router-digest", read_fingerprint)
    router_digest_sha256 = optional("router-digest-sha256", lambda item: argument(item, 0))

    def verify(self, **_given: object) -> None:
        """
        Nothing of a sanitised document can be verified.

        :raises CannotVerify: always.
        """
        raise _cannot_verify(self)

    @property
    def nickname(self) -> str:
        return self.router.nickname

    @property
    def address(self) -> str:
        """
        An IPv4 address of network 10, which stands for the real one.
        """
        return self.router.address

    @property
    def or_port(self) -> int:
        return self.router.or_port


class BridgeExtraInfo(ExtraInfo):
    """
    The extra-info of a bridge, sanitised. Its statistics are those of `ExtraInfo`; its signature is empty.

    :ivar ed25519_master_key_hash: the SHA-256 of the bridge's real Ed25519 identity as base64, or ``None``.
    :ivar router_digest: what the server descriptor's ``extra-info-digest`` is.
    :ivar router_digest_sha256: the same for the SHA-256 digest, in base64, or ``None``.
    """

    __slots__ = ()

    grammar = Grammar(
        "bridge extra-info",
        _SECTION,
        _sanitised(ExtraInfo.grammar.rules) | {"master-key-ed25519": maybe(1)},
        {0: "extra-info", -1: "router-digest"},
    )

    signature = Field("router-signature", lambda document, places: b"")
    ed25519_master_key_hash = optional("master-key-ed25519", lambda item: argument(item, 0))
    router_digest = required("router-digest", read_fingerprint)
    router_digest_sha256 = optional("router-digest-sha256", lambda item: argument(item, 0))

    def signed_range(self) -> bytes:
        """
        All of it: what was signed is gone.
        """
        return self.content

    def verify_ed25519(self, *, now: datetime) -> ExtraInfoVerification:
        """
        Nothing of a sanitised document can be verified.

        :raises CannotVerify: always.
        """
        raise _cannot_verify(self)

    def verify(self, server_descriptor: ServerDescriptor | None = None, *, now: datetime) -> ExtraInfoVerification:
        """
        Nothing of a sanitised document can be verified.

        :raises CannotVerify: always.
        """
        raise _cannot_verify(self)


def _read_routers(document: Document, places: list[int]) -> RouterStatuses:
    """
    The entries, which reach from the first ``r`` to the end.
    """
    if not places:
        return RouterStatuses()
    return index_routers(document.content[document.item_at(places[0]).start - document.item_at(0).start :])


def _read_thresholds(item: Item) -> Mapping[str, str]:
    pairs = (word.partition("=") for word in item.arguments)
    return MappingProxyType({key: value for key, _, value in pairs})


class BridgeNetworkStatus(WholeFile):
    """
    What the bridge authority knew of all bridges, sanitised.

    :ivar published: when, or ``None``: in old files only the file's name says it.
    :ivar fingerprint: of the bridge authority, 40 upper-case hexadecimal digits, or ``None``.
    :ivar flag_thresholds: by name, what a bridge needed for its flags, as text; or ``None``.
    :ivar routers: a `RouterStatus` for each, by hashed fingerprint; their ``digest`` is a descriptor's ``router_digest``.
    """

    __slots__ = ()

    grammar = Grammar(
        "bridge network status",
        _SECTION,
        {
            "published": maybe(2),
            "flag-thresholds": maybe(),
            "fingerprint": maybe(1),
            "r": any_number(8),
            "a": any_number(1),
            "s": any_number(),
            "w": any_number(),
            "p": any_number(1),
        },
    )

    published = optional("published", read_time)
    fingerprint = optional("fingerprint", read_fingerprint)
    flag_thresholds = optional("flag-thresholds", _read_thresholds)
    routers: Field[RouterStatuses] = Field("r", _read_routers)

    def check(self) -> None:
        """
        Read everything, the entries too.

        :raises MalformedDocument: something is wrong; the first thing that is.
        """
        super().check()
        for router in self.routers.values():
            router.check()

    def verify(self, **_given: object) -> None:
        """
        Nothing of a sanitised document can be verified.

        :raises CannotVerify: always.
        """
        raise _cannot_verify(self)


class BridgePoolEntry(NamedTuple):
    """
    To which of BridgeDB's pools a bridge belonged.

    :ivar fingerprint: the SHA-1 of the bridge's fingerprint, 40 upper-case hexadecimal digits.
    :ivar pool: how it was given away, as ``"email"``.
    :ivar keywords: what else is said of it, as written.
    """

    fingerprint: str
    pool: str
    keywords: Mapping[str, str]


def _read_pool_entry(item: Item) -> BridgePoolEntry:
    found = item.arguments
    if len(found) < 2:
        raise BadValue("not a fingerprint and a pool")
    pairs = (word.partition("=") for word in found[2:])
    return BridgePoolEntry(fingerprint(found[0]), found[1], MappingProxyType({key: value for key, _, value in pairs}))


def _read_pool_time(document: Document, places: list[int]) -> datetime:
    if not places:
        raise MalformedDocument(document.grammar.document, "it is empty", None, _SECTION)

    def read(item: Item) -> datetime:
        keyword, *when = item.arguments or [""]
        if keyword != "bridge-pool-assignment":
            raise BadValue("the first line is not bridge-pool-assignment and a time")
        return time(" ".join(when[:2]))

    return read_item(document, places[0], read)


class BridgePoolAssignment(LineDocument):
    """
    To which of BridgeDB's pools bridges belonged.

    :ivar published: when.
    :ivar entries: each a `BridgePoolEntry`, in order.
    """

    __slots__ = ()

    grammar = Grammar("bridge pool assignment", _SECTION, {})

    published: Field[datetime] = Field("", _read_pool_time)
    entries: Field[tuple[BridgePoolEntry, ...]] = Field(
        "", lambda document, places: tuple(read_item(document, place, _read_pool_entry) for place in places[1:])
    )

    @property
    def unrecognized_lines(self) -> tuple[str, ...]:
        """
        None: every line is an entry, whatever is said of a bridge.
        """
        return ()
