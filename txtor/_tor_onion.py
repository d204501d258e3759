# -*- test-case-name: txtor.test.onion.test_service -*-
"""
What a `Tor` does with onion services. All of it is delegated to `txtor.onion`, which is imported when it is first used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, succeed

from txtor._deferred import deferred
from txtor.control import TorControlProtocol

if TYPE_CHECKING:
    from txtor.commands import Value
    from txtor.onion import (
        AnyClientKey,
        ClientAuthPublicKey,
        Clients,
        DescriptorReport,
        DescriptorSlots,
        DiskTerms,
        EphemeralOnionService,
        FilesystemOnionService,
        Fronts,
        ListedOnionService,
        Local,
        OnionAddress,
        OnionAuthentication,
        OnionDescriptor,
        OnionDescriptorContent,
        OnionTerms,
        PrivateKey,
        ProgressListener,
        ServicePort,
        TorOnionEndpoint,
        WaitFor,
    )


class OnionMethods:
    """
    The methods of `Tor` for onion services.

    :ivar protocol: the control connection.
    """

    protocol: TorControlProtocol
    _reactor: Any

    @deferred
    async def create_onion_service(  # noqa: PLR0917  # the order that programs know from txtorcon
        self,
        ports: ServicePort | Iterable[ServicePort],
        private_key: PrivateKey = None,
        version: int = 3,
        progress: ProgressListener | None = None,
        await_all_uploads: bool = False,
        single_hop: bool | None = None,
        detach: bool | None = None,
        *,
        max_streams: int | None = None,
        max_streams_close_circuit: bool = False,
        pow_enabled: bool | None = None,
        pow_queue_rate: int | None = None,
        pow_queue_burst: int | None = None,
        clients: Clients | None = None,
        wait: WaitFor | str | None = None,
        timeout: float | None = 180.0,
    ) -> EphemeralOnionService:
        """
        Make an onion service, which lives as long as this connection, and wait until it can be reached.

        Whatever goes wrong, and if this is cancelled, nothing stays behind: no service, no listener, no open port. Four services
        of a connection are published at a time, and the others wait for their turn, since Tor drops uploads when it has too many;
        those with ``wait="none"`` take no turns.

        :param ports: one or more. Each is a virtual port, which leads to the same port of 127.0.0.1; or a pair of one and its
            target; or both in a text, as ``"80 127.0.0.1:8080"``. A target is a port of 127.0.0.1, ``"address:port"``,
            ``"[::1]:80"``, ``"unix:/path"``, a listening port of Twisted, or a factory, for which a port of 127.0.0.1 is opened.
        :param private_key: a key, so that the address is that of the key: an `txtor.onion.OnionKey` or its
            ``"ED25519-V3:..."``. `DISCARD`: Tor makes one and tells it to nobody. By default a new one, which is then
            ``private_key`` of the service.
        :param version: 3.
        :param progress: is called with percent, a word and a sentence for each step of this publication and later ones; see
            `EphemeralOnionService.add_progress_listener`.
        :param await_all_uploads: the same as ``wait="all"``.
        :param single_hop: a single onion service, which does not hide where it is; Tor must be configured for it
            (``launch(non_anonymous_mode=True)``), and then takes no other. Tor 0.4.9.11 builds its circuits all the same as for
            any other; one with files it really reaches in one hop.
        :param detach: let it outlive this connection.
        :param max_streams: how many streams one circuit may have, 0 to 65535; 0 is no limit.
        :param max_streams_close_circuit: close circuits that exceed it, instead of refusing the stream.
        :param pow_enabled: whether clients must work when the service is busy. This, and the next two, since Tor 0.4.9.2.
        :param pow_queue_rate: introductions a second.
        :param pow_queue_burst: how many introductions may come at once.
        :param clients: the public keys of the clients that are let in, or a mapping of names to them; ``None`` lets in everybody.
        :param wait: ``"first"``: until one directory has the descriptor that clients ask for; ``"replicas"``: one in each of its
            places on the hash ring; ``"majority"``; ``"all"``: until all of them have it; ``"none"``: until Tor has taken the
            service, whose address is then known (`EphemeralOnionService.when_published` waits later). What has not come from a
            directory is not taken for success.
        :param timeout: seconds that all of it may take, or ``None`` for no limit.
        :return: the service.
        :raises InvalidArgument: a port, target, key or client cannot be; nothing was asked of Tor.
        :raises OnionAddressCollision: this Tor runs the service of this key already.
        :raises TorRefused: Tor does not take it, as one that is single hop while Tor is not.
        :raises OnionPublishError: no directory took the descriptor, or not in time; the error says what each answered.
        :raises CommandTimeout: Tor did not answer in time.
        :raises Disconnected: the connection went away.

        See control-spec 3.27, ADD_ONION, and 4.1.25, HS_DESC.
        """
        from txtor.onion import EphemeralOnionService

        return await EphemeralOnionService.create(
            self._reactor,
            self.protocol,
            ports,
            detach,
            private_key,
            version,
            progress,
            await_all_uploads,
            single_hop,
            max_streams=max_streams,
            max_streams_close_circuit=max_streams_close_circuit,
            pow_enabled=pow_enabled,
            pow_queue_rate=pow_queue_rate,
            pow_queue_burst=pow_queue_burst,
            clients=clients,
            wait=wait,
            timeout=timeout,
        )

    @deferred
    async def create_filesystem_onion_service(  # noqa: PLR0917  # the order that programs know from txtorcon
        self,
        ports: ServicePort | Iterable[ServicePort],
        onion_service_dir: str | os.PathLike[str],
        version: int = 3,
        group_readable: bool = False,
        progress: ProgressListener | None = None,
        await_all_uploads: bool = False,
        *,
        clients: Mapping[str, ClientAuthPublicKey | str] | None = None,
        max_streams: int | None = None,
        max_streams_close_circuit: bool | None = None,
        introduction_points: int | None = None,
        intro_dos_defense: bool | None = None,
        intro_dos_rate: int | None = None,
        intro_dos_burst: int | None = None,
        pow_enabled: bool | None = None,
        pow_queue_rate: int | None = None,
        pow_queue_burst: int | None = None,
        options: Mapping[str, Value] | None = None,
        balanced_for: Fronts | None = None,
        wait: WaitFor | str | None = None,
        timeout: float | None = 180.0,
    ) -> FilesystemOnionService:
        """
        Make an onion service of which Tor keeps the keys in a directory. It stays until Tor ends or it is removed, and in
        Tor's torrc if the configuration is saved. All other services stay as they are.

        :param ports: as `create_onion_service` has them.
        :param onion_service_dir: an absolute path, which this program and Tor see alike. Its parent must exist. Where the
            directory has keys they are used. A service that Tor has of it is replaced; it is not waited for.
        :param group_readable: let the group read the host name, never the key.
        :param clients: names and public keys of the clients that are let in; ``None`` leaves the files as they are.
        :param introduction_points: on how many relays clients find the service, 3 to 20; by default 3.
        :param intro_dos_defense: have the introduction points let in no more clients than the next two say.
        :param intro_dos_rate: introductions a second, of each point; by default 25.
        :param intro_dos_burst: how many may come at once; by default 200.
        :param options: further options of torrc, as ``{"HiddenServiceExportCircuitID": "haproxy"}``. A list gives one several
            lines.
        :param balanced_for: the address of a front end, or several: the service is a back end of Onionbalance, or of
            `txtor.balance.OnionBalancer`, and answers whoever comes by the front end's descriptor. Written to ``ob_config``.
        :return: the service. The other arguments are those of `create_onion_service`; here all Tors take those of proof of
            work that were built with it, since 0.4.8.1. An argument that is ``None`` leaves Tor's default.
        :raises OnionKeyFileUnusable: Tor would not survive the directory, or overwrite a key: it was not told.
        :raises InvalidArgument: an argument cannot be; nothing was asked of Tor.
        :raises TorRefused: Tor does not take it: its log says why.
        :raises OnionPublishError: no directory took the descriptor, or not in time.

        See tor(1), HIDDEN SERVICE OPTIONS.
        """
        from txtor.onion import FilesystemOnionService

        return await FilesystemOnionService.create(
            self._reactor,
            self.protocol,
            onion_service_dir,
            ports,
            version,
            group_readable,
            progress,
            await_all_uploads,
            clients=clients,
            max_streams=max_streams,
            max_streams_close_circuit=max_streams_close_circuit,
            introduction_points=introduction_points,
            intro_dos_defense=intro_dos_defense,
            intro_dos_rate=intro_dos_rate,
            intro_dos_burst=intro_dos_burst,
            pow_enabled=pow_enabled,
            pow_queue_rate=pow_queue_rate,
            pow_queue_burst=pow_queue_burst,
            options=options,
            balanced_for=balanced_for,
            wait=wait,
            timeout=timeout,
        )

    @deferred
    async def onion_services(self) -> Sequence[ListedOnionService]:
        """
        The services without files that this connection can remove: its own, and those that are detached, whoever made them.

        Tor tells nobody of those of other connections. Services with files are in the configuration:
        `TorConfig.HiddenServices`.

        See control-spec 3.9, GETINFO ``onions/current`` and ``onions/detached``.
        """
        from txtor.onion import list_services

        return await list_services(self.protocol)

    # -- endpoints -----------------------------------------------------------------------------------------------------

    def create_onion_endpoint(
        self,
        port: int,
        private_key: PrivateKey = None,
        version: int = 3,
        single_hop: bool | None = None,
        *,
        local: Local = None,
        **terms: Any,
    ) -> TorOnionEndpoint:
        """
        A server endpoint that listens behind an onion service. Nothing happens before its ``listen`` is called, which gives a
        port whose ``getHost()`` has ``onion_uri`` and ``onion_port``, and whose ``stopListening()`` removes the service.

        :param port: the virtual port.
        :param local: where to listen on this machine: a port of 127.0.0.1, or an endpoint; by default any free port.
        :param terms: the other arguments of `create_onion_service`.
        :raises InvalidArgument: an argument cannot be.
        """
        from txtor.onion import OnionTerms

        return self._endpoint(port, OnionTerms(private_key, version, single_hop=single_hop, **terms), local)

    def create_filesystem_onion_endpoint(
        self,
        port: int,
        hs_dir: str | os.PathLike[str],
        group_readable: bool = False,
        version: int = 3,
        *,
        local: Local = None,
        **terms: Any,
    ) -> TorOnionEndpoint:
        """
        The same with a service of which Tor keeps the keys in a directory.

        :param hs_dir: the directory.
        :param terms: the other arguments of `create_filesystem_onion_service`.
        :raises InvalidArgument: an argument cannot be.
        """
        from txtor.onion import DiskTerms

        return self._endpoint(port, DiskTerms(hs_dir, version, group_readable, **terms), local)

    def _endpoint(self, port: int, terms: OnionTerms | DiskTerms, local: Local) -> TorOnionEndpoint:
        from txtor.onion import KeptTor, TorOnionEndpoint

        return TorOnionEndpoint(self._reactor, lambda: succeed(KeptTor(self.protocol)), port, terms, local)

    # -- client authorization ------------------------------------------------------------------------------------------

    def onion_authentication(
        self,
        address: OnionAddress | str,
        key: AnyClientKey | None = None,
        *,
        name: str | None = None,
        permanent: bool = False,
    ) -> OnionAuthentication:
        """
        The key with which an onion service lets us in. Nothing is sent yet: its methods are ``add()`` and ``remove()``, and as
        an asynchronous context manager it does both.

        :param address: the service's.
        :param key: our secret key: a `txtor.onion.ClientAuthKey`, or its base64 or base32. Not needed to remove it.
        :param name: what Tor calls it, at most 16 bytes.
        :param permanent: have Tor keep it on disk, which needs ClientOnionAuthDir in torrc.
        :raises InvalidArgument: the address, the key or the name cannot be. No error holds anything of the key.

        See control-spec 3.30 and 3.31.
        """
        from txtor.onion import OnionAuthentication

        return OnionAuthentication(self.protocol, address, key, name, permanent)

    @deferred
    async def onion_authentications(self, address: OnionAddress | str | None = None) -> Sequence[OnionAuthentication]:
        """
        The keys with which onion services let this Tor in.

        :param address: of one service; ``None`` for all.

        See control-spec 3.32, ONION_CLIENT_AUTH_VIEW.
        """
        from txtor.onion import list_authentications

        return await list_authentications(self.protocol, address)

    # -- descriptors ---------------------------------------------------------------------------------------------------

    @deferred
    async def get_onion_descriptor(
        self,
        address: OnionAddress | str,
        client_key: AnyClientKey | None = None,
        *,
        servers: Sequence[str] = (),
        timeout: float | None = 60.0,
    ) -> OnionDescriptorContent:
        """
        Fetch the descriptor of an onion service, verify and open it.

        :param client_key: with which the service lets us in, where it chooses its clients.
        :param servers: relays to ask in place of those that are responsible, each a fingerprint or nickname. Tor asks a
            responsible one once in 15 minutes only; these it asks always.
        :param timeout: seconds that it may take, or ``None``; then a Tor that is silent is waited for without end.
        :return: all of it, with the introduction points.
        :raises OnionFetchError: no directory gave it, or not in time; the error says what each answered.
        :raises ClientAuthorizationNeeded: the service lets in certain clients only, and no key was given.
        :raises ClientKeyNotAccepted: the key is not among them, or no longer.
        :raises DocumentError: it is malformed, or a signature, the certificate, the address or the time is wrong.
        :raises InvalidArgument: the address or a relay is none; nothing was sent.
        :raises TorRefused: Tor does not know one of the relays.

        See control-spec 3.26, HSFETCH, and rend-spec-v3, "Hidden service descriptors".
        """
        from txtor.onion import DescriptorRequest, get_onion_descriptor

        request = DescriptorRequest(address, servers, timeout)
        return await get_onion_descriptor(self._reactor, self.protocol, request, client_key)

    def onion_descriptor_slots(self) -> Deferred[DescriptorSlots]:
        """
        Which two descriptors every onion service has to publish now, as this Tor sees it: for
        `txtor.onion.make_onion_descriptor`.

        :raises TorRefused: Tor has no consensus.

        See rend-spec-v3, "When to upload descriptors".
        """
        from txtor.onion import current_slots

        return current_slots(self.protocol)

    @deferred
    async def post_onion_descriptor(
        self,
        descriptor: OnionDescriptor | bytes,
        address: OnionAddress | str,
        *,
        servers: Sequence[str] = (),
        timeout: float | None = 60.0,
    ) -> DescriptorReport:
        """
        Give directories the descriptor of an onion service, as one that `txtor.onion.make_onion_descriptor` made.

        :param address: the service's, of which this must be a descriptor for the current time period or one beside it.
        :param servers: relays to give it to, each a fingerprint or nickname; by default Tor chooses those that are responsible.
            Tor does not say which they are, so that the answers are waited for until none comes for two seconds.
        :param timeout: seconds that it may take, or ``None``.
        :return: which directories took it, which did not, and which have not answered.
        :raises OnionPublishError: none took it; the error says what each answered.
        :raises InvalidDescriptor: Tor finds it wrong.
        :raises DocumentError: it is malformed.
        :raises InvalidArgument: the address is none, or the descriptor is not its.

        See control-spec 3.29, HSPOST.
        """
        from txtor.onion import DescriptorRequest, post_onion_descriptor

        request = DescriptorRequest(address, servers, timeout)
        return await post_onion_descriptor(self._reactor, self.protocol, descriptor, request)
