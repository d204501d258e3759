# -*- test-case-name: txtor.test.socks.test_isolation -*-
"""
Which connections may share a circuit.

Tor keeps streams with different SOCKS credentials on different circuits (``IsolateSOCKSAuth``, on unless the SocksPort says
``NoIsolateSOCKSAuth``). txtor sends the isolation as such a credential, in the form that proposal 351 gives it: the user name
``<torS0X>0`` and the token as the password. Older tors take it as any other user name, with the same effect.

The guarantee: two connections whose tokens differ, or of which only one has a token, are never on one circuit. What is *not*
guaranteed is that equal tokens share one: Tor opens another when the old one is worn out or its exit does not allow the port.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TypeAlias

from txtor.errors import InvalidArgument

from ._messages import Credentials

#: The user name that says that the password is an isolation token. See proposal 351, format 0.
USERNAME = b"<torS0X>0"


@dataclass(frozen=True)
class IsolationToken:
    """
    Connections with an equal token may share circuits with each other, and with no others.

    :ivar value: 1 to 255 bytes of UTF-8. It is no secret of Tor's, but who knows it can join the circuits.
    """

    value: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, str):
            raise InvalidArgument(f"An isolation token must be text, not {type(self.value).__name__}.")
        try:
            length = len(self.value.encode("utf-8"))
        except UnicodeEncodeError:
            raise InvalidArgument("An isolation token cannot hold a lone surrogate.") from None
        if not 1 <= length <= 255:
            raise InvalidArgument(f"An isolation token must have 1 to 255 bytes, not {length}.")

    @classmethod
    def new(cls) -> IsolationToken:
        """
        A token that nobody has had before: 128 random bits.
        """
        return cls(secrets.token_hex(16))


class Isolation(Enum):
    """
    Rules that make a token for each connection.

    :cvar PER_CONNECTION: a fresh token each time: no two connections share a circuit.
    :cvar PER_DESTINATION: a token for each host and port: connections of this process to one destination may share
        circuits, with no other destination and no other process.
    """

    PER_CONNECTION = "connection"
    PER_DESTINATION = "destination"


#: What may be given as an isolation. ``None`` is no isolation: the connection shares circuits with all others without one.
AnyIsolation: TypeAlias = IsolationToken | Isolation | None


def isolating_credentials(isolation: AnyIsolation, host: str, port: int) -> Credentials | None:
    """
    What a connection sends so that it is isolated.

    :param isolation: ``None`` sends nothing: the connection shares circuits with all others that send nothing.
    :raises InvalidArgument: the isolation is none of these.
    """
    if isolation is None:
        return None
    if isinstance(isolation, IsolationToken):
        token = isolation.value
    elif isolation is Isolation.PER_CONNECTION:
        token = secrets.token_hex(16)
    elif isolation is Isolation.PER_DESTINATION:
        destination = f"{host.lower()} {port}".encode()
        token = hashlib.blake2b(destination, digest_size=16, key=_secret_of_process()).hexdigest()
    else:
        raise InvalidArgument(f"An isolation is an IsolationToken, an Isolation or None, not {isolation!r:.80}.")
    return Credentials(USERNAME, token.encode())


@cache
def _secret_of_process() -> bytes:
    """
    What keeps the tokens of one process apart from those of all others.
    """
    return secrets.token_bytes(32)
