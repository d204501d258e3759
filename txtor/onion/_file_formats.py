# -*- test-case-name: txtor.test.onion.test_file_formats -*-
"""
What the files of onion services hold: keys, host names, clients, Onionbalance's configuration. Bytes in, values out.

Strict where tor is careless: of a secret key file that is cut short tor makes a new key, over the old one, and a line of
``authorized_clients/`` that it cannot read leaves the service open. See rend-spec-v3, Appendix G.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from txtor.errors import InvalidArgument

from ._address import OnionAddress
from ._client_keys import ClientAuthKey, ClientAuthPublicKey
from ._ed25519_math import clamp
from ._keys import OnionKey

SECRET_TAG = b"== ed25519v1-secret: type0 ==\0\0\0"
PUBLIC_TAG = b"== ed25519v1-public: type0 ==\0\0\0"
SECRET_SIZE = len(SECRET_TAG) + 64
PUBLIC_SIZE = len(PUBLIC_TAG) + 32
#: No file here is longer than this; longer ones are not read.
MAX_SIZE = 4096

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")


def parse_secret_key_file(data: bytes) -> OnionKey:
    """
    Read the content of ``hs_ed25519_secret_key``. The last bytes of a key may be white space: they are not stripped.

    :raises InvalidArgument: the tag, the length or the key is wrong; the error holds nothing of the key.
    """
    if data[: len(SECRET_TAG)] != SECRET_TAG:
        raise InvalidArgument("It does not begin as the secret key of an onion service does.")
    if len(data) != SECRET_SIZE:
        raise InvalidArgument(f"It has {len(data)} bytes where {SECRET_SIZE} belong: Tor would put a new key in its place.")
    expanded = data[len(SECRET_TAG) :]
    if clamp(expanded[:32]) != int.from_bytes(expanded[:32], "little"):
        raise InvalidArgument("What it holds is not the expanded secret key of an onion service.")
    return OnionKey(expanded)


def format_secret_key_file(key: OnionKey) -> bytes:
    """
    The content of ``hs_ed25519_secret_key``.
    """
    return SECRET_TAG + key.expanded


def parse_public_key_file(data: bytes) -> OnionAddress:
    """
    Read the content of ``hs_ed25519_public_key``.

    :raises InvalidArgument: the tag, the length or the key is wrong.
    """
    if data[: len(PUBLIC_TAG)] != PUBLIC_TAG or len(data) != PUBLIC_SIZE:
        raise InvalidArgument("It is not the public key of an onion service.")
    return OnionAddress(data[len(PUBLIC_TAG) :])


def format_public_key_file(address: OnionAddress) -> bytes:
    """
    The content of ``hs_ed25519_public_key``.
    """
    return PUBLIC_TAG + address.public_key


def parse_hostname_file(data: bytes) -> OnionAddress:
    """
    Read the content of ``hostname``.

    :raises InvalidArgument: it is not one line with an onion address.
    """
    return OnionAddress.parse(_one_line(data))


def format_hostname_file(address: OnionAddress) -> bytes:
    """
    The content of ``hostname``.
    """
    return address.hostname.encode("ascii") + b"\n"


def parse_auth_file(data: bytes) -> ClientAuthPublicKey:
    """
    Read the content of ``authorized_clients/NAME.auth``.

    :raises InvalidArgument: it is not one line ``descriptor:x25519:...``: tor would skip it.
    """
    line = _one_line(data)
    if not line.startswith("descriptor:x25519:") or len(line) != 70:
        raise InvalidArgument("It is not one line 'descriptor:x25519:' with a key in base32: Tor would skip it.")
    return ClientAuthPublicKey.parse(line)


def format_auth_file(key: ClientAuthPublicKey) -> bytes:
    """
    The content of ``authorized_clients/NAME.auth``.
    """
    return key.auth_line.encode("ascii") + b"\n"


def parse_auth_private_file(data: bytes) -> tuple[OnionAddress, ClientAuthKey]:
    """
    Read the content of ``NAME.auth_private`` in ClientOnionAuthDir: whose service it opens, and the key.

    :raises InvalidArgument: it is not one line ``ADDRESS:descriptor:x25519:...``; the error holds nothing of the key.
    """
    name, colon, rest = _one_line(data).partition(":")
    if not colon or not rest.startswith("descriptor:x25519:") or len(rest) != 70:
        raise InvalidArgument("It is not one line 'ADDRESS:descriptor:x25519:' with a key in base32.")
    try:
        address = OnionAddress.parse(name)
    except InvalidArgument:  # what stands there may be a key in the wrong place
        raise InvalidArgument("It does not begin with an onion address.") from None
    return address, ClientAuthKey.parse(rest)


def format_auth_private_file(address: OnionAddress, key: ClientAuthKey) -> bytes:
    """
    The content of ``NAME.auth_private``, which holds a secret.
    """
    return f"{address.bare}:descriptor:x25519:{key.base32}\n".encode("ascii")


def parse_ob_config(data: bytes) -> list[OnionAddress]:
    """
    Read the content of ``ob_config`` of a back end of Onionbalance: the addresses that it answers for.

    :raises InvalidArgument: it names none, which tor does not survive, or a line is no address with ``.onion``.
    """
    found = []
    for line in _ascii(data).split("\n"):
        keyword, _, value = line.partition("#")[0].strip().partition(" ")
        if keyword.lower() != "masteronionaddress":
            continue
        if not value.strip().endswith(".onion"):
            raise InvalidArgument("MasterOnionAddress wants an address with '.onion'.")
        found.append(OnionAddress.parse(value.strip()))
    if not found:
        raise InvalidArgument("There is no MasterOnionAddress in it: Tor would abort.")
    return found


def format_ob_config(addresses: Iterable[OnionAddress]) -> bytes:
    """
    The content of ``ob_config``.

    :raises InvalidArgument: there are no addresses.
    """
    text = "".join([f"MasterOnionAddress {address.hostname}\n" for address in addresses])
    if not text:
        raise InvalidArgument("An ob_config without an address makes Tor abort.")
    return text.encode("ascii")


def check_name(name: str, what: str) -> str:
    """
    Check that a name can be that of a file, and of one inside its directory.

    :raises InvalidArgument: it is empty, too long, or holds anything but letters, digits, ``-``, ``_`` and ``.``.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidArgument(f"{what} must be 1 to 200 letters, digits, '-', '_' and '.', the first no '.': {str(name)[:80]!r}")
    return name


def _ascii(data: bytes) -> str:
    """
    The text of a file that holds nothing but ASCII.
    """
    if len(data) > MAX_SIZE or not data.isascii():
        raise InvalidArgument("It is too long, or not ASCII text.")
    return data.decode("ascii")


def _one_line(data: bytes) -> str:
    """
    The one line of a file, whose line end may be missing.
    """
    line = _ascii(data).removesuffix("\n")
    if not line or "\n" in line or "\r" in line or "\0" in line:
        raise InvalidArgument("It must hold exactly one line.")
    return line
