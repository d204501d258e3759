# -*- test-case-name: txtor.test.directory.test_server_descriptor -*-
"""
What server descriptors and extra-infos have in common: two signatures at their end and the certificate of the key behind one.

tor finds the end of what is hashed by searching for the text of the keyword. txtor takes the item, and refuses a document where
such a search would find another place: two readers would believe two things of it.
"""

from __future__ import annotations

import hashlib

from txtor.errors import VerificationFailed

from ._certificate import Ed25519Certificate
from ._document import Document
from ._encoding import base64
from ._fields import optional, required
from ._readers import argument, read_certificate, read_object

_ED25519_PREFIX = b"Tor router descriptor signature v1"
IDENTITY_V_SIGNING = 0x04


class SignedDescriptor(Document):
    """
    A document that a relay signed with its RSA identity and, since 0.2.7, with an Ed25519 key.
    """

    __slots__ = ()

    identity_certificate = optional("identity-ed25519", read_certificate)
    """
    The certificate in which the relay's master key names its signing key; ``None`` in documents before Tor 0.2.7.
    """

    ed25519_signature = optional("router-sig-ed25519", lambda item: base64(argument(item, 0), 64))
    """
    The signature by the key of `identity_certificate`, 64 bytes.
    """

    signature = required("router-signature", read_object)
    """
    The signature by the relay's RSA identity, 128 bytes.
    """

    @property
    def ed25519_master_key(self) -> bytes | None:
        """
        The relay's Ed25519 identity, 32 bytes, as the certificate names it.
        """
        certificate = self.identity_certificate
        return None if certificate is None else certificate.signing_key

    def signed_range(self) -> bytes:
        """
        What the RSA signature covers: from the first byte through the line end behind ``router-signature``.

        See dir-spec 2.1.1, router-signature.
        """
        content = self.content
        start = len(content) - len(self.tokens[self.index["router-signature"][0]][0])
        return content[: content.index(b"\n", start) + 1]

    def _fail(self, rule: str, keyword: str | None = None) -> VerificationFailed:
        """
        The error of a verification.
        """
        line = None if keyword is None else self.item_at(self.index[keyword][0]).line
        return VerificationFailed(self.grammar.document, rule, line, self.grammar.section)

    def _check_certificate(
        self, certificate: Ed25519Certificate, keyword: str, kind: int, signer: bytes | None, key: bytes | None = None
    ) -> None:
        """
        Check type, keys and signature of a certificate of this document; not its date.

        :param signer: the key that must have signed it, or ``None`` for the one that it names.
        :param key: the key that it must certify, or ``None`` for any.
        """
        if certificate.type != kind:
            raise self._fail(f"{keyword} is a certificate of type {certificate.type} where {kind} belongs", keyword)
        if signer is None and certificate.signing_key is None:
            raise self._fail(f"{keyword} does not name the key that signed it", keyword)
        if key is not None and certificate.key != key:
            raise self._fail(f"{keyword} certifies another key", keyword)
        try:
            certificate.check_signature(signer)
        except VerificationFailed as error:
            raise self._fail(f"{keyword}: {error.rule}", keyword) from None

    def _check_ed25519(self, certificate: Ed25519Certificate) -> None:
        """
        Check the Ed25519 signature of the document.
        """
        content, tokens = self.content, self.tokens
        start = len(content) - len(tokens[-1][0]) - len(tokens[-2][0])
        if content.find(b"\nrouter-sig-ed25519") != start - 1:
            raise self._fail("the text router-sig-ed25519 begins another line before the signature", "router-sig-ed25519")
        # Through the space behind the keyword: what is signed ends where the signature begins.
        covered = content[: start + len(b"router-sig-ed25519 ")]
        if covered[-1:] != b" ":
            raise self._fail("no space stands before the Ed25519 signature", "router-sig-ed25519")
        signature = self.ed25519_signature
        assert signature is not None  # whoever calls this has seen the certificate, which needs it
        if not certificate.certifies(signature, hashlib.sha256(_ED25519_PREFIX + covered).digest()):
            raise self._fail("the Ed25519 signature is wrong", "router-sig-ed25519")

    def _check_rsa_range(self) -> bytes:
        """
        What the RSA signature must hold: the SHA-1 of what it covers.
        """
        content = self.content
        first = self.grammar.positions[0].encode("ascii")
        start = len(content) - len(self.tokens[-1][0])
        if content.find(b"\nrouter-signature") != start - 1:
            raise self._fail("the text router-signature begins another line before the signature", "router-signature")
        if not content.startswith(first + b" "):
            raise self._fail("the document does not begin with its keyword and a space", self.grammar.positions[0])
        return hashlib.sha1(content[: content.index(b"\n", start) + 1]).digest()
