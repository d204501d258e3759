# -*- test-case-name: txtor.test.directory.test_key_certificate -*-
"""
Key certificates: with which key an authority signs votes and consensuses.

See dir-spec 3.1, Creating key certificates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from txtor.errors import MalformedDocument, VerificationFailed

from ._document import Document
from ._encoding import address_port, aware, integer
from ._fields import optional, required
from ._grammar import Grammar, Index, maybe, once
from ._readers import argument, read_fingerprint, read_object, read_rsa_key, read_time

_FEWEST, _MOST = 128, 512
_LONGEST = 128 * 1024


@dataclass(frozen=True)
class KeyCertificateVerification:
    """
    A key certificate is consistent and in force; this is what was found.

    :ivar is_known: whether its authority is one of those that were given; ``None`` where none were given, and the certificate
        proves nothing but that somebody holds both keys.
    """

    is_known: bool | None


class KeyCertificate(Document):
    """
    In which an authority's identity key, which is kept offline, names the key that signs votes and consensuses.

    See dir-spec 3.1, Creating key certificates.
    """

    __slots__ = ()

    grammar = Grammar(
        "key certificate",
        "dir-spec 3.1",
        {
            "dir-key-certificate-version": once(1),
            "dir-address": maybe(1),
            "fingerprint": once(1),
            "dir-key-published": once(2),
            "dir-key-expires": once(2),
            "dir-identity-key": once(0, "RSA PUBLIC KEY"),
            "dir-signing-key": once(0, "RSA PUBLIC KEY"),
            "dir-key-crosscert": once(0, "ID SIGNATURE", "SIGNATURE"),
            "dir-key-certification": once(0, "SIGNATURE"),
        },
        {0: "dir-key-certificate-version", -1: "dir-key-certification"},
    )

    version = required("dir-key-certificate-version", lambda item: integer(argument(item, 0), 3, 3))
    address = optional("dir-address", lambda item: address_port(argument(item, 0)))
    """
    The authority's directory address and port.
    """

    fingerprint = required("fingerprint", read_fingerprint)
    """
    The authority's identity, 40 upper-case hexadecimal digits: what consensuses and ``v3ident`` call it.
    """

    published = required("dir-key-published", read_time)
    expires = required("dir-key-expires", read_time)
    """
    The first moment at which it is no longer good.
    """

    identity_key = required("dir-identity-key", read_rsa_key(None))
    signing_key = required("dir-signing-key", read_rsa_key(None))
    crosscert = required("dir-key-crosscert", read_object)
    """
    The signature of the signing key over the identity, so that nobody can claim another's signing key.
    """

    certification = required("dir-key-certification", read_object)
    """
    The signature of the identity key over the certificate.
    """

    def _check_structure(self, index: Index) -> None:
        if len(self.raw) > _LONGEST:
            raise MalformedDocument(self.grammar.document, f"it is longer than {_LONGEST} bytes", None, self.grammar.section)

    @property
    def signing_key_digest(self) -> str:
        """
        The digest of the signing key, 40 upper-case hexadecimal digits. Signatures name their key by it and by `fingerprint`.
        """
        return self.signing_key.fingerprint

    def signed_range(self) -> bytes:
        """
        What the certification covers: from the first byte through the line end behind ``dir-key-certification``.
        """
        content = self.content
        start = len(content) - len(self.tokens[self.index["dir-key-certification"][0]][0])
        return content[: content.index(b"\n", start) + 1]

    def verify(self, *, now: datetime, authorities: Collection[str] | None = None) -> KeyCertificateVerification:
        """
        Check the certificate: fingerprint, both signatures, the dates, and whether its authority is known.

        :param now: the time at which it must be good.
        :param authorities: the identities of the known authorities (their ``v3ident``), in hexadecimal. ``None`` leaves it open
            whether the certificate is that of an authority.
        :raises VerificationFailed: something is wrong; the first thing that is.
        :raises MalformedDocument: it cannot be read.
        :raises InvalidArgument: the time is not aware.

        See dir-spec 3.1, Creating key certificates.
        """
        now = aware(now)
        self.check()
        if self.fingerprint != self.identity_key.fingerprint:
            raise self._fail("the fingerprint is not that of the identity key", "fingerprint")
        self._check_certification()
        self._check_signature_size(self.crosscert, "dir-key-crosscert")
        if not self.signing_key.verifies(self.crosscert, self.identity_key.digest):
            raise self._fail("the signing key did not sign the identity", "dir-key-crosscert")
        if now < self.published:
            raise self._fail(f"it is not in force before {self.published:%Y-%m-%d %H:%M:%S}", "dir-key-published")
        if now >= self.expires:
            raise self._fail(f"it expired at {self.expires:%Y-%m-%d %H:%M:%S}", "dir-key-expires")
        if authorities is None:
            return KeyCertificateVerification(None)
        if self.fingerprint not in {known.upper() for known in authorities}:
            raise self._fail("it is of nobody among the known authorities", "fingerprint")
        return KeyCertificateVerification(True)

    def _check_certification(self) -> None:
        """
        Check the signature of the identity key.
        """
        self._check_signature_size(self.certification, "dir-key-certification")
        content = self.content
        start = len(content) - len(self.tokens[-1][0])
        if content.find(b"\ndir-key-certification") != start - 1:
            raise self._fail("the text dir-key-certification begins another line before the signature", "dir-key-certification")
        if not content.startswith(b"dir-key-certificate-version "):
            raise self._fail("the document does not begin with its keyword and a space", "dir-key-certificate-version")
        if not self.identity_key.verifies(self.certification, hashlib.sha1(self.signed_range()).digest()):
            raise self._fail("the certification is not by the identity key", "dir-key-certification")

    def _check_signature_size(self, signature: bytes, keyword: str) -> None:
        if not _FEWEST <= len(signature) <= _MOST:
            raise self._fail(f"a signature of {len(signature)} bytes where {_FEWEST} to {_MOST} are allowed", keyword)

    def _fail(self, rule: str, keyword: str) -> VerificationFailed:
        """
        The error of a verification.
        """
        line = self.item_at(self.index[keyword][0]).line
        return VerificationFailed(self.grammar.document, rule, line, self.grammar.section)
