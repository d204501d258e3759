"""
The documents of Tor's directory: read, checked, verified and written.
"""

# For parts that have documents of their own: their tables (rules), their attributes (fields) and the small types (encoding).
from . import _document as fields
from . import _encoding as encoding
from . import _grammar as rules
from ._arrow import COLUMNS, Column, arrow_batches, arrow_schema, columns_of, to_arrow, write_parquet
from ._authorities import PUBLIC_NETWORK_DATE, PUBLIC_NETWORK_VERSION, Authorities, DirectoryAuthority
from ._bandwidth_file import BandwidthFile, BandwidthMeasurement
from ._bandwidth_weights import BandwidthTotals, compute_bandwidth_weights, weight_for
from ._bridges import BridgeExtraInfo, BridgeNetworkStatus, BridgePoolAssignment, BridgePoolEntry, BridgeServerDescriptor
from ._certificate import CERTIFICATE_TYPES, CertificateExtension, Ed25519Certificate
from ._compression import decompress, decompress_chunks
from ._consensus import USABLE, Consensus
from ._consensus_diff import ConsensusDiff, DiffCommand, make_consensus_diff
from ._cooperate import cooperate
from ._detached_signatures import DetachedSignatures, FlavourDigest, FlavourSignature
from ._document import Annotation, Document
from ._ed25519 import ed25519_from_x25519, is_good_ed25519_key, verify_ed25519, x25519_from_ed25519
from ._exit_list import ExitAddress, ExitList, ExitListEntry
from ._exit_policy import DEFAULT_POLICY, ExitPolicy, Verdict
from ._exit_rule import ExitRule
from ._extra_info import ExtraInfo, ExtraInfoVerification
from ._fallbacks import FallbackDirectory, FallbackList
from ._families import Relatives, families_in_slices, families_of_descriptors_in_slices, relatives_in_slices
from ._family import Family, FamilyMember, are_family, subnet
from ._items import Item
from ._key_certificate import KeyCertificate, KeyCertificateVerification
from ._kinds import UnknownDocument
from ._limits import DOWNLOAD_LIMITS, FILE_LIMITS, Limits
from ._make import RelayKeys, make_ed25519_certificate, write_item
from ._make_consensus import (
    AuthorityKeys,
    make_consensus,
    make_detached_signatures,
    make_router_status,
    make_vote,
    sign_status,
    write_consensus,
)
from ._make_descriptors import make_extra_info, make_server_descriptor, sign_descriptor
from ._make_key_certificate import make_key_certificate
from ._make_microdescriptor import make_microdescriptor
from ._microdescriptor import Microdescriptor
from ._network_status import NetworkStatus
from ._port_summary import PortSummary
from ._protocols import Protocols
from ._query import Answer, DirectoryQuery, Refused, batches
from ._reading import find_files, parse, parse_in_steps
from ._router_index import (
    RouterChanges,
    RouterStatuses,
    compare_routers,
    compare_routers_in_slices,
    index_routers,
    index_routers_in_slices,
    run_slices,
)
from ._router_status import RouterStatus
from ._rsa import RSAKey, generate_rsa, rsa_der, sign_rsa
from ._scale import FileResult, Progress, map_documents, verify_documents
from ._server_descriptor import ServerDescriptor
from ._server_lines import Bandwidth, ExtraInfoDigest, NtorCrosscert, Overload, RouterLine
from ._server_verification import ServerDescriptorVerification
from ._shared_random import SharedRandomCommit, compute_shared_random
from ._statistics import (
    BidirectionalConnections,
    BlurredCount,
    History,
    OverloadFdExhausted,
    OverloadRatelimits,
    PaddingCounts,
    Period,
    Transport,
)
from ._status_signatures import SignatureCount, SignatureOutcome, SignatureVerdict
from ._status_values import DirectorySource, DocumentSignature, PackageVersion, Parameters, SharedRandomValue, VotingDelay
from ._stream import DocumentStream, Place, Reading
from ._versions import TorVersion, VersionStatus
from ._vote import Vote

__all__ = [
    "CERTIFICATE_TYPES",
    "COLUMNS",
    "DEFAULT_POLICY",
    "DOWNLOAD_LIMITS",
    "FILE_LIMITS",
    "PUBLIC_NETWORK_DATE",
    "PUBLIC_NETWORK_VERSION",
    "USABLE",
    "Annotation",
    "Answer",
    "Authorities",
    "AuthorityKeys",
    "Bandwidth",
    "BandwidthFile",
    "BandwidthMeasurement",
    "BandwidthTotals",
    "BidirectionalConnections",
    "BlurredCount",
    "BridgeExtraInfo",
    "BridgeNetworkStatus",
    "BridgePoolAssignment",
    "BridgePoolEntry",
    "BridgeServerDescriptor",
    "CertificateExtension",
    "Column",
    "Consensus",
    "ConsensusDiff",
    "DetachedSignatures",
    "DiffCommand",
    "DirectoryAuthority",
    "DirectoryQuery",
    "DirectorySource",
    "Document",
    "DocumentSignature",
    "DocumentStream",
    "Ed25519Certificate",
    "ExitAddress",
    "ExitList",
    "ExitListEntry",
    "ExitPolicy",
    "ExitRule",
    "ExtraInfo",
    "ExtraInfoDigest",
    "ExtraInfoVerification",
    "FallbackDirectory",
    "FallbackList",
    "Family",
    "FamilyMember",
    "FileResult",
    "FlavourDigest",
    "FlavourSignature",
    "History",
    "Item",
    "KeyCertificate",
    "KeyCertificateVerification",
    "Limits",
    "Microdescriptor",
    "NetworkStatus",
    "NtorCrosscert",
    "Overload",
    "OverloadFdExhausted",
    "OverloadRatelimits",
    "PackageVersion",
    "PaddingCounts",
    "Parameters",
    "Period",
    "Place",
    "PortSummary",
    "Progress",
    "Protocols",
    "RSAKey",
    "Reading",
    "Refused",
    "Relatives",
    "RelayKeys",
    "RouterChanges",
    "RouterLine",
    "RouterStatus",
    "RouterStatuses",
    "ServerDescriptor",
    "ServerDescriptorVerification",
    "SharedRandomCommit",
    "SharedRandomValue",
    "SignatureCount",
    "SignatureOutcome",
    "SignatureVerdict",
    "TorVersion",
    "Transport",
    "UnknownDocument",
    "Verdict",
    "VersionStatus",
    "Vote",
    "VotingDelay",
    "are_family",
    "arrow_batches",
    "arrow_schema",
    "batches",
    "columns_of",
    "compare_routers",
    "compare_routers_in_slices",
    "compute_bandwidth_weights",
    "compute_shared_random",
    "cooperate",
    "decompress",
    "decompress_chunks",
    "ed25519_from_x25519",
    "encoding",
    "families_in_slices",
    "families_of_descriptors_in_slices",
    "fields",
    "find_files",
    "generate_rsa",
    "index_routers",
    "index_routers_in_slices",
    "is_good_ed25519_key",
    "make_consensus",
    "make_consensus_diff",
    "make_detached_signatures",
    "make_ed25519_certificate",
    "make_extra_info",
    "make_key_certificate",
    "make_microdescriptor",
    "make_router_status",
    "make_server_descriptor",
    "make_vote",
    "map_documents",
    "parse",
    "parse_in_steps",
    "relatives_in_slices",
    "rsa_der",
    "rules",
    "run_slices",
    "sign_descriptor",
    "sign_rsa",
    "sign_status",
    "subnet",
    "to_arrow",
    "verify_documents",
    "verify_ed25519",
    "weight_for",
    "write_consensus",
    "write_item",
    "write_parquet",
    "x25519_from_ed25519",
]
