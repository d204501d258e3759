# -*- test-case-name: txtor.test.directory.test_make -*-
"""
Writing server descriptors and extra-infos, signed as a relay signs them.

See dir-spec 2.1.1 and 2.1.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ._encoding import unpadded
from ._extra_info import ExtraInfo
from ._make import RelayKeys, make_ed25519_certificate, public_bytes, write_item, write_time
from ._rsa import rsa_der, sign_rsa
from ._server_descriptor import ServerDescriptor

_ED25519_PREFIX = b"Tor router descriptor signature v1"
_IDENTITY_V_SIGNING, _NTOR_CC_IDENTITY, _FAMILY_V_IDENTITY = 0x04, 0x0A, 0x0C
_LIFE = timedelta(days=28)
_PROTOCOLS = (
    "Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 "
    "Padding=2 Relay=2-6"
)


def sign_descriptor(body: bytes, keys: RelayKeys) -> bytes:
    """
    Sign a server descriptor or an extra-info with both identities of a relay.

    :param body: everything above the signatures, as it stands; it is not looked at.
    :return: the whole document.

    See dir-spec 2.1.1, router-sig-ed25519 and router-signature.
    """
    covered = body + b"router-sig-ed25519 "
    signature = keys.signing.sign(hashlib.sha256(_ED25519_PREFIX + covered).digest())
    covered += unpadded(signature).encode("ascii") + b"\nrouter-signature\n"
    rsa = sign_rsa(keys.identity, hashlib.sha1(covered).digest())
    return covered + write_item("router-signature", "SIGNATURE", rsa).partition(b"\n")[2]


def _identity_certificate(keys: RelayKeys, expires: datetime) -> bytes:
    """
    The item in which the master key names the signing key.
    """
    certificate = make_ed25519_certificate(_IDENTITY_V_SIGNING, public_bytes(keys.signing), keys.master, expires=expires)
    return write_item("identity-ed25519", "ED25519 CERT", certificate)


def make_extra_info(
    keys: RelayKeys, *, nickname: str, published: datetime, lines: Iterable[str] = (), expires: datetime | None = None
) -> ExtraInfo:
    """
    Make and sign an extra-info.

    :param keys: the relay's.
    :param nickname: the relay's.
    :param published: when it is made; the server descriptor must have the same time.
    :param lines: the statistics, each a keyword line.
    :param expires: until when its certificate is good; 28 days after `published` unless given.
    :raises InvalidArgument: a line holds a line end, or a time is not aware.

    See dir-spec 2.1.2, Extra-info document format.
    """
    body = write_item(f"extra-info {nickname} {keys.fingerprint}")
    body += _identity_certificate(keys, expires or published + _LIFE)
    body += write_item(f"published {write_time(published)}")
    body += b"".join(map(write_item, lines))
    return ExtraInfo(sign_descriptor(body, keys))


def make_server_descriptor(
    keys: RelayKeys,
    *,
    nickname: str,
    address: str,
    or_port: int,
    published: datetime,
    dir_port: int = 0,
    bandwidth: tuple[int, int, int] = (2**30, 2**30, 0),
    platform: str = "Tor 0.4.9.11 on Linux",
    protocols: str = _PROTOCOLS,
    exit_policy: Sequence[str] = ("reject *:*",),
    extra_info: ExtraInfo | None = None,
    lines: Iterable[str] = (),
    expires: datetime | None = None,
) -> ServerDescriptor:
    """
    Make and sign a server descriptor.

    :param keys: the relay's.
    :param published: when it is made.
    :param bandwidth: average, burst and observed, in bytes a second.
    :param exit_policy: its lines, each beginning with ``accept`` or ``reject``.
    :param extra_info: the relay's extra-info, whose digests it then holds.
    :param lines: further lines, as ``"contact ..."`` or ``"hidden-service-dir"``, each a keyword line.
    :param expires: until when its certificates are good; 28 days after `published` unless given.
    :raises InvalidArgument: a line holds a line end, or a time is not aware.

    See dir-spec 2.1.1, Server descriptor format.
    """
    until = expires or published + _LIFE
    fingerprint = keys.fingerprint
    groups = " ".join(fingerprint[place : place + 4] for place in range(0, 40, 4))
    body = write_item(f"router {nickname} {address} {or_port} 0 {dir_port}")
    body += _identity_certificate(keys, until)
    head = [
        f"master-key-ed25519 {unpadded(public_bytes(keys.master))}",
        f"platform {platform}",
        f"proto {protocols}",
        f"published {write_time(published)}",
        f"fingerprint {groups}",
        f"uptime {0}",
        "bandwidth {} {} {}".format(*bandwidth),
    ]
    if extra_info is not None:
        head.append(f"extra-info-digest {extra_info.digest('sha1')} {extra_info.digest('sha256', 'base64')}")
    body += b"".join(map(write_item, head)) + _keys_of(keys, until)
    body += b"".join(map(write_item, [*lines, f"ntor-onion-key {unpadded(keys.ntor_onion_key)}", *exit_policy]))
    return ServerDescriptor(sign_descriptor(body, keys))


def _keys_of(keys: RelayKeys, until: datetime) -> bytes:
    """
    The items with the keys of the relay and what they sign for each other.
    """
    master = public_bytes(keys.master)
    found = b""
    if keys.onion is not None:
        found += write_item("onion-key", "RSA PUBLIC KEY", rsa_der(keys.onion))
    found += write_item("signing-key", "RSA PUBLIC KEY", rsa_der(keys.identity))
    if keys.onion is not None:
        crosscert = sign_rsa(keys.onion, keys.identity_key.digest + master)
        found += write_item("onion-key-crosscert", "CROSSCERT", crosscert)
    certificate = make_ed25519_certificate(_NTOR_CC_IDENTITY, master, keys.ntor, expires=until, named=False)
    found += write_item(f"ntor-onion-key-crosscert {keys.ntor_sign}", "ED25519 CERT", certificate)
    for family in keys.families:
        certificate = make_ed25519_certificate(_FAMILY_V_IDENTITY, master, family, expires=until)
        found += write_item("family-cert", "FAMILY CERT", certificate)
    return found
