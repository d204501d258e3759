# -*- test-case-name: txtor.test.directory.test_make_consensus -*-
"""
Writing votes and consensuses, signed as authorities sign them. For tests and simulations.

What is written is what was asked for and nothing is checked, so that wrong documents can be made as well: `sign_status` signs
whatever bytes it is given. See dir-spec 3.4.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from txtor.errors import InvalidArgument

from ._consensus import FLAVOURS, Consensus
from ._detached_signatures import DetachedSignatures
from ._encoding import unpadded
from ._key_certificate import KeyCertificate
from ._make import write_item, write_time
from ._make_key_certificate import make_key_certificate
from ._router_status import RouterStatus
from ._router_words import NO_TIME
from ._rsa import RSAKey, generate_rsa, rsa_der, sign_rsa
from ._vote import Vote

_HOUR = timedelta(hours=1)
_FLAGS = "Authority BadExit Exit Fast Guard HSDir MiddleOnly NoEdConsensus Running Stable StaleDesc Sybil V2Dir Valid"
_PROTOCOLS = "Cons=2 Desc=2 FlowCtrl=1 Link=4 Microdesc=2 Relay=2"


@dataclass(frozen=True)
class AuthorityKeys:
    """
    An authority with its private keys.

    :ivar identity: the key that is kept offline.
    :ivar signing: the key that signs votes and consensuses.
    :ivar certificate: in which the one names the other.
    """

    nickname: str
    identity: RSAPrivateKey = field(repr=False)
    signing: RSAPrivateKey = field(repr=False)
    certificate: KeyCertificate
    address: str = "127.0.0.1"

    @classmethod
    def generate(cls, nickname: str, *, published: datetime, bits: int = 1024) -> AuthorityKeys:
        """
        Make new keys, and a certificate that is good for a year.

        :param published: from when on.
        :param bits: the size of both keys; tor makes them of 3072 and 2048 bits.
        """
        identity, signing = generate_rsa(bits), generate_rsa(bits)
        expires = published + timedelta(days=365)
        return cls(nickname, identity, signing, make_key_certificate(identity, signing, published=published, expires=expires))

    @property
    def v3ident(self) -> str:
        """
        The identity with which it votes, 40 upper-case hexadecimal digits.
        """
        return RSAKey(rsa_der(self.identity)).fingerprint

    @property
    def signing_key_digest(self) -> str:
        """
        The digest of the signing key, likewise.
        """
        return RSAKey(rsa_der(self.signing)).fingerprint


def make_router_status(
    nickname: str,
    identity: bytes,
    *,
    digest: bytes = bytes(20),
    microdescriptor: bytes | None = None,
    published: datetime | None = None,
    address: str = "127.0.0.1",
    or_port: int = 9001,
    dir_port: int = 0,
    flags: Iterable[str] = ("Fast", "Running", "Stable", "Valid"),
    bandwidth: int = 1000,
    lines: Sequence[str] = (),
) -> bytes:
    """
    Write an entry of a consensus.

    :param digest: of the descriptor, 20 bytes.
    :param microdescriptor: the digest of the microdescriptor, 32 bytes, for the microdescriptor flavour, which then has no other.
    :param published: ``None`` for the time that says nothing.
    :param lines: further lines, as ``"p accept 80,443"``.
    :raises InvalidArgument: a line holds a line end.
    """
    time = NO_TIME if published is None else write_time(published)
    middle = "" if microdescriptor is not None else f"{unpadded(digest)} "
    found = [f"r {nickname} {unpadded(identity)} {middle}{time} {address} {or_port} {dir_port}"]
    if microdescriptor is not None:
        found.append(f"m {unpadded(microdescriptor)}")
    found += [f"s {' '.join(sorted(flags))}", "v Tor 0.4.9.11", f"pr {_PROTOCOLS}", f"w Bandwidth={bandwidth}", *lines]
    return b"".join(map(write_item, found))


def write_consensus(
    routers: Iterable[bytes],
    authorities: Sequence[AuthorityKeys],
    *,
    valid_after: datetime,
    interval: timedelta = _HOUR,
    flavour: str = "ns",
    lines: Sequence[str] = (),
    weights: Mapping[str, int] | None = None,
) -> bytes:
    """
    Write a consensus without signatures: everything through the line before the first.

    :param routers: entries; they are sorted here.
    :param authorities: those that took part.
    :param interval: until the next one; it is valid for three of them.
    :param lines: further lines of the header, as ``"params circwindow=80"``.
    :raises InvalidArgument: a line holds a line end.
    """
    name = "" if flavour == "ns" else f" {flavour}"
    header = [f"network-status-version 3{name}", "vote-status consensus", "consensus-method 35", *_times(valid_after, interval)]
    header += ["client-versions ", "server-versions ", f"known-flags {_FLAGS}", f"required-client-protocols {_PROTOCOLS}", *lines]
    for authority in sorted(authorities, key=lambda authority: authority.v3ident):
        header.append(_source(authority))
        header.append(f"contact {authority.nickname}@example.com")
        header.append(f"vote-digest {hashlib.sha1(authority.nickname.encode()).hexdigest().upper()}")
    footer = ["directory-footer"]
    if weights is not None:
        footer.append("bandwidth-weights " + " ".join(f"{key}={value}" for key, value in sorted(weights.items())))
    return b"".join([*map(write_item, header), *sorted(routers, key=_identity_of), *map(write_item, footer)])


def _identity_of(entry: bytes) -> bytes:
    """
    What entries are sorted by. Base64 has another order than what it stands for.
    """
    return RouterStatus(entry[2:]).identity


def _times(valid_after: datetime, interval: timedelta) -> list[str]:
    """
    The lines that say when a network status is good.
    """
    times = {"valid-after": valid_after, "fresh-until": valid_after + interval, "valid-until": valid_after + 3 * interval}
    return [*[f"{keyword} {write_time(time)}" for keyword, time in times.items()], "voting-delay 300 300"]


def _source(authority: AuthorityKeys) -> str:
    return f"dir-source {authority.nickname} {authority.v3ident} {authority.address} {authority.address} 80 443"


def sign_status(body: bytes, authorities: Iterable[AuthorityKeys], flavour: str = "ns") -> bytes:
    """
    Sign a network status.

    :param body: everything through the line before the first signature, as it stands; it is not looked at.
    :param authorities: whose signatures are put below it, in this order.
    :return: the whole document.
    """
    algorithm = FLAVOURS[flavour]
    digest = hashlib.new(algorithm, body + b"directory-signature ").digest()
    return body + b"".join([_signature("directory-signature", authority, flavour, digest) for authority in authorities])


def _signature(keyword: str, authority: AuthorityKeys, flavour: str, digest: bytes) -> bytes:
    word = "" if flavour == "ns" else f"{FLAVOURS[flavour]} "
    line = f"{keyword} {word}{authority.v3ident} {authority.signing_key_digest}"
    return write_item(line, "SIGNATURE", sign_rsa(authority.signing, digest))


def make_consensus(
    routers: Iterable[bytes],
    authorities: Sequence[AuthorityKeys],
    *,
    valid_after: datetime,
    flavour: str = "ns",
    lines: Sequence[str] = (),
    weights: Mapping[str, int] | None = None,
) -> Consensus:
    """
    Make and sign a consensus, see `write_consensus` and `sign_status`.
    """
    body = write_consensus(routers, authorities, valid_after=valid_after, flavour=flavour, lines=lines, weights=weights)
    return Consensus(sign_status(body, authorities, flavour))


def make_vote(
    routers: Iterable[bytes],
    authority: AuthorityKeys,
    *,
    valid_after: datetime,
    flags: str = _FLAGS,
    lines: Sequence[str] = (),
) -> Vote:
    """
    Make and sign a vote.

    :param routers: entries; they are sorted here.
    :param lines: further lines of the header, as ``"shared-rand-participate"``.
    :raises InvalidArgument: a line holds a line end.
    """
    header = ["network-status-version 3", "vote-status vote", "consensus-methods 32 33 34 35"]
    header += [f"published {write_time(valid_after - timedelta(minutes=5))}", *_times(valid_after, _HOUR), f"known-flags {flags}"]
    header += [*lines, _source(authority), f"contact {authority.nickname}@example.com"]
    entries = sorted(routers, key=_identity_of)
    body = b"".join([*map(write_item, header), authority.certificate.content, *entries, b"directory-footer\n"])
    return Vote(sign_status(body, [authority]))


def make_detached_signatures(consensuses: Iterable[Consensus], authorities: Sequence[AuthorityKeys]) -> DetachedSignatures:
    """
    Sign consensuses of one hour in all their flavours.

    :raises InvalidArgument: the flavour ``ns`` is not among them.
    """
    by_flavour = {consensus.flavour: consensus for consensus in consensuses}
    main = by_flavour.pop("ns", None)
    if main is None:
        raise InvalidArgument("Detached signatures are those of the flavour ns, and of others beside it.")
    lines = [f"consensus-digest {main.digest('sha1')}"]
    for keyword in ("valid-after", "fresh-until", "valid-until"):
        lines.append(f"{keyword} {write_time(getattr(main, keyword.replace('-', '_')))}")
    lines += [f"additional-digest {flavour} sha256 {found.digest('sha256')}" for flavour, found in by_flavour.items()]
    body = b"".join(map(write_item, lines))
    for flavour, consensus in by_flavour.items():
        digest = consensus.digest("sha256", encoding="raw")
        body += b"".join([_signature(f"additional-signature {flavour}", each, flavour, digest) for each in authorities])
    digest = main.digest("sha1", encoding="raw")
    return DetachedSignatures(body + b"".join([_signature("directory-signature", each, "ns", digest) for each in authorities]))
