# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
What a Tor keeps of the directory, asked for over its control port.

Tor is believed as far as the caller wishes: that an answer is of the relay, and has the digest, that was asked for is always
checked; that the authorities say so too is checked with ``verify``. See control-spec 3.9, GETINFO.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

from txtor.control import TorControlProtocol
from txtor.directory import (
    USABLE,
    Authorities,
    Consensus,
    DirectoryQuery,
    Document,
    KeyCertificate,
    RouterStatus,
    RouterStatuses,
    index_routers_in_slices,
)
from txtor.errors import DocumentUnavailable, InternalTorError, InvalidArgument, UnrecognizedEntity, VerificationFailed
from txtor.grammar import bare

from ._cached import cached_certificates
from ._client import DirectoryClient
from ._reading import in_slices, read_documents, slices
from ._relays import RelayName
from ._signers import certificates_for

D = TypeVar("D", bound=Document)

_CONSENSUS = "dir/status-vote/current/consensus"
_FLAVOURS = {"ns": _CONSENSUS, "microdesc": f"{_CONSENSUS}-microdesc"}

KEEP_CONSENSUS = "A Tor keeps the consensus that it does not use itself with FetchUselessDescriptors 1, or as a directory cache."


class ControlDirectory:
    """
    The consensus of a Tor, with what verifies it.
    """

    def __init__(
        self, reactor: Any, protocol: TorControlProtocol, client: DirectoryClient | None
    ) -> None:
        """
        :param reactor: for time: long readings share it.
        :param protocol: the control connection.
        :param client: asks for key certificates, which the control port does not have. Without it they are read from Tor's file.
        """
        self._reactor = reactor
        self._protocol = protocol
        self._client = client

    async def ask(self, key: str, advice: str = "", enabled: str = "") -> bytes:
        """
        Ask for documents.

        :param advice: with which option Tor would keep documents of the kind.
        :param enabled: the key of GETINFO that tells whether Tor keeps them; without one the advice is always given.
        :raises DocumentUnavailable: Tor has none.
        """
        try:
            value = (await self._protocol.get_info_bytes(key))[key]
        except (UnrecognizedEntity, InternalTorError) as error:
            told = await self._advice(advice, enabled)
            raise DocumentUnavailable(error.status, error.text, error.command, error.lines, told) from error
        if not value:
            raise DocumentUnavailable(250, f"{key} is empty", "GETINFO", (), await self._advice(advice, enabled))
        return value if value.endswith(b"\n") else value + b"\n"  # the control port leaves out the last line end

    async def _advice(self, advice: str, enabled: str) -> str:
        if enabled and await self._protocol.get_info_single(enabled, "1") != "0":
            return ""
        return advice

    async def read(
        self, key: str, kind: type[D], *, check: bool = True, advice: str = "", enabled: str = ""
    ) -> list[D]:
        """
        Ask for documents and read them.

        :param check: whether all of each is read at once.
        :raises DocumentUnavailable: Tor has none.
        :raises DocumentError: one cannot be read.
        """
        data = await self.ask(key, advice, enabled)
        readings = await read_documents(self._reactor, slices(data), kind, check=check, source=f"GETINFO {key}")
        return [reading.get() for reading in readings]  # type: ignore[misc]  # all are of the kind that was given

    async def read_one(self, key: str, kind: type[D], advice: str = "", enabled: str = "") -> D:
        """
        Ask for one document and read it.

        :raises DocumentUnavailable: Tor has none.
        :raises DocumentError: it cannot be read, or there is more than one.
        """
        found = await self.read(key, kind, advice=advice, enabled=enabled)
        if len(found) != 1:
            raise VerificationFailed(kind.grammar.document, f"{len(found)} were sent where one was asked for")
        return found[0]

    # -- network statuses ---------------------------------------------------------------------------------------------

    async def network_status(self, name: RelayName) -> RouterStatus:
        """
        The entry of a relay.
        """
        status = RouterStatus.parse(await self.ask(name.key("ns")))
        name.check(status, "router status")
        return status

    async def network_statuses(self, purpose: str | None = None) -> RouterStatuses:
        """
        The entries of all relays, or of those for a purpose.
        """
        key = "ns/all" if purpose is None else f"ns/purpose/{bare(purpose, 'The purpose of relays')}"
        return await in_slices(self._reactor, index_routers_in_slices(await self.ask(key)))

    async def consensus(self, flavour: str) -> Consensus:
        """
        The consensus, not verified.
        """
        key = _FLAVOURS.get(flavour)
        if key is None:
            raise InvalidArgument(f"No flavour of a consensus: {flavour!r:.40}. There are ns and microdesc.")
        consensus = await self.read_one(key, Consensus, KEEP_CONSENSUS)
        if consensus.flavour != flavour:
            raise VerificationFailed("consensus", f"its flavour is {consensus.flavour}, where {flavour} was asked for")
        return consensus

    # -- what verifies ------------------------------------------------------------------------------------------------

    async def authorities(self) -> Authorities:
        """
        The authorities that Tor trusts.
        """
        configured = await self._protocol.get_conf_list("DirAuthority")
        alternate = configured or await self._protocol.get_conf_list("AlternateDirAuthority")
        return Authorities.parse(alternate) if alternate else Authorities.public_network()

    async def key_certificates(
        self, authorities: Iterable[str] | None = None, signing_keys: Iterable[tuple[str, str]] | None = None
    ) -> tuple[KeyCertificate, ...]:
        """
        Key certificates. Those that are not found are not among them.

        :raises DirectoryUnavailable: no directory server has any.
        :raises CannotVerify: Tor's file cannot be read.
        """
        return await self._certificates(DirectoryQuery.key_certificates(authorities, signing_keys=signing_keys))

    async def _certificates(self, query: DirectoryQuery) -> tuple[KeyCertificate, ...]:
        if self._client is not None:
            return (await self._client.fetch(query)).matched
        data = await cached_certificates(self._protocol)
        readings = await read_documents(self._reactor, slices(data), KeyCertificate, source="cached-certs")
        # A certificate that cannot be read verifies nothing; which ones are missed, whoever verifies is told.
        return query.accept(reading.document for reading in readings if reading.document is not None).matched  # type: ignore[return-value]  # all are of the kind

    async def verify_consensus(
        self,
        consensus: Consensus,
        authorities: Authorities | None = None,
        certificates: Iterable[KeyCertificate] | None = None,
        now: datetime | None = None,
        grace: timedelta = USABLE,
    ) -> None:
        """
        Verify a consensus, with what is missing for it asked for.
        """
        known = authorities if authorities is not None else await self.authorities()
        if certificates is None:
            query = certificates_for(consensus, known)
            certificates = () if query is None else await self._certificates(query)
        consensus.verify(known, certificates, now=moment(now), flavour=consensus.flavour, grace=grace)

    async def believed(self, verify: bool | Consensus, flavour: str, now: datetime | None) -> Consensus | None:
        """
        The consensus against which a document is verified: one that the caller has verified, or Tor's, verified now.

        :return: ``None`` where nothing is to be verified.
        """
        if isinstance(verify, Consensus):
            if verify.flavour != flavour:
                raise InvalidArgument(f"A consensus of the flavour {verify.flavour}, where this is listed in {flavour}.")
            return verify
        if not verify:
            return None
        consensus = await self.consensus(flavour)
        await self.verify_consensus(consensus, now=now)
        return consensus


def moment(now: datetime | None) -> datetime:
    """
    A time that was given, or this machine's.
    """
    return datetime.now(timezone.utc) if now is None else now
