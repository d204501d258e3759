# -*- test-case-name: txtor.test.onion.test_service -*-
"""
Onion services that Tor keeps no files of: they live as long as the control connection, unless they are detached.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor.commands import AddOnionReply, DelOnion
from txtor.control import TorControlProtocol
from txtor.errors import (
    Disconnected,
    InvalidArgument,
    ProtocolViolation,
    UnrecognizedEntity,
)

from ._address import OnionAddress
from ._asking import HasProtocol, add_onion, close_rendezvous, forget_onion, gone_already, protocol_of
from ._client_keys import ClientAuthPublicKey
from ._deadline import Deadline
from ._followed import FollowedService
from ._moment import Now, utc_now
from ._ports import OnionPort, ServicePort, Targets, parse_ports
from ._publication import PublicationReport, WaitFor
from ._terms import PUBLICATION_SECONDS, Clients, OnionTerms, PrivateKey, ProgressListener, listeners_of
from ._turns import Turn
from ._watch import PublicationWatch

_log = Logger()


class EphemeralOnionService(FollowedService):
    """
    A running onion service; `create` makes one.

    :ivar address: its address.
    :ivar ports: the virtual ports and their targets, as ``"80 127.0.0.1:8080"``.
    :ivar version: 3.
    :ivar detached: whether it outlives the control connection.
    :ivar clients: the public keys of the clients that are let in; none where everybody is.
    :ivar protocol: the control connection.
    """

    version = 3

    def __init__(self, protocol: TorControlProtocol, terms: OnionTerms, targets: Targets, reply: AddOnionReply, now: Now) -> None:
        """
        Not for programs: `create` makes one.
        """
        self.protocol = protocol
        self.address = OnionAddress.parse(reply.service_id)
        self.ports = tuple(str(port) for port in targets.ports)
        self.detached = bool(terms.detach)
        self.clients: tuple[ClientAuthPublicKey, ...] = terms.public_keys
        self._private_key = terms.key.blob if terms.key is not None else reply.private_key
        self._terms = terms
        self._targets = targets
        self._now = now
        self._lock = DeferredLock()
        self._removed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.hostname} {', '.join(self.ports)}>"

    @property
    def private_key(self) -> str | None:
        """
        The key, as ``"ED25519-V3:..."``, with which the service can be had again; ``None`` where it was discarded.
        """
        return self._private_key

    @property
    def terms_again(self) -> OnionTerms:
        """
        With which another Tor makes it again: with its key, and the clients of now. It is not waited for.
        """
        return replace(
            self._terms,
            private_key=self._private_key,
            clients=self.clients or None,
            wait=WaitFor.NONE,
            await_all_uploads=False,
        )

    @classmethod
    @deferred
    async def create(  # noqa: PLR0917  # the order that programs know from txtorcon
        cls,
        reactor: IReactorTime,
        tor: TorControlProtocol | HasProtocol,
        ports: ServicePort | Iterable[ServicePort],
        detach: bool | None = None,
        private_key: PrivateKey = None,
        version: int = 3,
        progress: ProgressListener | None = None,
        await_all_uploads: bool = False,
        single_hop: bool | None = None,
        **more: Any,
    ) -> EphemeralOnionService:
        """
        Make a service; see `txtor.Tor.create_onion_service`, which has the same arguments.

        :param reactor: for listening, where a target is a factory, and as a clock.
        :param tor: a `txtor.Tor`, or a control connection.
        :param more: the other arguments.
        """
        terms = OnionTerms(private_key, version, progress, await_all_uploads, single_hop, detach, **more)
        return await create_service(cls, reactor, protocol_of(tor), parse_ports(ports), terms)

    # -- while it runs ---------------------------------------------------------------------------------------------------

    def set_clients(self, clients: Clients | None, timeout: float | None = PUBLICATION_SECONDS) -> Deferred[PublicationReport]:
        """
        Let in other clients from now on. One that is no longer there has lost access.

        Tor changes no service: this one ends and begins anew with its key, so that open connections end, and it is out of reach
        until it is published again.

        :param clients: as `txtor.Tor.create_onion_service` takes them; ``None`` lets in everybody.
        :return: fires when it is published again.
        :raises InvalidArgument: a key is none, the list is empty, or the service's own key was discarded.
        :raises OnionPublishError: it was not published in time. It goes on nevertheless.
        :raises TorRefused: Tor does not take it again: the service is gone.
        """
        return self._lock.run(self._set_clients, clients, timeout)

    @deferred
    async def _set_clients(self, clients: Clients | None, timeout: float | None) -> PublicationReport:
        terms = replace(self._terms, private_key=self._key("given other clients"), clients=clients, timeout=timeout)
        command = terms.command(self._targets.ports)
        watch = PublicationWatch(self._watch.clock, self.protocol, terms.wished, self._watch.listeners, self._now)
        await watch.start()
        self._watch.stop("Its clients were changed.")
        self._watch = watch
        ended = self.protocol.send(DelOnion(self.address.bare))
        ended.addErrback(gone_already).addCallback(lambda _: watch.forget_early())
        try:
            await add_onion(self.protocol, command)
        except BaseException:
            self._removed = True
            watch.stop("Tor did not take the service again.")
            await self._targets.close()
            raise
        watch.named(self.address)
        self.clients = terms.public_keys
        await close_rendezvous(self.protocol, self.address)
        if timeout is not None:
            watch.expire_in(timeout)
        return await watch.when_published()

    def _key(self, purpose: str) -> str:
        if self._removed:
            raise InvalidArgument(f"{self.hostname} has been removed.")
        if self._private_key is None:
            raise InvalidArgument(f"The key of {self.hostname} was discarded: it cannot be {purpose}.")
        return self._private_key

    def move_to(
        self,
        tor: TorControlProtocol | HasProtocol,
        wait: WaitFor | str = WaitFor.ALL,
        timeout: float | None = PUBLICATION_SECONDS,
    ) -> Deferred[EphemeralOnionService]:
        """
        Let another Tor have the service, with the same key, targets, options and clients. It is published there before it ends
        here. If anything goes wrong it stays here.

        Open connections end. Whoever looks the service up now comes to the other Tor. The Tor of a client that looked it up
        before tries the old way until it has found it closed, which took from 3 seconds to 3 minutes on a network where all are
        near; ``SIGNAL NEWNYM`` makes it forget the way at once.

        :param tor: another Tor, that can connect to the same targets: `txtor.Tor`, or its control connection.
        :param wait: what is waited for before it ends here. A directory that still has the descriptor of before sends clients
            here, so that it is best to wait for all.
        :param timeout: seconds that the new publication may take, or ``None`` for no limit.
        :return: the service on the other Tor. This one is removed.
        :raises InvalidArgument: its key was discarded, or it has been removed.
        :raises OnionAddressCollision: it is the same Tor, or it runs there already.
        :raises OnionPublishError: it was not published from there, or not in time.
        :raises TorRefused: the other Tor does not take it, or this one does not end it.
        """
        return self._lock.run(self._move_to, protocol_of(tor), wait, timeout)

    @deferred
    async def _move_to(
        self, protocol: TorControlProtocol, wait: WaitFor | str, timeout: float | None
    ) -> EphemeralOnionService:
        key, clients = self._key("moved"), self.clients or None
        terms = replace(
            self._terms, private_key=key, clients=clients, wait=wait, await_all_uploads=False, timeout=timeout
        )
        await self._watch.until_newer()
        moved = await create_service(type(self), self._watch.clock, protocol, self._targets.ports, terms, now=self._now)
        moved._watch.listeners = list(self._watch.listeners)
        try:
            await self._end()
            await close_rendezvous(self.protocol, self.address)
        except BaseException:
            await moved.remove()
            raise
        moved._targets.take_over(self._targets)
        self._watch.stop("The service was moved to another Tor.")
        return moved

    def remove(self) -> Deferred[None]:
        """
        End the service, and what listens behind it because a factory was given. Connections that are open go on until they end.

        This may be called again, and when the connection to Tor has gone, which ends a service that is not detached.

        A Tor that ends a circuit of the service before its first relay has answered takes that guard for unreachable, and may
        have all its circuits wait for a minute then: do not remove a service in the moment in which it was made.

        :raises Disconnected: it is detached and there is no connection: it goes on.
        """
        return self._lock.run(self._remove)

    @deferred
    async def _remove(self) -> None:
        self._watch.stop()
        await self._targets.close()
        if not self._removed:
            await self._end()

    async def _end(self) -> None:
        try:
            await self.protocol.send(DelOnion(self.address.bare))
        except UnrecognizedEntity:
            pass  # somebody else has removed it
        except Disconnected:
            if self.detached:
                raise
        self._removed = True


async def create_service(
    kind: type[EphemeralOnionService],
    reactor: IReactorTime,
    protocol: TorControlProtocol,
    ports: tuple[OnionPort, ...],
    terms: OnionTerms,
    *,
    now: Now = utc_now,
) -> EphemeralOnionService:
    """
    Make a service and wait for it as was wished. Whatever goes wrong, and if it is cancelled, nothing of it is left.
    """
    terms = terms.resolved()
    terms.command(ports)  # what cannot be said is told before anything listens
    deadline = Deadline(reactor, terms.timeout)
    targets = Targets(reactor)
    watch = PublicationWatch(reactor, protocol, terms.wished, listeners_of(terms.progress), now)
    turn = Turn(protocol)
    service = None
    try:
        if terms.wished is not WaitFor.NONE:
            await deadline.limit(turn.take(), "ADD_ONION (other services are being published)")
        await targets.open(ports)
        await deadline.limit(watch.start(), "SETEVENTS")
        reply = await deadline.limit(add_onion(protocol, terms.command(targets.ports)), "ADD_ONION")
        service = kind(protocol, terms, targets, reply, now)
        service._watch = watch
        if terms.key is not None and service.address != terms.key.address:
            raise ProtocolViolation(f"Tor gave the key of {terms.key.address} the address {service.address}.")
        watch.named(service.address)
        if terms.wished is not WaitFor.NONE:
            deadline.then(watch.expire_in)
            await watch.when_published()
        return service
    except BaseException:  # whatever stopped it, nothing of it may stay
        watch.stop()
        if service is not None:
            forget_onion(protocol, service.address.bare)
        await targets.close()
        raise
    finally:
        turn.give_back()
