# -*- test-case-name: txtor.test.service.test_on_tor -*-
"""
Onion services that are made again on each Tor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txtor._deferred import deferred
from txtor._tor import Tor
from txtor.errors import InvalidArgument

from ._restoring import Restore

if TYPE_CHECKING:
    from txtor.onion import EphemeralOnionService, OnionAddress


class KeptOnionService:
    """
    An onion service that has the same address on each Tor; `TorService.create_onion_service` makes one.

    :ivar current: the service on the Tor that is there now, or was last.
    """

    current: EphemeralOnionService

    def __init__(self, hooks: list[Restore], ports: Any, terms: dict[str, Any]) -> None:
        self._hooks = hooks
        self._ports = ports if isinstance(ports, str | int | tuple) else list(ports)
        self._terms = terms

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.hostname}>"

    @property
    def hostname(self) -> str:
        """
        The address with ``.onion``.
        """
        return self.current.hostname

    @property
    def address(self) -> OnionAddress:
        """
        The address.
        """
        return self.current.address

    @property
    def private_key(self) -> str:
        """
        The key, as ``"ED25519-V3:..."``.
        """
        key = self.current.private_key
        assert key is not None  # it was not discarded
        return key

    @deferred
    async def create(self, tor: Tor, private_key: Any) -> None:
        """
        Make it for the first time.
        """
        from txtor.onion import DISCARD  # not every service has onion services

        if private_key is DISCARD or self._terms.get("detach"):
            raise InvalidArgument("An onion service that is kept has a key, and is not detached.")
        self.current = await tor.create_onion_service(self._ports, private_key, **self._terms)
        self._hooks.append(self._restore)

    @deferred
    async def _restore(self, tor: Tor) -> None:
        """
        Make it again. Whoever looks it up meanwhile finds the descriptor of before, so nobody waits for the new one.
        """
        before = self.current
        await before.remove()  # what listens behind it
        terms = {**self._terms, "wait": "none", "clients": before.clients or None}
        self.current = await tor.create_onion_service(self._ports, before.private_key, **terms)

    @deferred
    async def remove(self) -> None:
        """
        End it, on this Tor and each that follows.
        """
        if self._restore in self._hooks:
            self._hooks.remove(self._restore)
        await self.current.remove()
