"""
The documents of Tor's directory: read, checked, verified and written.
"""

# For parts that have documents of their own: their tables (rules), their attributes (fields) and the small types (encoding).
from . import _document as fields
from . import _encoding as encoding
from . import _grammar as rules
from ._bandwidth_file import BandwidthFile, BandwidthMeasurement
from ._certificate import CERTIFICATE_TYPES, CertificateExtension, Ed25519Certificate
from ._document import Annotation, Document
from ._ed25519 import ed25519_from_x25519, is_good_ed25519_key, verify_ed25519, x25519_from_ed25519
from ._exit_list import ExitAddress, ExitList, ExitListEntry
from ._exit_policy import DEFAULT_POLICY, ExitPolicy, Verdict
from ._exit_rule import ExitRule
from ._fallbacks import FallbackDirectory, FallbackList
from ._family import Family, FamilyMember, are_family, subnet
from ._items import Item
from ._port_summary import PortSummary
from ._protocols import Protocols
from ._rsa import RSAKey, generate_rsa, rsa_der, sign_rsa
from ._versions import TorVersion, VersionStatus

__all__ = [
    "CERTIFICATE_TYPES",
    "DEFAULT_POLICY",
    "Annotation",
    "BandwidthFile",
    "BandwidthMeasurement",
    "CertificateExtension",
    "Document",
    "Ed25519Certificate",
    "ExitAddress",
    "ExitList",
    "ExitListEntry",
    "ExitPolicy",
    "ExitRule",
    "FallbackDirectory",
    "FallbackList",
    "Family",
    "FamilyMember",
    "Item",
    "PortSummary",
    "Protocols",
    "RSAKey",
    "TorVersion",
    "Verdict",
    "VersionStatus",
    "are_family",
    "ed25519_from_x25519",
    "encoding",
    "fields",
    "generate_rsa",
    "is_good_ed25519_key",
    "rsa_der",
    "rules",
    "sign_rsa",
    "subnet",
    "verify_ed25519",
    "x25519_from_ed25519",
]
