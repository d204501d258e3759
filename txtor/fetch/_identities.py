# -*- test-case-name: txtor.test.fetch.test_identities -*-
"""
Which relay has an Ed25519 identity.

The control port finds relays by their RSA fingerprints and nicknames. A microdescriptor has the Ed25519 identity, and the network
status names the microdescriptor; a Tor that uses server descriptors has both identities in them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from txtor.directory import Microdescriptor, RouterStatuses, ServerDescriptor, encoding
from txtor.errors import DocumentUnavailable

from ._control import ControlDirectory
from ._reading import in_slices
from ._relays import RelayName

#: After how many documents the reactor gets a turn.
_STEP = 200


async def with_fingerprint(reactor: Any, control: ControlDirectory, name: RelayName) -> RelayName:
    """
    A relay as the control port can be asked for it.

    :param name: as a caller has it; an Ed25519 identity is looked for, others stay as they are.
    :return: with the fingerprint. That the relay has the identity is Tor's word, until its documents are checked.
    :raises DocumentUnavailable: Tor knows no relay with the identity.
    """
    if name.ed25519 is None:
        return name
    micros = await _all(control, "md/all", Microdescriptor)
    digests = await in_slices(reactor, _microdescriptors_of(micros, name.ed25519))
    fingerprint = None
    if digests:
        fingerprint = await in_slices(reactor, _listed(await control.network_statuses(), digests))
    if fingerprint is None:
        descriptors = await _all(control, "desc/all-recent", ServerDescriptor)
        fingerprint = await in_slices(reactor, _server_of(descriptors, name.ed25519))
    if fingerprint is None:
        told = f"no relay is known with the Ed25519 identity {encoding.unpadded(name.ed25519)}"
        raise DocumentUnavailable(250, told, "GETINFO")
    return name._replace(fingerprint=fingerprint)


async def _all(control: ControlDirectory, key: str, kind: type[Any]) -> list[Any]:
    """
    All documents of a kind that Tor has, which may be none.
    """
    try:
        return await control.read(key, kind, check=False)
    except DocumentUnavailable:
        return []


def _microdescriptors_of(found: list[Microdescriptor], identity: bytes) -> Generator[None, None, list[bytes]]:
    """
    The digests of the microdescriptors with an identity: the one of today, and perhaps some of before.
    """
    line, digests = b"\nid ed25519 " + encoding.unpadded(identity).encode("ascii"), []
    for count, micro in enumerate(found):
        if line in micro.raw:
            digests.append(micro.digest("sha256", encoding="raw"))
        if not count % _STEP:
            yield
    return digests


def _listed(statuses: RouterStatuses, digests: list[bytes]) -> Generator[None, None, str | None]:
    """
    The relay whose microdescriptor has one of some digests.
    """
    for count, status in enumerate(statuses.values()):
        if any(status.matches_microdescriptor(digest) for digest in digests):
            return status.fingerprint
        if not count % _STEP:
            yield
    return None


def _server_of(found: list[ServerDescriptor], identity: bytes) -> Generator[None, None, str | None]:
    """
    The relay whose server descriptor has an identity.
    """
    line = b"\nmaster-key-ed25519 " + encoding.unpadded(identity).encode("ascii")
    for count, descriptor in enumerate(found):
        if line in descriptor.raw:
            return descriptor.fingerprint
        if not count % _STEP:
            yield
    return None
