# -*- test-case-name: txtor.test.onion.test_authentication -*-
"""
The keys with which Tor, as a client, is let in by onion services.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TypeAlias

from txtor._deferred import deferred
from txtor.commands import OnionClientAuth, OnionClientAuthAdd, OnionClientAuthRemove, OnionClientAuthView
from txtor.control import TorControlProtocol
from txtor.errors import InvalidArgument

from ._address import OnionAddress
from ._client_keys import ClientAuthKey

#: The secret key of a client, in any spelling of `ClientAuthKey.parse`.
AnyClientKey: TypeAlias = "ClientAuthKey | str"

_PERMANENT = "Permanent"


def read_client_key(key: AnyClientKey) -> ClientAuthKey:
    """
    Read the secret key of a client.

    :raises InvalidArgument: it is none; the error holds nothing of it.
    """
    return key if isinstance(key, ClientAuthKey) else ClientAuthKey.parse(key)


class OnionAuthentication:
    """
    One service and the key with which it lets us in.

    Nothing is sent before `add`. As an asynchronous context manager it adds the key, and removes it at the end.

    :ivar address: the service's.
    :ivar key: the secret key, or ``None`` where it is not known; it is in no ``repr``.
    :ivar name: what it is called in Tor, or ``None``.
    :ivar permanent: whether Tor keeps it on disk.
    """

    def __init__(
        self,
        protocol: TorControlProtocol,
        address: OnionAddress | str,
        key: AnyClientKey | None = None,
        name: str | None = None,
        permanent: bool = False,
    ) -> None:
        """
        :raises InvalidArgument: the address, the key or the name cannot be.
        """
        self._protocol = protocol
        self.address = OnionAddress.parse(address)
        self.key = None if key is None else read_client_key(key)
        self.name = name
        self.permanent = permanent
        if self.key is not None:
            self._command(self.key)  # what cannot be said is told now

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self.address}{', permanent' if self.permanent else ''}>"

    def _command(self, key: ClientAuthKey) -> OnionClientAuthAdd:
        return OnionClientAuthAdd(self.address.bare, key.secret_bytes, self.name, self.permanent)

    @deferred
    async def add(self) -> bool:
        """
        Give Tor the key. One that it has for the service is replaced.

        :return: whether there was another before.
        :raises InvalidArgument: there is no key to give.
        :raises InvalidConfigurationValue: Tor has nowhere to keep it (permanent needs ClientOnionAuthDir in torrc).

        See control-spec 3.30, ONION_CLIENT_AUTH_ADD.
        """
        if self.key is None:
            raise InvalidArgument(f"There is no key here for {self.address}.")
        outcome = await self._protocol.send(self._command(self.key))
        return outcome.status == 251

    @deferred
    async def remove(self) -> bool:
        """
        Have Tor forget the key, also on disk. Circuits to the service go on until they end.

        :return: whether there was one.

        See control-spec 3.31, ONION_CLIENT_AUTH_REMOVE.
        """
        outcome = await self._protocol.send(OnionClientAuthRemove(self.address.bare))
        return outcome.status == 250

    async def __aenter__(self) -> OnionAuthentication:
        await self.add()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.remove()


@deferred
async def list_authentications(
    protocol: TorControlProtocol, address: OnionAddress | str | None = None
) -> Sequence[OnionAuthentication]:
    """
    The keys that Tor has as a client; see `txtor.Tor.onion_authentications`.
    """
    wanted = None if address is None else OnionAddress.parse(address).bare
    return [_of(protocol, entry) for entry in await protocol.send(OnionClientAuthView(wanted))]


def _of(protocol: TorControlProtocol, entry: OnionClientAuth) -> OnionAuthentication:
    permanent = _PERMANENT.lower() in (flag.lower() for flag in entry.flags)
    return OnionAuthentication(protocol, entry.address, entry.key, entry.client_name, permanent)

