# -*- test-case-name: txtor.test.test_tor_onion -*-
"""
What a `Tor` does with onion services. All of it is delegated to `txtor.onion`, which is imported when it is first used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from txtor._deferred import deferred
from txtor.control import TorControlProtocol

if TYPE_CHECKING:
    from txtor.onion import Clients, EphemeralOnionService, PrivateKey, ProgressListener, ServicePort, WaitFor


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
        timeout: float | None = 120.0,
    ) -> EphemeralOnionService:
        """
        Make an onion service, which lives as long as this connection, and wait until it can be reached.

        Whatever goes wrong, and if this is cancelled, nothing stays behind: no service, no listener, no open port.

        :param ports: one or more. Each is a virtual port, which leads to the same port of 127.0.0.1; or a pair of one and its
            target; or both in a text, as ``"80 127.0.0.1:8080"``. A target is a port of 127.0.0.1, ``"address:port"``,
            ``"[::1]:80"``, ``"unix:/path"``, a listening port of Twisted, or a factory, for which a port of 127.0.0.1 is opened.
        :param private_key: a key, so that the address is that of the key: an `txtor.onion.OnionKey` or its
            ``"ED25519-V3:..."``. `DISCARD`: Tor makes one and tells it to nobody. By default a new one, which is then
            ``private_key`` of the service.
        :param version: 3.
        :param progress: is called with percent, a word and a sentence for each step of the publication.
        :param await_all_uploads: the same as ``wait="all"``.
        :param single_hop: a single onion service, which does not hide where it is; Tor must be configured for it.
        :param detach: let it outlive this connection.
        :param max_streams: how many streams one circuit may have, 0 to 65535; 0 is no limit.
        :param max_streams_close_circuit: close circuits that exceed it, instead of refusing the stream.
        :param pow_enabled: whether clients must work when the service is busy. This, and the next two, since Tor 0.4.9.2.
        :param pow_queue_rate: introductions a second.
        :param pow_queue_burst: how many introductions may come at once.
        :param clients: the public keys of the clients that are let in, or a mapping of names to them; ``None`` lets in everybody.
        :param wait: ``"first"``: until one directory has the descriptor that clients ask for; ``"majority"``; ``"all"``: until
            all of them have it; ``"none"``: until Tor has taken the service, whose address is then known
            (`EphemeralOnionService.when_published` waits later). What has not come from a directory is not taken for success.
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
