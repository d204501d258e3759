# -*- test-case-name: txtor.test.directory.test_extra_info -*-
"""
Extra-infos: the statistics of a relay, which clients do not need.

See dir-spec 2.1.2, Extra-info document format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from txtor.errors import CannotVerify

from ._document import HashName
from ._encoding import aware, fingerprint, nickname
from ._fields import Field, optional, repeated, required
from ._grammar import Grammar, Rule, any_number, maybe, once
from ._items import Item
from ._readers import read_fingerprint, read_integer, read_text, read_time
from ._signed import IDENTITY_V_SIGNING, SignedDescriptor
from ._statistics import (
    BidirectionalConnections,
    BlurredCount,
    History,
    Period,
    read_bidirectional,
    read_blurred,
    read_byte_history,
    read_counts,
    read_deciles,
    read_fd_exhausted,
    read_padding,
    read_period,
    read_ratelimits,
    read_share,
    read_transport,
)

if TYPE_CHECKING:
    from ._server_descriptor import ServerDescriptor

T = TypeVar("T")

_RULES: dict[str, Rule] = {
    "extra-info": once(2),
    "identity-ed25519": maybe(0, "ED25519 CERT"),
    "published": once(2),
    "transport": any_number(1),
    "transport-info": any_number(),
    "router-sig-ed25519": maybe(1),
    "router-signature": once(0, "SIGNATURE"),
}


class ExtraInfoLine(NamedTuple):
    """
    The first line of an extra-info.
    """

    nickname: str
    fingerprint: str


@dataclass(frozen=True)
class ExtraInfoVerification:
    """
    An extra-info is genuine, and that of its server descriptor; this is what was found.

    :ivar checked: the keywords of the signatures and certificates that were checked, in order.
    :ivar expires: when its certificate expires, or ``None`` where it has none.
    """

    checked: tuple[str, ...]
    expires: datetime | None


def _read_line(item: Item) -> ExtraInfoLine:
    found = item.arguments
    return ExtraInfoLine(nickname(found[0]), fingerprint(found[1]))


def _statistic(keyword: str, read: Callable[[Item], T]) -> Field[T | None]:
    """
    A line of statistics. tor does not look at them: one that cannot be read is told to who reads it.
    """
    _RULES[keyword] = maybe()
    return optional(keyword, read, checked=False)


def _history(keyword: str) -> Field[History | None]:
    return _statistic(keyword, read_byte_history)


def _period(keyword: str) -> Field[Period | None]:
    return _statistic(keyword, read_period)


def _counts(keyword: str) -> Field[Mapping[str, int] | None]:
    return _statistic(keyword, read_counts)


def _share(keyword: str) -> Field[float | None]:
    return _statistic(keyword, read_share)


def _deciles(keyword: str) -> Field[tuple[float, ...] | None]:
    return _statistic(keyword, read_deciles)


def _bidirectional(keyword: str) -> Field[BidirectionalConnections | None]:
    return _statistic(keyword, read_bidirectional)


def _blurred(keyword: str) -> Field[BlurredCount | None]:
    return _statistic(keyword, read_blurred)


class ExtraInfo(SignedDescriptor):
    """
    The statistics of a relay, signed. Attributes are named by their keywords; an absent line is ``None``.

    Whether to believe it needs the relay's server descriptor, which holds its digests and the key: `verify`.

    See dir-spec 2.1.2, Extra-info document format.
    """

    __slots__ = ()

    extra_info = required("extra-info", _read_line)
    published = required("published", read_time)
    """
    When the relay made it; the same time as in its server descriptor.
    """

    # Bytes by interval.
    read_history = _history("read-history")
    write_history = _history("write-history")
    ipv6_read_history = _history("ipv6-read-history")
    ipv6_write_history = _history("ipv6-write-history")
    dirreq_read_history = _history("dirreq-read-history")
    dirreq_write_history = _history("dirreq-write-history")

    # Directory requests. Countries are two letters; clients and requests are rounded up, to 8 and to 4.
    dirreq_stats_end = _period("dirreq-stats-end")
    dirreq_v2_ips = _counts("dirreq-v2-ips")
    dirreq_v3_ips = _counts("dirreq-v3-ips")
    dirreq_v2_reqs = _counts("dirreq-v2-reqs")
    dirreq_v3_reqs = _counts("dirreq-v3-reqs")
    dirreq_v2_resp = _counts("dirreq-v2-resp")
    dirreq_v3_resp = _counts("dirreq-v3-resp")
    dirreq_v2_share = _share("dirreq-v2-share")
    dirreq_v3_share = _share("dirreq-v3-share")
    dirreq_v2_direct_dl = _counts("dirreq-v2-direct-dl")
    dirreq_v3_direct_dl = _counts("dirreq-v3-direct-dl")
    dirreq_v2_tunneled_dl = _counts("dirreq-v2-tunneled-dl")
    dirreq_v3_tunneled_dl = _counts("dirreq-v3-tunneled-dl")

    # Clients of guards and bridges, by country.
    entry_stats_end = _period("entry-stats-end")
    entry_ips = _counts("entry-ips")
    bridge_stats_end = _period("bridge-stats-end")
    bridge_ips = _counts("bridge-ips")
    bridge_ip_versions = _counts("bridge-ip-versions")
    bridge_ip_transports = _counts("bridge-ip-transports")
    geoip_start_time = _statistic("geoip-start-time", read_time)
    geoip_client_origins = _counts("geoip-client-origins")
    geoip_db_digest = _statistic("geoip-db-digest", read_fingerprint)
    geoip6_db_digest = _statistic("geoip6-db-digest", read_fingerprint)

    # Cells in circuits, by decile of circuits.
    cell_stats_end = _period("cell-stats-end")
    cell_processed_cells = _deciles("cell-processed-cells")
    cell_queued_cells = _deciles("cell-queued-cells")
    cell_time_in_queue = _deciles("cell-time-in-queue")
    cell_circuits_per_decile = _statistic("cell-circuits-per-decile", read_integer())

    conn_bi_direct = _bidirectional("conn-bi-direct")
    ipv6_conn_bi_direct = _bidirectional("ipv6-conn-bi-direct")

    # Exits, by port and "other".
    exit_stats_end = _period("exit-stats-end")
    exit_kibibytes_written = _counts("exit-kibibytes-written")
    exit_kibibytes_read = _counts("exit-kibibytes-read")
    exit_streams_opened = _counts("exit-streams-opened")

    # Onion services, blurred.
    hidserv_stats_end = _period("hidserv-stats-end")
    hidserv_v3_stats_end = _period("hidserv-v3-stats-end")
    hidserv_rend_relayed_cells = _blurred("hidserv-rend-relayed-cells")
    hidserv_dir_onions_seen = _blurred("hidserv-dir-onions-seen")
    hidserv_rend_v3_relayed_cells = _blurred("hidserv-rend-v3-relayed-cells")
    hidserv_dir_v3_onions_seen = _blurred("hidserv-dir-v3-onions-seen")

    padding_counts = _statistic("padding-counts", read_padding)
    overload_ratelimits = _statistic("overload-ratelimits", read_ratelimits)
    overload_fd_exhausted = _statistic("overload-fd-exhausted", read_fd_exhausted)
    transports = repeated("transport", read_transport, checked=False)
    """
    The pluggable transports of a bridge.
    """

    transport_info = repeated("transport-info", read_text)

    grammar = Grammar(
        "extra-info",
        "dir-spec 2.1.2",
        _RULES,
        {0: "extra-info", 1: "identity-ed25519", -2: "router-sig-ed25519", -1: "router-signature"},
        {"identity-ed25519": ("router-sig-ed25519",), "router-sig-ed25519": ("identity-ed25519",)},
    )

    @property
    def nickname(self) -> str:
        return self.extra_info.nickname

    @property
    def fingerprint(self) -> str:
        """
        The relay's fingerprint, 40 upper-case hexadecimal digits, as the document says it.
        """
        return self.extra_info.fingerprint

    def _hashed(self, hash: HashName) -> bytes:  # noqa: A002
        # Server descriptors hold the SHA-1 of what is signed, but the SHA-256 of everything.
        return self.content if hash == "sha256" else self.signed_range()

    def verify_ed25519(self, *, now: datetime) -> ExtraInfoVerification:
        """
        Check what can be checked of the document alone: that the relay's Ed25519 identity, whoever that is, signed it.

        :param now: the time at which it must be good; for archives, the document's own.
        :raises VerificationFailed: the certificate or the signature is wrong, or the certificate has expired.
        :raises CannotVerify: it has no Ed25519 signature.
        :raises MalformedDocument: it cannot be read.
        :raises InvalidArgument: the time is not aware.
        """
        now = aware(now)
        self.check()
        certificate = self.identity_certificate
        if certificate is None:
            raise CannotVerify(self.grammar.document, "it has no Ed25519 signature", None, self.grammar.section)
        self._check_certificate(certificate, "identity-ed25519", IDENTITY_V_SIGNING, None)
        self._check_ed25519(certificate)
        if certificate.expires < now:
            raise self._fail(f"its certificate expired at {certificate.expires:%Y-%m-%d %H:%M:%S}", "identity-ed25519")
        return ExtraInfoVerification(("identity-ed25519", "router-sig-ed25519"), certificate.expires)

    def verify(self, server_descriptor: ServerDescriptor | None = None, *, now: datetime) -> ExtraInfoVerification:
        """
        Check that it is genuine, and the one that a server descriptor means.

        :param server_descriptor: of the same relay, verified. Without it the RSA signature cannot be checked.
        :param now: the time at which it must be good; for archives, the document's own.
        :raises VerificationFailed: something is wrong; the first thing that is.
        :raises CannotVerify: no server descriptor was given, or one that names no extra-info. What the document proves by itself
            has been checked then.
        :raises MalformedDocument: it cannot be read.
        :raises InvalidArgument: the time is not aware.

        See dir-spec 2.1.2, Extra-info document format.
        """
        self.check()
        alone = ExtraInfoVerification((), None)
        if self.identity_certificate is not None:
            alone = self.verify_ed25519(now=now)
        aware(now)
        if server_descriptor is None:
            rule = "the RSA signature cannot be checked without the relay's server descriptor"
            raise CannotVerify(self.grammar.document, rule, None, self.grammar.section)
        self._check_same_relay(server_descriptor)
        if not server_descriptor.signing_key.verifies(self.signature, self._check_rsa_range()):
            raise self._fail("the RSA signature is wrong", "router-signature")
        return ExtraInfoVerification((*alone.checked, "router-signature"), alone.expires)

    def _check_same_relay(self, descriptor: ServerDescriptor) -> None:
        """
        Check that a server descriptor means this document.
        """
        if self.fingerprint != descriptor.fingerprint:
            raise self._fail("it is of another relay than the server descriptor", "extra-info")
        if self.published != descriptor.published:
            raise self._fail("it was not published at the same time as the server descriptor", "published")
        ours, theirs = self.identity_certificate, descriptor.identity_certificate
        if ours != theirs:
            raise self._fail("its Ed25519 certificate is not the one of the server descriptor")
        stated = descriptor.extra_info_digest
        if stated is None:
            raise CannotVerify(self.grammar.document, "the server descriptor names no extra-info", None, self.grammar.section)
        if stated.sha1 != self.digest("sha1"):
            raise self._fail("its digest is not the one in the server descriptor")
        if stated.sha256 is not None and stated.sha256 != self.digest("sha256", encoding="raw"):
            raise self._fail("its SHA-256 digest is not the one in the server descriptor")
