# -*- test-case-name: txtor.test.onion.test_listing -*-
"""
The services that Tor says it runs, as far as a connection is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from txtor._deferred import deferred
from txtor.commands import DelOnion
from txtor.control import TorControlProtocol
from txtor.errors import InvalidArgument, ProtocolViolation, UnrecognizedEntity

from ._address import OnionAddress


@dataclass(frozen=True)
class ListedOnionService:
    """
    A running service without files, of which no more is known than its address: Tor tells neither its ports nor its key, nor
    whether it is published. Whether clients find it, `txtor.Tor.get_onion_descriptor` finds out, which asks the directories.

    :ivar address: its address.
    :ivar detached: whether it outlives the connection that made it. Any connection can remove one that is; the others are of
        the connection that was asked, and end with it.
    :ivar protocol: the control connection.
    """

    protocol: TorControlProtocol = field(repr=False)
    address: OnionAddress
    detached: bool

    @property
    def hostname(self) -> str:
        """
        The address with ``.onion``.
        """
        return self.address.hostname

    @deferred
    async def remove(self) -> None:
        """
        End the service. One that has ended already is no error.

        :raises Disconnected: there is no connection.
        """
        try:
            await self.protocol.send(DelOnion(self.address.bare))
        except UnrecognizedEntity:
            pass  # somebody else has removed it


@deferred
async def list_services(protocol: TorControlProtocol) -> Sequence[ListedOnionService]:
    """
    The services of this connection, and those that are detached; see `txtor.Tor.onion_services`.

    :raises ProtocolViolation: Tor tells an address that is none.
    """
    told = await protocol.get_info("onions/current", "onions/detached")
    try:
        return tuple(
            ListedOnionService(protocol, OnionAddress.parse(address), key == "onions/detached")
            for key, addresses in told.items()
            for address in addresses.splitlines()
        )
    except InvalidArgument as error:
        raise ProtocolViolation(f"Tor tells of an onion service whose address is none: {error}") from error
