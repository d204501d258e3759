"""
The documents of Tor's directory: read, checked, verified and written.
"""

from ._certificate import CERTIFICATE_TYPES, CertificateExtension, Ed25519Certificate
from ._document import Annotation, Document
from ._ed25519 import ed25519_from_x25519, is_good_ed25519_key, verify_ed25519, x25519_from_ed25519
from ._items import Item
from ._rsa import RSAKey, generate_rsa, rsa_der, sign_rsa

__all__ = [
    "CERTIFICATE_TYPES",
    "Annotation",
    "CertificateExtension",
    "Document",
    "Ed25519Certificate",
    "Item",
    "RSAKey",
    "ed25519_from_x25519",
    "generate_rsa",
    "is_good_ed25519_key",
    "rsa_der",
    "sign_rsa",
    "verify_ed25519",
    "x25519_from_ed25519",
]
