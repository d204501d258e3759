"""
A network that tests make: authorities, relays and every document of theirs, all with keys of our own.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from txtor.directory import (
    AuthorityKeys,
    Consensus,
    DirectoryAuthority,
    ExtraInfo,
    Microdescriptor,
    RelayKeys,
    ServerDescriptor,
    Vote,
    encoding,
    make_consensus,
    make_extra_info,
    make_microdescriptor,
    make_router_status,
    make_server_descriptor,
    make_vote,
)

_FLAGS = "Exit Fast Guard HSDir Running Stable V2Dir Valid".split()
_PORT = 9001  # nobody connects to it


class MadeRelay:
    """
    A relay of loopback that does not run, and its documents.
    """

    def __init__(self, nickname: str, published: datetime, lines: Sequence[str] = ()) -> None:
        """
        :param lines: further ones for its server descriptor.
        """
        self.keys = RelayKeys.generate()
        # A bridge may have a transport at two ports.
        transports = ["transport meek 127.0.0.1:7002", "transport meek 127.0.0.1:7003"]
        self.extra_info: ExtraInfo = make_extra_info(self.keys, nickname=nickname, published=published, lines=transports)
        self.descriptor: ServerDescriptor = make_server_descriptor(
            self.keys,
            nickname=nickname,
            address="127.0.0.1",
            or_port=_PORT,
            published=published,
            exit_policy=("accept *:*",),
            extra_info=self.extra_info,
            lines=["hidden-service-dir", "tunnelled-dir-server", *lines],
        )
        self.microdescriptor: Microdescriptor = make_microdescriptor(self.descriptor)

    def entry(self, flavour: str, bandwidth: int, lines: Sequence[str] = ()) -> bytes:
        """
        What network statuses say of it.
        """
        is_micro = flavour == "microdesc"
        return make_router_status(
            self.descriptor.nickname,
            bytes.fromhex(self.descriptor.fingerprint),
            digest=self.descriptor.digest(encoding="raw"),
            microdescriptor=self.microdescriptor.digest("sha256", encoding="raw") if is_micro else None,
            published=None if is_micro else self.descriptor.published,
            or_port=_PORT,
            flags=_FLAGS,
            bandwidth=bandwidth,
            lines=lines,
        )

    def vote_entry(self) -> bytes:
        """
        What a vote says of it: the microdescriptor for each consensus method, and its Ed25519 identity.
        """
        digest = self.microdescriptor.digest("sha256", "base64")
        identity = encoding.unpadded(self.descriptor.ed25519_master_key or b"")
        lines = ["p accept 1-65535", f"m 32,33,34,35 sha256={digest}", f"id ed25519 {identity}"]
        return self.entry("ns", 1000, lines)


class MadeNetwork:
    """
    Three authorities and some relays.
    """

    def __init__(self, now: datetime, relays: int = 4) -> None:
        """
        :param now: everything is published before.
        """
        self.authorities = [AuthorityKeys.generate(f"made{n}", published=now - timedelta(days=1)) for n in range(3)]
        self.relays = [MadeRelay(f"relay{n}", now - timedelta(hours=1)) for n in range(relays)]

    def consensus(self, flavour: str, valid_after: datetime, bandwidth: int = 1000) -> Consensus:
        """
        A consensus, signed by all.
        """
        entries = [relay.entry(flavour, bandwidth) for relay in self.relays]
        weights = {"Wgg": 10000}
        return make_consensus(entries, self.authorities, valid_after=valid_after, flavour=flavour, weights=weights)

    def certificates(self) -> bytes:
        """
        The key certificates of the authorities.
        """
        return b"".join(each.certificate.raw for each in self.authorities)

    def lines(self, port: int, first: str = "1" * 40) -> list[str]:
        """
        What a Tor must know of the authorities, which all listen at one port.

        :param first: the fingerprint of the first one, as a relay.
        """
        names = zip((first, "2" * 40, "3" * 40), self.authorities, strict=True)
        found = [DirectoryAuthority(each.nickname, "127.0.0.1", port, identity, each.v3ident) for identity, each in names]
        return [str(each) for each in found]


def vote_of(authority: AuthorityKeys, relays: Sequence[MadeRelay], valid_after: datetime) -> Vote:
    """
    The vote of an authority that knows only some relays.
    """
    return make_vote([relay.vote_entry() for relay in relays], authority, valid_after=valid_after)


def write_key(path: pathlib.Path, key: RSAPrivateKey) -> None:
    """
    Write a private key as tor reads it.
    """
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
