# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
Descriptors over the control port, each checked to be the one that was asked for and, given a consensus, verified against it.

See control-spec 3.9, GETINFO: ``desc/``, ``md/``, ``extra-info/`` and ``dir/server/``.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

from txtor.directory import Consensus, ExtraInfo, Microdescriptor, ServerDescriptor, encoding
from txtor.errors import DocumentUnavailable, InvalidArgument, VerificationFailed

from ._control import ControlDirectory
from ._reading import in_slices
from ._relays import RelayName, digest_of, listed

KEEP_SERVERS = "A Tor keeps server descriptors with UseMicrodescriptors 0 or FetchUselessDescriptors 1, or as a directory cache."
KEEP_MICROS = "A Tor keeps microdescriptors with UseMicrodescriptors 1 or FetchUselessDescriptors 1, or as a directory cache."
KEEP_EXTRA = "A Tor keeps extra-infos with DownloadExtraInfo 1, and as a directory authority."
#: After how many documents the reactor gets a turn.
_STEP = 100
_VERIFIED_STEP = 3


class Descriptors:
    """
    The documents of relays that a Tor has.
    """

    def __init__(self, reactor: Any, control: ControlDirectory) -> None:
        self._reactor = reactor
        self._control = control

    async def _fingerprint(self, name: RelayName) -> str:
        """
        The fingerprint of a relay. Which one Tor means by a nickname, Tor says.
        """
        return name.fingerprint or (await self._control.network_status(name)).fingerprint

    # -- server descriptors -------------------------------------------------------------------------------------------

    async def server(self, name: RelayName, consensus: Consensus | None, now: datetime) -> ServerDescriptor:
        """
        A server descriptor, by its relay.

        :param consensus: a verified one; the descriptor that it lists is asked for.
        """
        if consensus is None:
            key = name.key("desc")
            descriptor = await self._control.read_one(key, ServerDescriptor, KEEP_SERVERS, "desc/download-enabled")
            name.check(descriptor, "server descriptor")
            name.check_identity(descriptor)
            return descriptor
        status = listed(consensus, await self._fingerprint(name))
        name.check(status, "router status")
        descriptor = await self.server_by_digest(str(status.digest), consensus, now, status.fingerprint)
        name.check_identity(descriptor, status)
        return descriptor

    async def server_by_digest(
        self, digest: str, consensus: Consensus | None, now: datetime, fingerprint: str | None = None
    ) -> ServerDescriptor:
        """
        A server descriptor, by its digest.

        :param consensus: a verified one, which must list it.
        :param fingerprint: of the relay for which the consensus lists it, where that is known already.
        """
        wanted = digest_of(digest)
        key = f"dir/server/d/{wanted}"
        descriptor = await self._control.read_one(key, ServerDescriptor, KEEP_SERVERS, "desc/download-enabled")
        if descriptor.digest() != wanted:
            raise VerificationFailed("server descriptor", "its digest is not the one asked for")
        if consensus is not None:
            if fingerprint is None:
                status = listed(consensus, descriptor.fingerprint)
                wanted, fingerprint = str(status.digest), status.fingerprint
            descriptor.verify(now=now, digest=wanted, fingerprint=fingerprint)
        return descriptor

    async def all_servers(self, consensus: Consensus | None, now: datetime) -> tuple[ServerDescriptor, ...]:
        """
        All server descriptors; of them those that a verified consensus lists, where one is given.
        """
        key = "desc/all-recent"
        found = await self._control.read(key, ServerDescriptor, advice=KEEP_SERVERS, enabled="desc/download-enabled")
        if consensus is None:
            return tuple(found)
        return await in_slices(self._reactor, _listed_servers(found, consensus, now))

    # -- microdescriptors ---------------------------------------------------------------------------------------------

    async def micro(self, name: RelayName, consensus: Consensus | None) -> Microdescriptor:
        """
        A microdescriptor, by its relay.
        """
        status = None
        if consensus is not None:
            status = listed(consensus, await self._fingerprint(name))
            name.check(status, "router status")
            name = name._replace(fingerprint=status.fingerprint)
        key = name.key("md")
        found = await self._control.read_one(key, Microdescriptor, KEEP_MICROS, "md/download-enabled")
        if status is not None:
            found.verify(status.microdescriptor_digest)
        name.check_identity(found, status)
        return found

    async def micro_by_digest(self, digest: str | bytes, consensus: Consensus | None) -> Microdescriptor:
        """
        A microdescriptor, by its digest.
        """
        try:
            wanted = digest if isinstance(digest, bytes) else encoding.base64(digest, 32)
        except encoding.BadValue as error:
            raise InvalidArgument(f"Not the digest of a microdescriptor: {error}") from None
        if len(wanted) != 32:
            raise InvalidArgument(f"The digest of a microdescriptor has 32 bytes, not {len(wanted)}.")
        found = (await self._micros_by_digest()).get(wanted)
        if found is None:
            raise DocumentUnavailable(250, "md/all holds no microdescriptor of the digest", "GETINFO")
        found.check()
        if consensus is not None and wanted not in await in_slices(self._reactor, _listed_micros(consensus)):
            raise VerificationFailed("consensus", "it does not list the microdescriptor", None, "dir-spec 3.9")
        return found

    async def all_micros(self, consensus: Consensus | None) -> tuple[Microdescriptor, ...]:
        """
        All microdescriptors; of them those that a verified consensus lists, in its order, where one is given.
        """
        if consensus is None:
            return tuple(await self._micros())
        found = await self._micros_by_digest()
        wanted = await in_slices(self._reactor, _listed_micros(consensus))
        return tuple(found[digest] for digest in wanted if digest in found)

    async def _micros(self) -> list[Microdescriptor]:
        return await self._control.read(
            "md/all", Microdescriptor, check=False, advice=KEEP_MICROS, enabled="md/download-enabled"
        )

    async def _micros_by_digest(self) -> dict[bytes, Microdescriptor]:
        return await in_slices(self._reactor, _by_digest(await self._micros()))

    # -- extra-infos --------------------------------------------------------------------------------------------------

    async def extra_of(self, descriptor: ServerDescriptor, now: datetime | None) -> ExtraInfo:
        """
        The extra-info that a server descriptor names.

        :param now: verify it for this time with the server descriptor, which has been verified; ``None`` does not.
        """
        assert descriptor.extra_info_digest is not None  # whoever calls has looked
        extra_info = await self.extra_by_digest(descriptor.extra_info_digest.sha1)
        if extra_info.fingerprint != descriptor.fingerprint:
            raise VerificationFailed("extra-info", "it is of another relay than the server descriptor that names it")
        if now is not None:
            extra_info.verify(descriptor, now=now)
        return extra_info

    async def extra_by_digest(self, digest: str) -> ExtraInfo:
        """
        An extra-info, by its digest.
        """
        wanted = digest_of(digest)
        extra_info = await self._control.read_one(f"extra-info/digest/{wanted}", ExtraInfo, KEEP_EXTRA)
        if extra_info.digest() != wanted:
            raise VerificationFailed("extra-info", "its digest is not the one asked for")
        return extra_info


def _listed_servers(
    found: list[ServerDescriptor], consensus: Consensus, now: datetime
) -> Generator[None, None, tuple[ServerDescriptor, ...]]:
    """
    Those that a consensus lists, each verified. One that is newer is not listed yet, and older ones no longer.
    """
    good = []
    for count, descriptor in enumerate(found):
        status = consensus.find(descriptor.fingerprint)
        if status is not None and status.digest == descriptor.digest():
            descriptor.verify(now=now, digest=status.digest, fingerprint=status.fingerprint)
            good.append(descriptor)
        if not count % _VERIFIED_STEP:
            yield
    return tuple(good)


def _listed_micros(consensus: Consensus) -> Generator[None, None, dict[bytes, None]]:
    """
    The digests that a consensus lists, in its order.
    """
    digests: dict[bytes, None] = {}
    for count, status in enumerate(consensus.routers.values()):
        if status.microdescriptor_digest is not None:
            digests[encoding.base64(status.microdescriptor_digest, 32)] = None
        if not count % _STEP:
            yield
    return digests


def _by_digest(found: list[Microdescriptor]) -> Generator[None, None, dict[bytes, Microdescriptor]]:
    """
    Microdescriptors by what they are known by.
    """
    by_digest = {}
    for count, microdescriptor in enumerate(found):
        by_digest[microdescriptor.digest("sha256", encoding="raw")] = microdescriptor
        if not count % _STEP:
            yield
    return by_digest
