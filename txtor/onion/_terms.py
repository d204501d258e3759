# -*- test-case-name: txtor.test.onion.test_service -*-
"""
What a program wishes of an onion service, checked before anything listens and before Tor is asked.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from txtor.commands import AddOnion
from txtor.errors import InvalidArgument

from ._client_keys import ClientAuthKey, ClientAuthPublicKey
from ._key_files import keep_onion_key
from ._keys import OnionKey
from ._ports import OnionPort
from ._publication import WaitFor

#: Seconds that a service has to be published, if nothing else is said.
PUBLICATION_SECONDS = 180.0

#: Is called with percent, a word and a sentence, as txtorcon does.
ProgressListener: TypeAlias = "Callable[[int, str, str], object]"

#: The clients that are let in: keys, or names and keys; in any spelling of `ClientAuthPublicKey.parse`.
Clients: TypeAlias = "Iterable[ClientAuthPublicKey | str] | Mapping[str, ClientAuthPublicKey | str]"


class _Discard(enum.Enum):
    """
    The type of `DISCARD`.
    """

    DISCARD = "DISCARD"

    def __repr__(self) -> str:
        return "DISCARD"


#: Instead of a key: Tor makes one, and never tells it to anybody. The service can never be had again.
DISCARD: Final = _Discard.DISCARD


class OnionKeyFile:
    """
    A file with the key of a service, as a private key: it is read when the service is made. Where there is none, a new key is
    made and written there first.

    :ivar path: of the file: one that Tor wrote (``hs_ed25519_secret_key``), or one with ``ED25519-V3:...`` as a line.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"OnionKeyFile({str(self.path)!r})"


#: A key, its ``ED25519-V3:`` text, a file with it, `DISCARD`, or ``None`` for a new one.
PrivateKey: TypeAlias = "OnionKey | OnionKeyFile | str | _Discard | None"


def read_clients(clients: Clients | None) -> tuple[ClientAuthPublicKey, ...]:
    """
    Read the public keys of clients.

    :param clients: ``None`` lets in everybody.
    :raises InvalidArgument: one is no public key; or there is none, which to Tor would mean everybody.
    """
    if clients is None:
        return ()
    if isinstance(clients, (str, bytes, ClientAuthPublicKey)) or not isinstance(clients, Iterable):
        raise InvalidArgument("The clients of an onion service are a list of their public keys, or a mapping of names to them.")
    given = list(clients.values() if isinstance(clients, Mapping) else clients)
    if not given:
        raise InvalidArgument("An empty list of clients would let in everybody; say clients=None where that is meant.")
    found = tuple(_client(each) for each in given)
    return tuple(dict.fromkeys(found))  # Tor refuses a key that is there twice


def _client(key: object) -> ClientAuthPublicKey:
    if isinstance(key, ClientAuthKey):
        raise InvalidArgument("The service is given the public key of a client (key.public_key), and never the secret one.")
    if isinstance(key, ClientAuthPublicKey):
        return key
    if not isinstance(key, str):
        raise InvalidArgument(f"The public key of a client is text or a ClientAuthPublicKey, not {type(key).__name__}.")
    return ClientAuthPublicKey.parse(key)


def read_wait(wait: WaitFor | str | None, all_uploads: bool) -> WaitFor:
    """
    What is waited for.

    :param all_uploads: the older name of ``wait="all"``.
    :raises InvalidArgument: there is no such word, or both are given and differ.
    """
    if wait is None:
        return WaitFor.ALL if all_uploads else WaitFor.FIRST
    try:
        wished = WaitFor(wait)
    except ValueError:
        words = ", ".join(each.value for each in WaitFor)
        raise InvalidArgument(f"What is waited for is one of {words}; not {str(wait)[:40]!r}.") from None
    if all_uploads and wished is not WaitFor.ALL:
        raise InvalidArgument(f"await_all_uploads=True contradicts wait={wished.value!r}.")
    return wished


@dataclass(frozen=True)
class OnionTerms:
    """
    What is wished of a service that Tor keeps no files of, besides its ports. `Tor.create_onion_service` describes each.

    :ivar key: the key that was given, or ``None``; one in a file is there after `resolved`.
    :ivar wished: what is waited for.
    :ivar public_keys: those of the clients; none where everybody is let in.
    :raises InvalidArgument: something cannot be.
    """

    private_key: PrivateKey = field(default=None, repr=False)
    version: int = 3
    progress: ProgressListener | None = None
    await_all_uploads: bool = False
    single_hop: bool | None = None
    detach: bool | None = None
    max_streams: int | None = None
    max_streams_close_circuit: bool = False
    pow_enabled: bool | None = None
    pow_queue_rate: int | None = None
    pow_queue_burst: int | None = None
    clients: Clients | None = None
    wait: WaitFor | str | None = None
    timeout: float | None = PUBLICATION_SECONDS
    key: OnionKey | None = field(init=False, repr=False)
    wished: WaitFor = field(init=False)
    public_keys: tuple[ClientAuthPublicKey, ...] = field(init=False)

    def __post_init__(self) -> None:
        check_version(self.version)
        check_timeout(self.timeout)
        object.__setattr__(self, "key", self._read_key())
        object.__setattr__(self, "wished", read_wait(self.wait, self.await_all_uploads))
        object.__setattr__(self, "public_keys", read_clients(self.clients))
        self.command([OnionPort(1, "127.0.0.1:1")])  # what cannot be said of any port is told at once

    def with_progress(self, progress: ProgressListener) -> OnionTerms:
        """
        The same, with somebody else who is told of progress.
        """
        return replace(self, progress=progress)

    @property
    def can_be_kept(self) -> bool:
        """
        Whether the next Tor can make the service again: it is ours to end, and its key is known.
        """
        return self.private_key is not DISCARD and not self.detach

    def _read_key(self) -> OnionKey | None:
        given = self.private_key
        if given is None or isinstance(given, (OnionKey, OnionKeyFile, _Discard)):
            return given if isinstance(given, OnionKey) else None
        if not isinstance(given, str):
            raise InvalidArgument(f"The key of an onion service is an OnionKey or text, not {type(given).__name__}.")
        return OnionKey.from_blob(given)

    def resolved(self) -> OnionTerms:
        """
        The same with the key of the file, where there is one.

        :raises OnionKeyFileUnusable: the file cannot be read or made.
        """
        given = self.private_key
        return replace(self, private_key=keep_onion_key(given.path)) if isinstance(given, OnionKeyFile) else self

    def command(self, ports: Iterable[OnionPort]) -> AddOnion:
        """
        The command that makes the service.

        :raises InvalidArgument: it cannot be said.
        """
        flags = {
            "DiscardPK": self.private_key is DISCARD,
            "Detach": self.detach,
            "MaxStreamsCloseCircuit": self.max_streams_close_circuit,
            "NonAnonymous": self.single_hop,
        }
        return AddOnion(
            "NEW:ED25519-V3" if self.key is None else self.key.blob,
            [(port.virtual, port.target) for port in ports],
            [name for name, wanted in flags.items() if wanted],
            self.max_streams,
            [key.base32 for key in self.public_keys],
            self.pow_enabled,
            self.pow_queue_rate,
            self.pow_queue_burst,
        )


def listeners_of(progress: ProgressListener | None) -> tuple[ProgressListener, ...]:
    """
    Who is told of progress.
    """
    return () if progress is None else (progress,)


def check_version(version: object) -> None:
    """
    Refuse every version but 3.

    :raises InvalidArgument: it is another.
    """
    if version != 3:
        raise InvalidArgument(f"Onion services are of version 3; version {str(version)[:20]} cannot be had.")


def check_timeout(timeout: object) -> None:
    """
    Refuse what is no number of seconds.

    :raises InvalidArgument: it is none.
    """
    number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if timeout is not None and not (number and 0 < timeout < float("inf")):  # type: ignore[operator]  # it is a number
        raise InvalidArgument(f"A timeout is a number of seconds, or None for no limit; not {str(timeout)[:40]!r}.")
