# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
How the control port is asked for one relay, and whether what it answers is of that relay.

See control-spec 3.9, GETINFO.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from txtor.directory import Consensus, RouterStatus
from txtor.errors import InvalidArgument, VerificationFailed
from txtor.grammar import is_fingerprint, relay


@dataclass(frozen=True)
class RelayName:
    """
    How a caller names a relay.

    :ivar fingerprint: 40 upper-case hexadecimal digits, or ``None`` where a nickname was given.
    :ivar nickname: or ``None``.
    """

    fingerprint: str | None
    nickname: str | None

    @classmethod
    def parse(cls, text: str) -> RelayName:
        """
        Read a fingerprint, with or without ``$`` and with or without a nickname behind it, or a nickname.

        :raises InvalidArgument: it is neither.
        """
        name = relay(text)
        return cls(name[1:], None) if name.startswith("$") else cls(None, name)

    def key(self, folder: str) -> str:
        """
        The key of GETINFO in ``ns/``, ``desc/`` or ``md/``.
        """
        return f"{folder}/id/{self.fingerprint}" if self.fingerprint is not None else f"{folder}/name/{self.nickname}"

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
