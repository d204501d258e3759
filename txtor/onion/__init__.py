"""
Onion services, version 3: addresses, keys, descriptors and where they are published.
"""

from ._address import OnionAddress
from ._authentication import AnyClientKey, OnionAuthentication, list_authentications
from ._client_keys import ClientAuthKey, ClientAuthPublicKey
from ._descriptor import OnionDescriptor, OnionDescriptorContent
from ._disk_service import FilesystemOnionService
from ._disk_terms import DiskTerms, Fronts
from ._endpoint import (
    AnyOnionService,
    AnyTerms,
    KeptTor,
    Local,
    MakeService,
    TorLease,
    TorOnionAddress,
    TorOnionEndpoint,
    TorOnionListeningPort,
    make_onion_service,
)
from ._fetch import DescriptorRequest, get_onion_descriptor, post_onion_descriptor
from ._introduction import IntroductionPoint, LinkSpecifier
from ._key_files import (
    check_onion_directory,
    keep_onion_key,
    read_authorized_clients,
    read_balanced_for,
    read_client_keys,
    read_onion_key,
    remove_authorized_client,
    write_authorized_client,
    write_balanced_for,
    write_client_key,
    write_onion_directory,
)
from ._keys import BlindedKey, OnionKey, blinded_public_key
from ._listing import ListedOnionService, list_services
from ._making import DescriptorTerms, make_onion_descriptor
from ._moment import Now, current_slots, utc_now
from ._periods import DescriptorSlot, DescriptorSlots, OnionTiming, TimePeriod, credential, descriptor_slots, subcredential
from ._plain_layers import AuthClient, FlowControl, InnerLayer, PowParams
from ._ports import ServicePort, Target
from ._publication import PublicationReport, WaitFor
from ._revision import revision_counter
from ._ring import HashRing, HSDir, RingParameters, node_index, select_hsdirs, service_index
from ._service import EphemeralOnionService
from ._terms import DISCARD, Clients, OnionKeyFile, OnionTerms, PrivateKey, ProgressListener, read_clients
from ._uploads import DescriptorReport, UploadNews, UploadRefused, UploadStarted, UploadStored, upload_news

__all__ = [
    "DISCARD",
    "AnyClientKey",
    "AnyOnionService",
    "AnyTerms",
    "AuthClient",
    "BlindedKey",
    "ClientAuthKey",
    "ClientAuthPublicKey",
    "Clients",
    "DescriptorReport",
    "DescriptorRequest",
    "DescriptorSlot",
    "DescriptorSlots",
    "DescriptorTerms",
    "DiskTerms",
    "EphemeralOnionService",
    "FilesystemOnionService",
    "FlowControl",
    "Fronts",
    "HSDir",
    "HashRing",
    "InnerLayer",
    "IntroductionPoint",
    "KeptTor",
    "LinkSpecifier",
    "ListedOnionService",
    "Local",
    "MakeService",
    "Now",
    "OnionAddress",
    "OnionAuthentication",
    "OnionDescriptor",
    "OnionDescriptorContent",
    "OnionKey",
    "OnionKeyFile",
    "OnionTerms",
    "OnionTiming",
    "PowParams",
    "PrivateKey",
    "ProgressListener",
    "PublicationReport",
    "RingParameters",
    "ServicePort",
    "Target",
    "TimePeriod",
    "TorLease",
    "TorOnionAddress",
    "TorOnionEndpoint",
    "TorOnionListeningPort",
    "UploadNews",
    "UploadRefused",
    "UploadStarted",
    "UploadStored",
    "WaitFor",
    "blinded_public_key",
    "check_onion_directory",
    "credential",
    "current_slots",
    "descriptor_slots",
    "get_onion_descriptor",
    "keep_onion_key",
    "list_authentications",
    "list_services",
    "make_onion_descriptor",
    "make_onion_service",
    "node_index",
    "post_onion_descriptor",
    "read_authorized_clients",
    "read_balanced_for",
    "read_client_keys",
    "read_clients",
    "read_onion_key",
    "remove_authorized_client",
    "revision_counter",
    "select_hsdirs",
    "service_index",
    "subcredential",
    "upload_news",
    "utc_now",
    "write_authorized_client",
    "write_balanced_for",
    "write_client_key",
    "write_onion_directory",
]
