# -*- test-case-name: txtor.test.endpoints.test_server_string -*-
"""
The server endpoint for programs that have no `txtor.Tor` at hand: an onion service on a Tor that runs, or on one of our own.
"""

from __future__ import annotations

from typing import Any

from txtor.control import ControlEndpoint
from txtor.onion import DiskTerms, Local, OnionTerms, TorOnionEndpoint

from ._tors import SharedTor, connected, launched


class OnionServerEndpoint(TorOnionEndpoint):
    """
    Listens on this machine, behind an onion service.

    Nothing is connected to or launched before ``listen`` is called; when that cannot be done, its Deferred says why. From then on
    the Tor is kept at hand until the last port has stopped listening: when it ends, it is launched again, or connected to as soon
    as it is back, and the service is published again at the same address. Each loss is logged.

    The ``onion_service`` of a port is a `txtor.service.KeptOnionService`, but for two kinds of services that no other Tor can
    have: one whose key was discarded (`txtor.DISCARD`) is gone with the Tor, and one that is detached is left to it.
    """

    @classmethod
    def _behind(
        cls, reactor: Any, tor: SharedTor, public_port: int, terms: OnionTerms | DiskTerms, local: Local
    ) -> OnionServerEndpoint:
        make = tor.service.keep_onion_service if terms.can_be_kept else None
        return cls(reactor, tor.lease, public_port, terms, local, make=make)

    @classmethod
    def system_tor(
        cls,
        reactor: Any,
        control_endpoint: ControlEndpoint | None,
        public_port: int,
        terms: OnionTerms | DiskTerms | None = None,
        local: Local = None,
    ) -> OnionServerEndpoint:
        """
        On a Tor that runs. A connection is made when it listens, and ends when that stops.

        :param control_endpoint: an endpoint or its string; ``None`` tries the usual places.
        :param public_port: the virtual port.
        :param terms: of the service; by default a new one without files.
        :param local: where to listen on this machine.
        :raises InvalidArgument: an argument cannot be.
        """
        return cls._behind(reactor, connected(reactor, control_endpoint), public_port, terms or OnionTerms(), local)

    @classmethod
    def global_tor(
        cls, reactor: Any, public_port: int, terms: OnionTerms | DiskTerms | None = None, local: Local = None, **options: Any
    ) -> OnionServerEndpoint:
        """
        On a Tor of our own that all endpoints of this program share which ask for the same. It is launched when the first of
        them listens, and ends when the last one stops.

        :param options: those of `txtor.process.LaunchOptions`, and ``tor_binary`` and ``timeout`` of `txtor.launch`. Each is
            hashable.
        :raises InvalidArgument: an argument cannot be.
        """
        terms = terms or OnionTerms()
        return cls._behind(reactor, launched(reactor, **_anonymity(terms), **options), public_port, terms, local)

    @classmethod
    def private_tor(
        cls, reactor: Any, public_port: int, terms: OnionTerms | DiskTerms | None = None, local: Local = None, **options: Any
    ) -> OnionServerEndpoint:
        """
        On a Tor of our own that this endpoint shares with no other.

        :param options: those of `txtor.process.LaunchOptions`, and ``tor_binary`` and ``timeout`` of `txtor.launch`.
        :raises InvalidArgument: an argument cannot be.
        """
        terms = terms or OnionTerms()
        tor = launched(reactor, shared=False, **_anonymity(terms), **options)
        return cls._behind(reactor, tor, public_port, terms, local)


def _anonymity(terms: OnionTerms | DiskTerms) -> dict[str, Any]:
    """
    What a Tor needs for a service that does not hide.
    """
    return {"non_anonymous_mode": True} if isinstance(terms, OnionTerms) and terms.single_hop else {}
