# -*- test-case-name: txtor.test.onion.test_descriptor -*-
"""
Descriptors of onion services, made and signed as Tor makes them.

The introduction points may be those of other services' descriptors: that is how Onionbalance puts several services under one
address. Their certificates are made anew, since the descriptor's signing key signs them.

Nobody who sees a descriptor can tell it from one of Tor's: the order of lines, the padding (the first layer is filled up to a
multiple of 10,000 bytes before it is encrypted), 16 lines for clients or a multiple, and a new signing key each time.
See rend-spec-v3, "Hidden service descriptors".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from txtor.directory import encoding, write_item
from txtor.errors import InvalidArgument

from ._client_keys import ClientAuthKey, ClientAuthPublicKey
from ._descriptor import MAX_SIZE, SIGNATURE_PREFIX, SIGNING_CERTIFICATE, OnionDescriptor
from ._encoding import write_base64
from ._introduction import AUTH_KEY_TYPE, ENC_KEY_TYPE, IntroductionPoint, format_introduction_point
from ._keys import BlindedKey, OnionKey
from ._layers import INNER, OUTER, SALT_SIZE, LayerKeys, aes_ctr, client_keys
from ._periods import DescriptorSlot, subcredential, unix
from ._plain_layers import MAX_INTRODUCTION_POINTS, FlowControl, PowParams
from ._revision import revision_counter

#: How long tor lets the certificates of a descriptor live, in hours.
CERTIFICATE_HOURS = 54
_PADDING = 10_000
_CLIENT_LINES = 16
_COOKIE_SIZE = 16

#: What tor 0.4.9 says of its own flow control.
_TORS_FLOW_CONTROL = FlowControl("1-2", 31)
_FLOW_CONTROL_VERSIONS = re.compile(r"[0-9]{1,2}(-[0-9]{1,2})?")

Random = Callable[[int], bytes]


@dataclass(frozen=True)
class DescriptorTerms:
    """
    What a descriptor says beside its introduction points.

    :ivar lifetime: how long directories keep it, in minutes.
    :ivar is_single_onion_service: whether the introduction points are reached without anonymity.
    :ivar flow_control: what the introduced services offer, or ``None``; Tor's own by default.
    :ivar pow_params: the proof of work that they ask for, or ``None``.
    """

    lifetime: int = 180
    is_single_onion_service: bool = False
    flow_control: FlowControl | None = _TORS_FLOW_CONTROL
    pow_params: PowParams | None = None

    def lines(self) -> bytes:
        """
        The first lines of the second layer.

        :raises InvalidArgument: a value is out of its range.
        """
        if not 1 <= self.lifetime <= 720:
            raise InvalidArgument(f"A descriptor lives for 1 to 720 minutes, not {self.lifetime}.")
        text = write_item("create2-formats 2")
        if self.is_single_onion_service:
            text += write_item("single-onion-service")
        if (flow := self.flow_control) is not None:
            if not _FLOW_CONTROL_VERSIONS.fullmatch(flow.versions) or not 1 <= flow.sendme_increment <= 255:
                raise InvalidArgument(f"Not a flow control: {flow}")
            text += write_item(f"flow-control {flow.versions} {flow.sendme_increment}")
        if (params := self.pow_params) is not None:
            if len(params.seed) != 32 or not 0 <= params.effort < 2**32:
                raise InvalidArgument("The seed of a proof of work is 32 bytes, and its effort has 32 bits.")
            until = datetime.fromtimestamp(unix(params.expires), timezone.utc)
            text += write_item(f"pow-params v1 {write_base64(params.seed)} {params.effort} {until:%Y-%m-%dT%H:%M:%S}")
        return text


def make_onion_descriptor(
    key: OnionKey,
    introduction_points: Sequence[IntroductionPoint],
    slot: DescriptorSlot,
    now: datetime,
    *,
    clients: Iterable[ClientAuthPublicKey] = (),
    terms: DescriptorTerms | None = None,
    revision: int | None = None,
    random: Random = secrets.token_bytes,
) -> OnionDescriptor:
    """
    Make and sign a descriptor. It takes some 4 ms, and 1 ms more for each client.

    :param key: the identity key of the service.
    :param introduction_points: at most 20, of this service or of the ones behind it.
    :param slot: which of the service's two descriptors it is (`descriptor_slots`).
    :param now: an aware datetime; the certificates are good for 54 hours from then.
    :param clients: who may read it; with none everybody may.
    :param terms: what else it says.
    :param revision: its revision counter; by default the one that Tor would write now.
    :param random: gives as many random bytes as it is asked for.
    :return: the descriptor; ``bytes()`` of it is what HSPOST takes.
    :raises InvalidArgument: there are too many points or clients, or a value is out of its range.

    See rend-spec-v3, "Hidden service descriptors".
    """
    if len(introduction_points) > MAX_INTRODUCTION_POINTS:
        raise InvalidArgument(f"{len(introduction_points)} introduction points are more than {MAX_INTRODUCTION_POINTS}.")
    blinded = key.blind(slot.period)
    if revision is None:
        revision = revision_counter(blinded, slot.revision_seconds(now))
    if not 0 <= revision < 2**64:
        raise InvalidArgument(f"A revision counter has 64 bits: {revision}")
    terms = terms or DescriptorTerms()
    expires = -(-unix(now) // 3600) + CERTIFICATE_HOURS
    signing_key = Ed25519PrivateKey.from_private_bytes(random(32))
    keys = LayerKeys(blinded.public_key, subcredential(key.public_key, blinded.public_key), revision)
    inner = terms.lines() + b"".join([_point(point, signing_key, expires) for point in introduction_points])
    middle = _middle(inner, keys, list(clients), random)
    padded = middle.ljust(-(-len(middle) // _PADDING) * _PADDING, b"\0")
    text = (
        write_item("hs-descriptor 3")
        + write_item(f"descriptor-lifetime {terms.lifetime}")
        + write_item("descriptor-signing-key-cert", "ED25519 CERT", _signing_certificate(blinded, signing_key, expires))
        + write_item(f"revision-counter {revision}")
        + write_item("superencrypted", "MESSAGE", keys.encrypt(padded, random(SALT_SIZE), OUTER))
    )
    signature = signing_key.sign(SIGNATURE_PREFIX + text)
    descriptor = text + write_item(f"signature {encoding.unpadded(signature)}")
    if len(descriptor) > MAX_SIZE:
        raise InvalidArgument(f"The descriptor has {len(descriptor)} bytes, more than {MAX_SIZE}: there are too many clients.")
    return OnionDescriptor.parse(descriptor)


def _certificate(kind: int, key: bytes, expires: int, signer: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """
    A certificate that names its signing key, which may be a blinded one: of those there are no key objects.

    :param expires: in hours since 1970.

    See cert-spec 2.1.
    """
    text = bytes([1, kind]) + expires.to_bytes(4, "big") + b"\1" + key + b"\1" + b"\0\x20\4\0" + signer
    return text + sign(text)


def _signing_certificate(blinded: BlindedKey, signing_key: Ed25519PrivateKey, expires: int) -> bytes:
    """
    In which the blinded key says whose the descriptor's signing key is.
    """
    public = signing_key.public_key().public_bytes_raw()
    return _certificate(SIGNING_CERTIFICATE, public, expires, blinded.public_key, blinded.sign)


def _point(point: IntroductionPoint, signing_key: Ed25519PrivateKey, expires: int) -> bytes:
    """
    The lines of an introduction point, with new certificates.
    """
    public = signing_key.public_key().public_bytes_raw()
    auth = _certificate(AUTH_KEY_TYPE, point.auth_key, expires, public, signing_key.sign)
    enc = _certificate(ENC_KEY_TYPE, point.enc_key_certified, expires, public, signing_key.sign)
    return format_introduction_point(point, auth, enc)


def _middle(inner: bytes, keys: LayerKeys, clients: list[ClientAuthPublicKey], random: Random) -> bytes:
    """
    The first layer's text: who may read the second, and the second, encrypted.
    """
    ephemeral = ClientAuthKey.generate(random)
    cookie = random(_COOKIE_SIZE) if clients else b""
    lines = [_client_line(client, ephemeral, keys.subcredential, cookie, random) for client in clients]
    fakes = -(-max(len(lines), 1) // _CLIENT_LINES) * _CLIENT_LINES - len(lines)
    lines += [_auth_client(random(8), random(16), random(_COOKIE_SIZE)) for _ in range(fakes)]
    places = [(random(16), line) for line in lines]
    text = write_item("desc-auth-type x25519")
    text += write_item(f"desc-auth-ephemeral-key {write_base64(ephemeral.public_key.public_bytes)}")
    text += b"".join([line for _, line in sorted(places)])
    text += write_item("encrypted", "MESSAGE", keys.encrypt(inner, random(SALT_SIZE), INNER, cookie))
    return text.removesuffix(b"\n")


def _client_line(
    client: ClientAuthPublicKey, ephemeral: ClientAuthKey, credential: bytes, cookie: bytes, random: Random
) -> bytes:
    """
    The line that gives one client the cookie.
    """
    client_id, cookie_key = client_keys(credential, ephemeral.exchange(client.public_bytes))
    iv = random(16)
    return _auth_client(client_id, iv, aes_ctr(cookie_key, iv, cookie))


def _auth_client(client_id: bytes, iv: bytes, cookie: bytes) -> bytes:
    words = " ".join([encoding.unpadded(each) for each in (client_id, iv, cookie)])
    return write_item(f"auth-client {words}")
