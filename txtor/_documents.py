# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
The directory documents that a `Tor` has. All of it is delegated to `txtor.fetch`, which is imported when it is first used.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from txtor.control import LazySocksEndpoint, TorControlProtocol

if TYPE_CHECKING:
    from txtor.directory import (
        Authorities,
        Consensus,
        ExtraInfo,
        KeyCertificate,
        Microdescriptor,
        RouterStatus,
        RouterStatuses,
        ServerDescriptor,
    )
    from txtor.fetch import DirectoryClient, Server, TorDirectory, Verify


class Documents:
    """
    The part of `txtor.Tor` that reads the directory.

    What Tor answers is always checked to be what was asked for. With ``verify=True`` the consensus is verified by the signatures
    of the authorities that Tor is configured with, whose key certificates are read from Tor's own file; and other documents by
    what that consensus lists and by their own signatures. Who asks for many verifies the consensus once and gives it as
    ``verify``. Where Tor's files cannot be read, `directory` takes a client that asks for the certificates.
    """

    _reactor: Any
    protocol: TorControlProtocol

    def directory(self, client: DirectoryClient | None = None) -> TorDirectory:
        """
        The directory as this Tor knows it, with more ways to ask than there are methods here.

        :param client: whom to ask for key certificates; see `txtor.fetch.TorDirectory`.
        """
        from txtor.fetch import TorDirectory  # all of the directory's documents come with it

        return TorDirectory(self._reactor, self.protocol, client)

    def directory_client(self, servers: Server | Iterable[Server], timeout: float = 60.0) -> DirectoryClient:
        """
        Ask directory servers through this Tor.

        Exits refuse to connect to directory authorities and other relays (since Tor 0.4.5, unless the consensus says otherwise),
        so this reaches servers that are no relays. Relays are asked straight: ``DirectoryClient(reactor, servers)``.

        :param servers: one or more; see `txtor.fetch.DirectoryClient`.
        :param timeout: seconds that one may take.
        :raises InvalidArgument: a server is none.
        """
        from txtor.fetch import DirectoryClient  # as above
        from txtor.socks import TorSocksEndpoint

        socks = LazySocksEndpoint(self._reactor, self.protocol)
        return DirectoryClient(
            self._reactor, servers, through=lambda host, port: TorSocksEndpoint(socks, host, port), timeout=timeout
        )

    def get_authorities(self) -> Deferred[Authorities]:
        """
        The directory authorities that Tor trusts; see `TorDirectory.get_authorities`.
        """
        return self.directory().get_authorities()

    def get_key_certificates(self, authorities: Iterable[str] | None = None) -> Deferred[tuple[KeyCertificate, ...]]:
        """
        Key certificates of all authorities, or of some by their identities; see `TorDirectory.get_key_certificates`.
        """
        return self.directory().get_key_certificates(authorities)

    def get_consensus(
        self, flavour: str = "microdesc", *, verify: bool = False, now: datetime | None = None
    ) -> Deferred[Consensus]:
        """
        The consensus that Tor has, of the flavour ``"microdesc"`` or ``"ns"``; see `TorDirectory.get_consensus`.
        """
        return self.directory().get_consensus(flavour, verify=verify, now=now)

    def get_network_status(self, relay: str) -> Deferred[RouterStatus]:
        """
        What the consensus says of a relay, by fingerprint, nickname or Ed25519 identity; see `TorDirectory.get_network_status`.
        """
        return self.directory().get_network_status(relay)

    def get_network_statuses(self, purpose: str | None = None) -> Deferred[RouterStatuses]:
        """
        What the consensus says of all relays, by fingerprint; see `TorDirectory.get_network_statuses`.
        """
        return self.directory().get_network_statuses(purpose)

    def get_server_descriptor(
        self, relay: str | None = None, *, digest: str | None = None, verify: Verify = False, now: datetime | None = None
    ) -> Deferred[ServerDescriptor]:
        """
        A server descriptor by fingerprint, nickname, Ed25519 identity or digest; see `TorDirectory.get_server_descriptor`.
        """
        return self.directory().get_server_descriptor(relay, digest=digest, verify=verify, now=now)

    def get_server_descriptors(
        self, *, verify: Verify = False, now: datetime | None = None
    ) -> Deferred[tuple[ServerDescriptor, ...]]:
        """
        All server descriptors that Tor has; see `TorDirectory.get_server_descriptors`.
        """
        return self.directory().get_server_descriptors(verify=verify, now=now)

    def get_microdescriptor(
        self,
        relay: str | None = None,
        *,
        digest: str | bytes | None = None,
        verify: Verify = False,
        now: datetime | None = None,
    ) -> Deferred[Microdescriptor]:
        """
        A microdescriptor by fingerprint, nickname, Ed25519 identity or digest; see `TorDirectory.get_microdescriptor`.
        """
        return self.directory().get_microdescriptor(relay, digest=digest, verify=verify, now=now)

    def get_microdescriptors(
        self, *, verify: Verify = False, now: datetime | None = None
    ) -> Deferred[tuple[Microdescriptor, ...]]:
        """
        All microdescriptors that Tor has; see `TorDirectory.get_microdescriptors`.
        """
        return self.directory().get_microdescriptors(verify=verify, now=now)

    def get_extra_info(
        self, relay: str | None = None, *, digest: str | None = None, verify: Verify = False, now: datetime | None = None
    ) -> Deferred[ExtraInfo]:
        """
        An extra-info by fingerprint, nickname, Ed25519 identity or digest; see `TorDirectory.get_extra_info`.
        """
        return self.directory().get_extra_info(relay, digest=digest, verify=verify, now=now)
