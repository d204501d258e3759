# -*- test-case-name: txtor.test.onion.test_descriptor -*-
"""
What the two layers of a descriptor hold, once decrypted: clients in the middle, introduction points inside.

See rend-spec-v3, "First layer plaintext format" and "Second layer plaintext format".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from txtor.directory import Document, Item, encoding, fields, rules
from txtor.errors import MalformedDocument

from ._introduction import IntroductionPointBlock
from ._layers import EMPTY_SIZE

MAX_INTRODUCTION_POINTS = 20
_POINT = b"introduction-point "


@dataclass(frozen=True)
class AuthClient:
    """
    A line for one client, or for none: descriptors hold 16 lines or a multiple, so that nobody can count the clients.

    :ivar client_id: 8 bytes, which the client can tell for its own.
    :ivar iv: 16 bytes.
    :ivar encrypted_cookie: 16 bytes.
    """

    client_id: bytes
    iv: bytes
    encrypted_cookie: bytes


def _auth_client(item: Item) -> AuthClient:
    client_id, iv, cookie = item.arguments[:3]
    return AuthClient(encoding.base64(client_id, 8), encoding.base64(iv, 16), encoding.base64(cookie, 16))


def encrypted_layer(item: Item) -> bytes:
    """
    The bytes of a layer that is to be decrypted.
    """
    blob = item.object_bytes()
    if len(blob) <= EMPTY_SIZE:
        raise encoding.BadValue(f"{len(blob)} bytes are too few for an encrypted layer")
    return blob


class MiddleLayer(Document):
    """
    The first layer: who may read the second.

    :ivar auth_type: ``"x25519"``.
    :ivar ephemeral_key: the key that clients exchange theirs with, 32 bytes.
    :ivar clients: the lines for clients, most of them for none.
    :ivar encrypted: the second layer.
    """

    __slots__ = ()

    grammar = rules.Grammar(
        "onion service descriptor, first layer",
        "rend-spec-v3 2.5.1.2",
        {
            "desc-auth-type": rules.once(1),
            "desc-auth-ephemeral-key": rules.once(1),
            "auth-client": rules.some(3),
            "encrypted": rules.once(0, "MESSAGE"),
        },
        {0: "desc-auth-type"},
    )

    auth_type = fields.required("desc-auth-type", lambda item: item.arguments[0])
    ephemeral_key = fields.required("desc-auth-ephemeral-key", lambda item: encoding.base64(item.arguments[0], 32))
    clients = fields.repeated("auth-client", _auth_client)
    encrypted = fields.required("encrypted", encrypted_layer)

    def check(self) -> None:
        """
        Check the structure, all values, and that the type of authorization is known.

        :raises MalformedDocument: something is wrong.
        """
        super().check()
        if self.auth_type != "x25519":
            rule = f"client authorization of the unknown type {self.auth_type[:40]!r}"
            raise MalformedDocument(self.grammar.document, rule, 1, self.grammar.section)


@dataclass(frozen=True)
class FlowControl:
    """
    The flow control that a service offers.

    :ivar versions: of the protocol FlowCtrl, as ``"1-2"``.
    :ivar sendme_increment: cells between two SENDMEs.
    """

    versions: str
    sendme_increment: int


@dataclass(frozen=True)
class PowParams:
    """
    The proof of work that a service asks of its clients.

    :ivar seed: what a proof is made for, 32 bytes.
    :ivar effort: what the service suggests; 0 asks for nothing now.
    :ivar expires: when the seed changes.
    """

    seed: bytes
    effort: int
    expires: datetime


def _flow_control(item: Item) -> FlowControl:
    versions, increment = item.arguments[:2]
    for part in versions.split("-", 1):
        encoding.integer(part, 0, 63)
    return FlowControl(versions, encoding.integer(increment, 1, 255))


def _formats(item: Item) -> tuple[int, ...]:
    formats = tuple([encoding.integer(word, 0, 65535) for word in item.arguments])
    if 2 not in formats:
        raise encoding.BadValue("format 2, ntor, is missing")
    return formats


def _pow(item: Item) -> PowParams | None:
    """
    Parameters of version 1, or ``None`` for others.
    """
    if item.arguments[0] != "v1":
        return None
    words = item.arguments[1:]
    if len(words) < 3:
        raise encoding.BadValue("too few arguments")
    return PowParams(encoding.base64(words[0], 32), encoding.integer(words[1], 0, 2**32 - 1), encoding.time(words[2], "T"))


class InnerLayer(Document):
    """
    The second layer without its introduction points.

    :ivar create2_formats: handshakes that the introduction points' relays take; 2, ntor, is among them.
    :ivar intro_auth_required: how clients must authenticate at introduction, in words that Tor has no meaning for today.
    :ivar is_single_onion_service: whether the service gave up its own anonymity.
    :ivar flow_control: what the service offers, or ``None``.
    """

    __slots__ = ()

    grammar = rules.Grammar(
        "onion service descriptor, second layer",
        "rend-spec-v3 2.5.2.2",
        {
            "create2-formats": rules.once(1),
            "intro-auth-required": rules.maybe(1),
            "single-onion-service": rules.maybe(),
            "flow-control": rules.maybe(2),
            "pow-params": rules.any_number(1),
        },
        {0: "create2-formats"},
    )

    create2_formats = fields.required("create2-formats", _formats)
    intro_auth_required = fields.optional("intro-auth-required", lambda item: tuple(item.arguments))
    is_single_onion_service = fields.present("single-onion-service")
    flow_control = fields.optional("flow-control", _flow_control)
    pow_v1 = fields.repeated("pow-params", _pow)

    def check(self) -> None:
        """
        Check the structure and all values.

        :raises MalformedDocument: something is wrong, or there are two parameters of one proof of work.
        """
        super().check()
        if sum(params is not None for params in self.pow_v1) > 1:
            raise MalformedDocument(self.grammar.document, "pow-params v1 is there twice", None, self.grammar.section)

    @property
    def pow_params(self) -> PowParams | None:
        """
        The proof of work that the service asks for, or ``None``. Types that txtor does not know are among the `items`.
        """
        return next((params for params in self.pow_v1 if params is not None), None)


def split_inner(text: bytes) -> tuple[InnerLayer, list[IntroductionPointBlock]]:
    """
    Cut the second layer into what is said of the service and the blocks of its introduction points.

    :raises MalformedDocument: the first part breaks the grammar, or there are too many points. Points are not checked yet.
    """
    head, line_end, tail = text.partition(b"\n" + _POINT)
    inner = InnerLayer.parse(head + line_end[:1])
    if not line_end:
        return inner, []
    blocks = [IntroductionPointBlock(_POINT + part + b"\n") for part in tail.split(b"\n" + _POINT)]
    if len(blocks) > MAX_INTRODUCTION_POINTS:
        rule = f"{len(blocks)} introduction points, more than {MAX_INTRODUCTION_POINTS}"
        raise MalformedDocument(inner.grammar.document, rule, None, inner.grammar.section)
    blocks[-1] = IntroductionPointBlock(blocks[-1].raw[:-1])
    return inner, blocks
