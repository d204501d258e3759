# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
How the control port is asked for one relay, and whether what it answers is of that relay.

See control-spec 3.9, GETINFO.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from txtor.directory import Consensus, Microdescriptor, RouterStatus, ServerDescriptor, encoding
from txtor.errors import InvalidArgument, VerificationFailed
from txtor.grammar import is_fingerprint, relay

_ED25519 = "ed25519:"
#: 32 bytes in base64. Nothing else that names a relay is so long without a ``$``, ``=`` or ``~`` before its end.
_LIKE_ED25519 = re.compile(r"[A-Za-z0-9+/]{43}=?").fullmatch


class RelayName(NamedTuple):
    """
    How a caller names a relay.

    :ivar fingerprint: 40 upper-case hexadecimal digits, or ``None`` where something else was given.
    :ivar nickname: or ``None``.
    :ivar ed25519: its Ed25519 identity, 32 bytes, or ``None``.
    """

    fingerprint: str | None
    nickname: str | None
    ed25519: bytes | None = None

    @classmethod
    def parse(cls, text: str) -> RelayName:
        """
        Read a fingerprint, with or without ``$`` and with or without a nickname behind it; a nickname; or an Ed25519 identity in
        base64, with or without ``ed25519:``.

        :raises InvalidArgument: it is none of them.
        """
        if isinstance(text, str) and (text.startswith(_ED25519) or _LIKE_ED25519(text)):
            try:
                return cls(None, None, encoding.base64(text.removeprefix(_ED25519), 32))
            except encoding.BadValue as error:
                raise InvalidArgument(f"Not the Ed25519 identity of a relay: {error}") from None
        name = relay(text)
        return cls(name[1:], None) if name.startswith("$") else cls(None, name)

    def key(self, folder: str) -> str:
        """
        The key of GETINFO in ``ns/``, ``desc/`` or ``md/``.
        """
        return f"{folder}/id/{self.fingerprint}" if self.fingerprint is not None else f"{folder}/name/{self.nickname}"

    def check_identity(self, document: ServerDescriptor | Microdescriptor, status: RouterStatus | None = None) -> None:
        """
        Check that a relay has the Ed25519 identity by which it was named, if it was.

        :param status: what a verified consensus says of the relay.
        :raises VerificationFailed: it has another, or the authorities do not agree that it is the relay's.
        """
        if self.ed25519 is None:
            return
        kind = document.grammar.document
        if document.ed25519_master_key != self.ed25519:
            raise VerificationFailed(kind, "it has another Ed25519 identity than was asked for")
        if status is not None and "NoEdConsensus" in status.flags:
            raise VerificationFailed(kind, "the authorities do not agree on the Ed25519 identity", None, "dir-spec 3.8.0.2")

    def check(self, document: Any, kind: str) -> None:
        """
        Check that a router status or a server descriptor is of the relay.

        :param kind: of document, for the error.
        :raises VerificationFailed: it is of another one.
        """
        if self.fingerprint is not None:
            is_right = document.fingerprint == self.fingerprint
        else:
            is_right = document.nickname.lower() == str(self.nickname).lower()
        if not is_right:
            raise VerificationFailed(kind, f"it is of {document.nickname} {document.fingerprint}, which was not asked for")


def digest_of(text: str) -> str:
    """
    The SHA-1 digest of a document that a caller gives, in upper case.

    :raises InvalidArgument: it is none.
    """
    if not (isinstance(text, str) and is_fingerprint(text)):
        raise InvalidArgument(f"Not a digest of 40 hexadecimal digits: {text!r:.80}")
    return text.upper()


def listed(consensus: Consensus, fingerprint: str) -> RouterStatus:
    """
    What a consensus says of a relay.

    :raises VerificationFailed: nothing.
    """
    status = consensus.find(fingerprint)
    if status is None:
        raise VerificationFailed("consensus", f"it does not list the relay {fingerprint}", None, "dir-spec 3.4.1")
    return status
