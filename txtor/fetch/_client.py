# -*- test-case-name: txtor.test.fetch.test_client -*-
"""
Documents from directory servers, over HTTP: straight, through a Tor, over one circuit, or by whatever an endpoint leads through.

A server may send what it likes. What it sends is bounded in size and time, and only what was asked for is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from txtor._deferred import deferred
from txtor.directory import (
    DOWNLOAD_LIMITS,
    USABLE,
    Authorities,
    Consensus,
    DirectoryAuthority,
    DirectoryQuery,
    Document,
    KeyCertificate,
    Limits,
)
from txtor.errors import (
    DirectoryServerError,
    DirectoryUnavailable,
    InvalidArgument,
    ProtocolViolation,
    TorError,
)
from txtor.grammar import format_address_port, parse_address_port
from txtor.socks import parse_target

from ._answer import Answered, UselessDiff, read_answer
from ._exchange import exchange
from ._gathered import Fetched, Gathered
from ._response import ResponseReader, format_request
from ._signers import certificates_for

#: A directory server: ``"address:port"``, an address and a port, an authority, or an endpoint.
Server: TypeAlias = "str | tuple[str, int] | DirectoryAuthority | IStreamClientEndpoint"
#: From a host and a port to an endpoint, as ``tor.stream_via``.
Through: TypeAlias = Callable[[str, int], IStreamClientEndpoint]

#: Raises an error where a document must not be believed.
Believe: TypeAlias = Callable[[Document], Awaitable[None]]

_Server = tuple[str, IStreamClientEndpoint]
_MOST_SERVERS = 256


class DirectoryClient:
    """
    Asks directory servers, one after another until all is there. Who failed is asked last the next time.
    """

    def __init__(
        self,
        reactor: Any,
        servers: Server | Iterable[Server],
        *,
        through: Through | None = None,
        timeout: float = 60.0,
        limits: Limits = DOWNLOAD_LIMITS,
    ) -> None:
        """
        :param reactor: for time, and for connections unless ``through`` makes them.
        :param servers: one or more: ``"address:port"``, a pair of both, a `txtor.directory.DirectoryAuthority`, or an endpoint.
        :param through: makes the endpoint for a host and a port, as ``tor.stream_via`` does. By default connections are straight.
        :param timeout: seconds that one server may take for everything.
        :param limits: what may come; by default what tor takes.
        :raises InvalidArgument: there is no server, one is none, or the time is not more than 0.
        """
        if not timeout > 0:
            raise InvalidArgument(f"A timeout is more than 0 seconds, not {timeout!r:.40}.")
        self._reactor: IReactorTime = reactor
        connect: Through = through if through is not None else lambda host, port: HostnameEndpoint(reactor, host, port)
        self._servers = deque(_server(each, connect) for each in _several(servers))
        if not 1 <= len(self._servers) <= _MOST_SERVERS:
            raise InvalidArgument(f"{len(self._servers)} directory servers, where 1 to {_MOST_SERVERS} are possible.")
        self._timeout = timeout
        self._limits = limits

    def __repr__(self) -> str:
        return f"<DirectoryClient of {', '.join(name for name, _ in self._servers)}>"

    @deferred
    async def fetch(self, query: DirectoryQuery) -> Fetched:
        """
        Ask for documents: one server after another, until all that were asked for are there.

        Cancelling closes the connection.

        :param query: for what.
        :return: the documents, what is missing of them, and what else there is to tell.
        :raises DirectoryUnavailable: no server sent anything that was asked for; it says for each why.
        :raises InvalidArgument: the query's path cannot be sent.

        See dir-spec 6 and appendix B.
        """
        return await self._fetch(query)

    async def _fetch(self, query: DirectoryQuery, believe: Believe | None = None) -> Fetched:
        """
        Ask one server after another.

        :param believe: raises where a document must not be believed; the server is then passed over.
        """
        format_request(query.path(), "", query.headers())  # a path that cannot be sent is the caller's mistake, and no server's
        gathered = Gathered(query)
        for server in tuple(self._servers):
            name = server[0]
            try:
                answered = await self._ask(server, query, gathered)
                if believe is not None:
                    for document in query.accept(answered.documents).matched:
                        await believe(document)
                gathered.take(name, answered)
            except (ConnectError, ConnectionClosed, OSError) as error:
                gathered.fail(name, DirectoryServerError(f"no connection, or it was lost: {error}"))
            except DeferredTimeout:
                gathered.fail(name, DirectoryServerError(f"no complete answer within {self._timeout:g} s"))
            except TorError as error:
                gathered.fail(name, error)
            if gathered.is_complete:
                break
            self._servers.remove(server)
            self._servers.append(server)
        return gathered.result()

    @deferred
    async def get_consensus(
        self,
        flavour: str = "microdesc",
        *,
        base: Consensus | None = None,
        authorities: Authorities | None = None,
        certificates: Iterable[KeyCertificate] | None = None,
        now: datetime | None = None,
        grace: timedelta = USABLE,
    ) -> Consensus:
        """
        The newest consensus, verified where it is said by whom it must be signed. A server whose consensus must not be believed
        is passed over.

        :param flavour: ``"microdesc"`` or ``"ns"``.
        :param base: one that is held already: servers that keep it as well send only what has changed since, and where it is
            the newest it is what comes. See `DirectoryQuery.consensus`.
        :param authorities: those that count: more than half of them must have signed. ``None`` verifies nothing.
        :param certificates: their key certificates. By default those that are needed are asked for as well.
        :param now: the time at which it must be in force. By default that of this machine.
        :param grace: how long before and after its time it is still taken. By default as long as Tor makes do with one.
        :raises DirectoryUnavailable: no server sent one, or any of the certificates.
        :raises VerificationFailed: none that was sent is to be believed, or they are older than the base; why, of the first.
        :raises MissingCertificates: likewise, too few signatures could be checked.
        :raises InvalidArgument: there is no such flavour, or the base is of another one.
        """
        v3idents = () if authorities is None else authorities.v3idents
        query = DirectoryQuery.consensus(flavour, v3idents, base=base)
        doubts: list[TorError] = []

        async def believe(document: Document) -> None:
            assert isinstance(document, Consensus) and authorities is not None
            try:
                held = await self._certificates(document, authorities) if certificates is None else certificates
                moment = datetime.now(timezone.utc) if now is None else now
                document.verify(authorities, held, now=moment, flavour=flavour, grace=grace, previous=base)
            except TorError as error:
                doubts.append(error)
                raise

        try:
            found = await self._fetch(query, None if authorities is None else believe)
        except DirectoryUnavailable as unavailable:
            if doubts:
                raise doubts[0] from unavailable
            raise
        consensus: Consensus = found.matched[0]
        return consensus

    async def _certificates(self, consensus: Consensus, authorities: Authorities) -> Iterable[KeyCertificate]:
        """
        Ask for the key certificates that a consensus is verified with.
        """
        wanted = certificates_for(consensus, authorities)
        return () if wanted is None else (await self.fetch(wanted)).matched

    async def _ask(self, server: _Server, query: DirectoryQuery, gathered: Gathered) -> Answered:
        """
        Ask one server; once more, for the whole, where it sent a difference that leads nowhere.
        """
        end = self._reactor.seconds() + self._timeout
        try:
            return await self._ask_once(server, query, query.base, end)
        except UselessDiff as useless:
            gathered.broken.append(useless.reason)
            return await self._ask_once(server, query, None, end)

    async def _ask_once(self, server: _Server, query: DirectoryQuery, base: Consensus | None, end: float) -> Answered:
        """
        One request and its answer.

        :param base: of which the server is told that it is held.
        :param end: when the answer must be there.
        """
        name, endpoint = server
        reader = ResponseReader(self._limits)
        request = format_request(query.path(), name, query.headers() if base is not None else ())
        waiting = Deferred.fromCoroutine(exchange(endpoint, request, reader))
        await waiting.addTimeout(max(end - self._reactor.seconds(), 0), self._reactor)
        return await read_answer(self._reactor, reader, base, self._limits, name)


def _several(servers: Server | Iterable[Server]) -> Iterable[Any]:
    """
    Servers, where one may stand for itself.
    """
    is_pair = isinstance(servers, tuple) and len(servers) == 2 and isinstance(servers[1], int)
    if is_pair or isinstance(servers, (str, DirectoryAuthority)) or IStreamClientEndpoint.providedBy(servers):
        return [servers]
    if not isinstance(servers, Iterable):
        raise InvalidArgument(f"Not a directory server: {servers!r:.80}")
    return servers


def _server(server: Server, connect: Through) -> _Server:
    """
    The name of a server, and the endpoint that leads to it.
    """
    if IStreamClientEndpoint.providedBy(server):
        return "directory", server
    if isinstance(server, DirectoryAuthority):
        host, port = server.address, server.dir_port
    elif isinstance(server, str):
        try:
            host, port = parse_address_port(server)
        except ProtocolViolation as error:
            raise InvalidArgument(f"Not a directory server: {error}") from None
    elif isinstance(server, tuple) and len(server) == 2:
        host, port = server
    else:
        raise InvalidArgument(f"Not a directory server: {server!r:.80}")
    target = parse_target(host, port)
    return format_address_port(target.host, target.port), connect(target.host, target.port)
