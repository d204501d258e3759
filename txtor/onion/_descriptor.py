# -*- test-case-name: txtor.test.onion.test_descriptor -*-
"""
Descriptors of onion services: read, verified and decrypted.

Three views of one document. `OnionDescriptor` is what a directory holds: anybody can read its outside, nothing of it is proven.
`OnionDescriptor.verify` proves that it is of the service whose address was asked for, which a directory cannot know: without
that check everybody could forge descriptors that are right in themselves. `OnionDescriptor.decrypt` verifies and opens both
layers, in the order of the grammar, the certificate, the address, the signature, and then layer by layer.

See rend-spec-v3, "Hidden service descriptors".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from txtor.directory import Document, Ed25519Certificate, Item, encoding, fields, rules, verify_ed25519
from txtor.errors import (
    CannotVerify,
    ClientAuthorizationNeeded,
    ClientKeyNotAccepted,
    DocumentError,
    InvalidArgument,
    MalformedDocument,
    VerificationFailed,
)

from ._address import OnionAddress
from ._client_keys import ClientAuthKey
from ._introduction import IntroductionPoint, IntroductionPointBlock
from ._keys import blinded_public_key
from ._layers import INNER, OUTER, LayerKeys, aes_ctr, client_keys
from ._periods import OnionTiming, TimePeriod, subcredential
from ._plain_layers import InnerLayer, MiddleLayer, encrypted_layer, split_inner

#: The parameter HSV3MaxDescriptorSize is 50000, and tor wants fewer bytes than that.
MAX_SIZE = 49_999
SIGNATURE_PREFIX = b"Tor onion service descriptor sig v3"
SIGNING_CERTIFICATE = 0x08
_DOCUMENT = "onion service descriptor"
_SECTION = "rend-spec-v3 2.4"


def _version(item: Item) -> int:
    if item.arguments[0] != "3":
        raise encoding.BadValue(f"version {item.arguments[0][:20]!r} where 3 is known")
    return 3


class OnionDescriptor(Document):
    """
    The descriptor of an onion service, as directories hold it.

    :ivar version: 3.
    :ivar lifetime: how long directories keep it, in minutes.
    :ivar signing_key_certificate: in which the blinded key of the service certifies the key that signed the descriptor.
    :ivar revision_counter: the greater of two descriptors of one blinded key is the newer.
    :ivar superencrypted: the encrypted rest.
    :ivar signature: 64 bytes.
    """

    __slots__ = ()

    grammar = rules.Grammar(
        _DOCUMENT,
        _SECTION,
        {
            "hs-descriptor": rules.once(1, exact=True),
            "descriptor-lifetime": rules.once(1),
            "descriptor-signing-key-cert": rules.once(0, "ED25519 CERT"),
            "revision-counter": rules.once(1),
            "superencrypted": rules.once(0, "MESSAGE"),
            "signature": rules.once(1, exact=True),
        },
        {0: "hs-descriptor", -1: "signature"},
    )

    version = fields.required("hs-descriptor", _version)
    lifetime = fields.required("descriptor-lifetime", lambda item: encoding.integer(item.arguments[0], 1, 720))
    signing_key_certificate = fields.required(
        "descriptor-signing-key-cert", lambda item: Ed25519Certificate.parse(item.object_bytes())
    )
    revision_counter = fields.required("revision-counter", lambda item: encoding.integer(item.arguments[0], 0, 2**64 - 1))
    superencrypted = fields.required("superencrypted", encrypted_layer)
    signature = fields.required("signature", lambda item: encoding.base64(item.arguments[0], 64))

    def check(self) -> None:
        """
        Check the size, the structure and all values.

        :raises MalformedDocument: something is wrong.
        """
        if len(self.content) > MAX_SIZE:
            raise MalformedDocument(_DOCUMENT, f"{len(self.content)} bytes, more than {MAX_SIZE}", None, _SECTION)
        super().check()
        self.signed_range()

    @property
    def blinded_key(self) -> bytes | None:
        """
        The blinded public key that the certificate names, or ``None``. Whether it is the service's is a matter of `verify`.
        """
        return self.signing_key_certificate.signing_key

    @property
    def descriptor_id(self) -> str | None:
        """
        What events of the control port call the descriptor: `blinded_key` in base64 without padding.
        """
        return None if self.blinded_key is None else encoding.unpadded(self.blinded_key)

    def signed_range(self) -> bytes:
        """
        The bytes that are signed: all before the word ``signature``.

        :raises MalformedDocument: that is not where tor would look for it.
        """
        end = self.content.find(b"\nsignature ") + 1
        item = self.item_at(self.index["signature"][0])
        if end != item.start - self._read().first:
            raise MalformedDocument(_DOCUMENT, "the signature is not where tor looks for it", item.line, _SECTION)
        return self.content[:end]

    def verify(
        self,
        address: OnionAddress | str,
        *,
        now: datetime,
        period: TimePeriod | None = None,
        timing: OnionTiming | None = None,
        held_revision: int | None = None,
    ) -> None:
        """
        Prove that it is a descriptor of a service, for a period and good now.

        :param address: of the service that was asked for.
        :param now: an aware datetime; best the valid-after of the consensus, as tor has it, or the clock.
        :param period: the period that was asked for; by default that of ``now``.
        :param timing: of the network; of the public one by default.
        :param held_revision: the revision counter of a descriptor of the same service and period that is held already.
        :raises MalformedDocument: it breaks the grammar.
        :raises VerificationFailed: the certificate, the address, the period, the signature or the age is wrong.
        :raises InvalidArgument: the address is none, or the time has no zone.
        """
        address = OnionAddress.parse(address)
        period = period or (timing or OnionTiming()).period(now)
        self.check()
        certificate = self.signing_key_certificate
        if certificate.signing_key is None:
            raise _failed("the certificate does not name the blinded key")
        certificate.verify(now=now, type=SIGNING_CERTIFICATE)
        if certificate.signing_key != blinded_public_key(address, period):
            raise _failed(f"it is not a descriptor of {address} for the period {period.number}")
        if not verify_ed25519(certificate.key, self.signature, SIGNATURE_PREFIX + self.signed_range()):
            raise _failed("the signature is not by the descriptor's signing key")
        if held_revision is not None and self.revision_counter < held_revision:
            raise _failed(f"its revision {self.revision_counter} is older than {held_revision}, which is held")

    def decrypt(
        self,
        address: OnionAddress | str,
        client_key: ClientAuthKey | None = None,
        *,
        now: datetime,
        period: TimePeriod | None = None,
        timing: OnionTiming | None = None,
        held_revision: int | None = None,
    ) -> OnionDescriptorContent:
        """
        Verify it and open both layers.

        :param client_key: with which the service lets us in, where it wants client authorization.
        :param now: and the others: as `verify` has them.
        :raises MalformedDocument: it, or a layer, breaks the grammar.
        :raises VerificationFailed: as `verify`; or a layer was altered.
        :raises ClientAuthorizationNeeded: the service lets in certain clients only, and no key was given.
        :raises ClientKeyNotAccepted: the key is not among them, or no longer.
        :raises InvalidArgument: the address is none, or the time has no zone.
        """
        address = OnionAddress.parse(address)
        self.verify(address, now=now, period=period, timing=timing, held_revision=held_revision)
        blinded = self.blinded_key
        assert blinded is not None  # verify() has compared it
        keys = LayerKeys(blinded, subcredential(address.public_key, blinded), self.revision_counter)
        text = keys.decrypt(self.superencrypted, OUTER)
        if text is None:
            raise _failed("the first layer was altered: its authentication code is wrong")
        middle = MiddleLayer.parse(_not_empty(text))
        inner, authorized = _open_inner(middle, keys, client_key)
        head, blocks = split_inner(_not_empty(inner))
        points, dropped = _check_points(blocks, self.signing_key_certificate.key, now)
        return OnionDescriptorContent(self, address, middle, head, points, dropped, authorized)


@dataclass(frozen=True)
class OnionDescriptorContent:
    """
    All of a descriptor, verified.

    :ivar descriptor: the descriptor.
    :ivar address: whose it is.
    :ivar middle: the first layer.
    :ivar inner: the second layer, without its introduction points.
    :ivar introduction_points: those that can be used.
    :ivar dropped: for each one that cannot, why.
    :ivar authorized: whether it took the key of a client to read it.
    """

    descriptor: OnionDescriptor
    address: OnionAddress
    middle: MiddleLayer
    inner: InnerLayer
    introduction_points: tuple[IntroductionPoint, ...]
    dropped: tuple[DocumentError, ...]
    authorized: bool


def _failed(rule: str) -> VerificationFailed:
    return VerificationFailed(_DOCUMENT, rule, None, _SECTION)


def _not_empty(text: bytes) -> bytes:
    """
    The text of a layer, which a NUL at its beginning would have left empty.
    """
    if not text:
        raise MalformedDocument(_DOCUMENT, "a layer is empty", None, _SECTION)
    return text


def _open_inner(middle: MiddleLayer, keys: LayerKeys, client_key: ClientAuthKey | None) -> tuple[bytes, bool]:
    """
    Decrypt the second layer, and say whether the client's key was needed.

    A client whose key is not among those of the first layer may still read what everybody may.
    """
    cookie = None if client_key is None else _cookie(middle, keys, client_key)
    text = keys.decrypt(middle.encrypted, INNER, cookie or b"")
    if text is not None:
        return text, cookie is not None
    grammar = middle.grammar
    if client_key is None:
        rule = "it needs client authorization, or the second layer was altered"
        raise ClientAuthorizationNeeded(_DOCUMENT, rule, None, grammar.section)
    raise ClientKeyNotAccepted(_DOCUMENT, "the client's key is not accepted", None, grammar.section)


def _cookie(middle: MiddleLayer, keys: LayerKeys, client_key: ClientAuthKey) -> bytes | None:
    """
    The cookie that the first layer has for a client, or ``None``.
    """
    try:
        seed = client_key.exchange(middle.ephemeral_key)
    except InvalidArgument:
        raise VerificationFailed(_DOCUMENT, "the ephemeral key is no key", None, middle.grammar.section) from None
    client_id, cookie_key = client_keys(keys.subcredential, seed)
    for line in middle.clients:
        if line.client_id == client_id:
            return aes_ctr(cookie_key, line.iv, line.encrypted_cookie)
    return None


def _check_points(
    blocks: list[IntroductionPointBlock], signing_key: bytes, now: datetime
) -> tuple[tuple[IntroductionPoint, ...], tuple[DocumentError, ...]]:
    """
    The introduction points that are good, and what is wrong with the others.
    """
    points: list[IntroductionPoint] = []
    dropped: list[DocumentError] = []
    for number, block in enumerate(blocks, 1):
        try:
            points.append(block.verified(signing_key, now))
        except (MalformedDocument, VerificationFailed, CannotVerify) as error:
            dropped.append(type(error)(f"introduction point {number}", error.rule, error.line, error.section))
    return tuple(points), tuple(dropped)
