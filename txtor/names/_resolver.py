# -*- test-case-name: txtor.test.names.test_resolver -*-
"""
What twisted.names calls a resolver: for ``reactor.installResolver``, or for a DNS server that asks Tor.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.names import dns
from twisted.names.common import ResolverBase

from txtor.errors import InvalidArgument
from txtor.socks import AnyIsolation, as_endpoint, resolve, resolve_ptr

Records = tuple[list[dns.RRHeader], list[dns.RRHeader], list[dns.RRHeader]]

#: Seconds for which an answer holds: Tor does not tell, and keeps answers itself.
TTL = 0


class TorResolver(ResolverBase):
    """
    Asks Tor for addresses, and for the names of addresses, over SOCKS. Tor looks up nothing else.

    A failure is a `SocksError`, or an `InvalidArgument` for what Tor cannot look up. These are not the errors after which a
    chain of resolvers goes on to the next: a name meant for Tor would become known to others.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        socks_endpoint: IStreamClientEndpoint | str,
        isolation: AnyIsolation = None,
    ) -> None:
        """
        :param reactor: for time-outs; and for connections, if ``socks_endpoint`` is a string.
        :param socks_endpoint: where the SocksPort is: an endpoint, or its string.
        :param isolation: with which connections the look-ups may share a circuit.
        :raises InvalidArgument: an argument cannot be used.
        """
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._reactor = reactor
        self._socks_endpoint = as_endpoint(socks_endpoint, reactor)  # type: ignore[arg-type]  # a string says what it needs
        self._isolation = isolation

    def getHostByName(self, name: str | bytes, timeout: Sequence[int] | None = None, effort: int = 10) -> Deferred[str]:
        """
        Ask for the address of a host.

        :param timeout: seconds to wait, which are summed up.
        :return: a Deferred that fires with an IPv4 or IPv6 address.
        :raises SocksError: in the Deferred: `HostUnreachableError` where there is no such name.
        """
        return self._timed(maybeDeferred(resolve, self._socks_endpoint, name, isolation=self._isolation), timeout)

    def query(self, query: dns.Query, timeout: Sequence[int] | None = None) -> Deferred[Records]:
        """
        Answer a question of any class and type.

        :return: a Deferred that fires with answers, authorities and additional records, of which the last two are empty.
        """
        return self._lookup(query.name.name, query.cls, query.type, timeout)

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Sequence[int] | None) -> Deferred[Records]:  # noqa: A002
        """
        Answer a question. All ``lookup...`` methods of the base come here.
        """
        wanted = {dns.A: (4,), dns.AAAA: (6,), dns.ALL_RECORDS: (4, 6)}.get(type)
        if cls == dns.IN and wanted is not None:
            return self.getHostByName(name, timeout).addCallback(_address_records, name, wanted)
        if cls == dns.IN and type == dns.PTR:
            return self._pointer(name, timeout)
        return fail(InvalidArgument(f"Tor looks up A, AAAA and PTR, but not {dns.QUERY_TYPES.get(type, type)}."))

    def _pointer(self, name: bytes, timeout: Sequence[int] | None) -> Deferred[Records]:
        try:
            address = address_of_pointer(name)
        except InvalidArgument as error:
            return fail(error)
        found = self._timed(resolve_ptr(self._socks_endpoint, address, isolation=self._isolation), timeout)
        return found.addCallback(lambda host: _answer(name, dns.PTR, dns.Record_PTR(host, TTL)))

    def _timed(self, look_up: Deferred[str], timeout: Sequence[int] | None) -> Deferred[str]:
        if timeout is not None:
            look_up.addTimeout(sum(timeout), self._reactor)
        return look_up


def address_of_pointer(name: bytes) -> str:
    """
    The address that a name of ``in-addr.arpa`` or ``ip6.arpa`` stands for.

    :raises InvalidArgument: it stands for none.

    See RFC 1035 3.5 and RFC 3596 2.5.
    """
    labels = name.decode("latin-1").lower().rstrip(".").split(".")
    *parts, zone, arpa = labels if len(labels) > 2 else ["", "", ""]
    parts.reverse()
    try:
        if arpa == "arpa" and zone == "in-addr":
            return str(ipaddress.IPv4Address(".".join(parts)))
        if arpa == "arpa" and zone == "ip6" and all(len(part) == 1 for part in parts):
            digits = "".join(parts)
            groups = [digits[index : index + 4] for index in range(0, len(digits), 4)]
            if len(digits) == 32:
                return str(ipaddress.IPv6Address(":".join(groups)))
    except ValueError:
        pass  # told below, as every other name that is none
    raise InvalidArgument(f"Not the name of an address, such as 1.2.0.192.in-addr.arpa: {name[:80]!r}")


def _address_records(address: str, name: bytes, wanted: tuple[int, ...]) -> Records:
    """
    The address as an answer, if it is of a wanted kind; where it is of the other there is none.
    """
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:  # a name
        return [], [], []
    if version not in wanted:
        return [], [], []
    if version == 4:
        return _answer(name, dns.A, dns.Record_A(address, TTL))
    return _answer(name, dns.AAAA, dns.Record_AAAA(address, TTL))


def _answer(name: bytes, kind: int, record: Any) -> Records:
    return [dns.RRHeader(name, kind, dns.IN, TTL, record)], [], []
