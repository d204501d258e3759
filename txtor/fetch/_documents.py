# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
The directory of a Tor: its consensus and the documents of relays, by fingerprint, nickname or digest.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from txtor._deferred import deferred
from txtor.control import TorControlProtocol
from txtor.directory import (
    USABLE,
    Authorities,
    Consensus,
    ExtraInfo,
    KeyCertificate,
    Microdescriptor,
    RouterStatus,
    RouterStatuses,
    ServerDescriptor,
)
from txtor.errors import DocumentUnavailable, InvalidArgument

from ._client import DirectoryClient
from ._control import ControlDirectory, moment
from ._descriptors import Descriptors
from ._identities import with_fingerprint
from ._relays import RelayName

#: Whether to verify: against Tor's consensus, which is verified for it, or against one that the caller has verified.
Verify: TypeAlias = bool | Consensus


class TorDirectory:
    """
    The directory as a Tor knows it.

    What Tor answers is always checked to be what was asked for. With ``verify=True`` it is verified as well: the consensus
    by the signatures of the authorities that Tor is configured with, every other document by the digest that the consensus lists
    and by its own signatures. Who asks for many documents verifies the consensus once and gives it as ``verify``.

    Relays are named by their fingerprints, with or without ``$``, by their nicknames, or by their Ed25519 identities in base64,
    with or without ``ed25519:``. Tor does not find relays by the latter, so all of its microdescriptors are looked through.
    """

    def __init__(self, reactor: Any, protocol: TorControlProtocol, client: DirectoryClient | None = None) -> None:
        """
        :param reactor: for time: long readings share it.
        :param protocol: the control connection.
        :param client: whom to ask for key certificates, which the control port does not have. By default they are read from the
            file where Tor keeps them, which must be on this machine and readable; it matters not whether that can be trusted.
        """
        self._reactor = reactor
        self._control = ControlDirectory(reactor, protocol, client)
        self._descriptors = Descriptors(reactor, self._control)

    @deferred
    async def get_authorities(self) -> Authorities:
        """
        The directory authorities that Tor trusts: those that it is configured with, else those of the public network.

        :raises MalformedDocument: Tor's configuration cannot be read.

        See tor(1), DirAuthority and AlternateDirAuthority.
        """
        return await self._control.authorities()

    @deferred
    async def get_key_certificates(
        self, authorities: Iterable[str] | None = None, *, signing_keys: Iterable[tuple[str, str]] | None = None
    ) -> tuple[KeyCertificate, ...]:
        """
        Key certificates of authorities, from Tor's file or from a directory server; see the constructor.

        :param authorities: the identities of those whose certificates are wanted; by default all.
        :param signing_keys: pairs of an identity and the digest of a signing key, as signatures name them.
        :return: those that were found. `txtor.directory.KeyCertificate.verify` is another step.
        :raises CannotVerify: Tor's file cannot be read.
        :raises DirectoryUnavailable: no directory server has any.
        :raises InvalidArgument: an identity or digest is none.
        """
        return await self._control.key_certificates(authorities, signing_keys)

    # -- network statuses ---------------------------------------------------------------------------------------------

    @deferred
    async def get_consensus(
        self,
        flavour: str = "microdesc",
        *,
        verify: bool = False,
        authorities: Authorities | None = None,
        certificates: Iterable[KeyCertificate] | None = None,
        now: datetime | None = None,
        grace: timedelta = USABLE,
    ) -> Consensus:
        """
        The consensus that Tor has.

        :param flavour: ``"microdesc"``, which Tors use themselves, or ``"ns"``, which directory caches keep as well.
        :param verify: check that more than half of the authorities signed it, and its time.
        :param authorities: those that count. By default those that Tor trusts.
        :param certificates: their key certificates. By default those that are needed are found as `get_key_certificates` does.
        :param now: the time at which it must be in force. By default that of this machine.
        :param grace: how long before and after its time it is still taken. By default as long as Tor makes do with one.
        :raises DocumentUnavailable: Tor does not keep it.
        :raises MalformedDocument: it cannot be read.
        :raises VerificationFailed: it is of another flavour, or must not be believed.
        :raises CannotVerify: key certificates are missing.
        :raises DirectoryUnavailable: no directory server has any.
        """
        consensus = await self._control.consensus(flavour)
        if verify:
            await self._control.verify_consensus(consensus, authorities, certificates, now, grace)
        return consensus

    @deferred
    async def get_network_status(self, relay: str) -> RouterStatus:
        """
        What the consensus says of a relay.

        :param relay: its fingerprint, with or without ``$``, its nickname or its Ed25519 identity.
        :raises DocumentUnavailable: Tor knows no such relay, or has no consensus yet.
        :raises VerificationFailed: Tor answered with another relay.
        """
        return await self._control.network_status(await self._find(RelayName.parse(relay)))

    @deferred
    async def get_network_statuses(self, purpose: str | None = None) -> RouterStatuses:
        """
        What the consensus says of all relays, by fingerprint. An entry is read when it is looked at.

        :param purpose: ``"general"``, ``"bridge"`` or ``"controller"``: those of descriptors that are for it, instead.
        :raises DocumentUnavailable: there are none, as before Tor has a consensus.
        """
        return await self._control.network_statuses(purpose)

    async def _find(self, name: RelayName) -> RelayName:
        return await with_fingerprint(self._reactor, self._control, name)

    # -- documents of relays ------------------------------------------------------------------------------------------

    @deferred
    async def get_server_descriptor(
        self, relay: str | None = None, *, digest: str | None = None, verify: Verify = False, now: datetime | None = None
    ) -> ServerDescriptor:
        """
        The server descriptor of a relay.

        :param relay: its fingerprint, nickname or Ed25519 identity; see the class.
        :param digest: instead: the descriptor's digest, 40 hexadecimal digits, as a consensus of the flavour ns lists it.
        :param verify: see the class. It gives the descriptor that the consensus lists, which may be older than Tor's newest.
        :param now: the time at which it must be good. By default that of this machine.
        :raises DocumentUnavailable: Tor does not have it. Tor clients have none; the error tells the option.
        :raises DocumentError: it cannot be read, is not what was asked for, or must not be believed.
        :raises InvalidArgument: not one of ``relay`` and ``digest`` was given, or it is none.
        """
        name = _one_of(relay, digest)
        consensus = await self._control.believed(verify, "ns", now)
        if name is None:
            return await self._descriptors.server_by_digest(str(digest), consensus, moment(now))
        return await self._descriptors.server(await self._find(name), consensus, moment(now))

    @deferred
    async def get_server_descriptors(
        self, *, verify: Verify = False, now: datetime | None = None
    ) -> tuple[ServerDescriptor, ...]:
        """
        All server descriptors that Tor has.

        :param verify: see the class. It gives those that the consensus lists.
        :raises DocumentUnavailable: Tor has none.
        :raises DocumentError: one cannot be read, or must not be believed.
        """
        consensus = await self._control.believed(verify, "ns", now)
        return await self._descriptors.all_servers(consensus, moment(now))

    @deferred
    async def get_microdescriptor(
        self,
        relay: str | None = None,
        *,
        digest: str | bytes | None = None,
        verify: Verify = False,
        now: datetime | None = None,
    ) -> Microdescriptor:
        """
        The microdescriptor of a relay.

        A microdescriptor does not say whose it is. Unless it is verified, or asked for by its digest, that it is of the relay is
        Tor's word.

        :param relay: its fingerprint, nickname or Ed25519 identity; see the class.
        :param digest: instead: the microdescriptor's digest, 32 bytes or in base64, as a consensus of the flavour microdesc lists
            it. All that Tor has are looked through.
        :param verify: see the class.
        :raises DocumentUnavailable: Tor does not have it.
        :raises DocumentError: it cannot be read, or must not be believed.
        :raises InvalidArgument: not one of ``relay`` and ``digest`` was given, or it is none.
        """
        name = _one_of(relay, digest)
        consensus = await self._control.believed(verify, "microdesc", now)
        if name is None:
            assert digest is not None  # one of both was given
            return await self._descriptors.micro_by_digest(digest, consensus)
        return await self._descriptors.micro(await self._find(name), consensus)

    @deferred
    async def get_microdescriptors(
        self, *, verify: Verify = False, now: datetime | None = None
    ) -> tuple[Microdescriptor, ...]:
        """
        All microdescriptors that Tor has. Each is read when it is looked at, and may turn out malformed then.

        :param verify: see the class. It gives those that the consensus lists.
        :raises DocumentUnavailable: Tor has none.
        """
        consensus = await self._control.believed(verify, "microdesc", now)
        return await self._descriptors.all_micros(consensus)

    @deferred
    async def get_extra_info(
        self, relay: str | None = None, *, digest: str | None = None, verify: Verify = False, now: datetime | None = None
    ) -> ExtraInfo:
        """
        The extra-info of a relay.

        :param relay: its fingerprint, nickname or Ed25519 identity; its server descriptor is asked for first, which names the
            extra-info.
        :param digest: instead: the extra-info's digest, 40 hexadecimal digits.
        :param verify: see the class. The server descriptor is verified, and the extra-info with it.
        :raises DocumentUnavailable: Tor does not have it; the error tells the option.
        :raises DocumentError: it cannot be read, is not what was asked for, or must not be believed.
        :raises InvalidArgument: not one of ``relay`` and ``digest`` was given, or it is none.
        """
        name = _one_of(relay, digest)
        consensus = await self._control.believed(verify, "ns", now)
        if name is not None:
            descriptor = await self._descriptors.server(await self._find(name), consensus, moment(now))
            if descriptor.extra_info_digest is None:
                raise DocumentUnavailable(250, f"the server descriptor of {relay} names no extra-info", "GETINFO")
            return await self._descriptors.extra_of(descriptor, moment(now) if consensus is not None else None)
        extra_info = await self._descriptors.extra_by_digest(str(digest))
        if consensus is not None:
            name = RelayName.parse(extra_info.fingerprint)
            extra_info.verify(await self._descriptors.server(name, consensus, moment(now)), now=moment(now))
        return extra_info


def _one_of(relay: str | None, digest: str | bytes | None) -> RelayName | None:
    """
    The relay that was named; ``None`` where a digest was given instead.

    :raises InvalidArgument: neither or both were.
    """
    if (relay is None) == (digest is None):
        raise InvalidArgument("Name a relay or give a digest, one of both.")
    return None if relay is None else RelayName.parse(relay)
