# -*- test-case-name: txtor.test.onion.test_key_files -*-
"""
The files of onion services on the disk: a thin shell around ``_file_formats``.

Files are written beside their place and moved there, so that nobody, Tor included, sees a part of one. Secret files are made
with the mode 0600, whatever the umask is. These calls block, for a few small files.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from txtor.errors import InvalidArgument, OnionKeyFileUnusable

from . import _file_formats as formats
from ._address import OnionAddress
from ._client_keys import ClientAuthKey, ClientAuthPublicKey
from ._keys import OnionKey

SECRET_FILE, PUBLIC_FILE, HOSTNAME_FILE = "hs_ed25519_secret_key", "hs_ed25519_public_key", "hostname"
_CLIENTS = "authorized_clients"
_FRONTS = "ob_config"

T = TypeVar("T")
PathLike = str | os.PathLike[str]


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """
    Turn what goes wrong with a file into the one declared error.
    """
    try:
        yield
    except OnionKeyFileUnusable:
        raise
    except OSError as error:
        raise OnionKeyFileUnusable(str(path), error.strerror or type(error).__name__) from error
    except (InvalidArgument, ValueError) as error:  # ValueError: a NUL in the path
        raise OnionKeyFileUnusable(str(path), str(error)) from None


def read_file(path: Path, parse: Callable[[bytes], T]) -> T:
    """
    Read a regular file of bounded size.
    """
    with _blaming(path), open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OnionKeyFileUnusable(str(path), "it is not a regular file.")
        return parse(file.read(formats.MAX_SIZE + 1))


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """
    Put a file in its place, whole or not at all.
    """
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.part")
    with _blaming(path):
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(path.parent)


def _sync(directory: Path) -> None:
    """
    Let a directory remember its names after a power failure.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, mode: int) -> None:
    """
    Make a directory, but not its parents, and give it its mode.
    """
    with _blaming(path):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            if not path.is_dir():
                raise OnionKeyFileUnusable(str(path), "it is not a directory.") from None
        path.chmod(mode)


def _exists(path: Path) -> bool:
    """
    Whether a name is taken; what cannot be looked at is an error, not absent.
    """
    with _blaming(path):
        try:
            os.lstat(path)
        except FileNotFoundError:
            return False
    return True


# -- the directory of a service -----------------------------------------------------------------------------------------


def read_onion_key(path: PathLike) -> OnionKey:
    """
    Read the secret key of a service.

    :param path: the service's directory, or the file with the secret key.
    :raises OnionKeyFileUnusable: it cannot be read, or is not what Tor writes there.
    """
    place = Path(path)
    with _blaming(place):
        place = place / SECRET_FILE if place.is_dir() else place
    return read_file(place, formats.parse_secret_key_file)


def check_onion_directory(directory: PathLike, group_readable: bool = False) -> OnionAddress | None:
    """
    Check the directory of a service before Tor is told to use it: what Tor does not survive, or would overwrite, is refused here.

    :param group_readable: whether HiddenServiceDirGroupReadable will be set.
    :return: the address that the service will have, or ``None`` where Tor will make a new key.
    :raises OnionKeyFileUnusable: the parent directory is missing; others may enter the directory; the secret key is cut short or
        no key; the public key or the host name is another's, or is there without the secret key.
    """
    place = Path(directory)
    if not _exists(place):
        with _blaming(place.parent):
            if not place.parent.is_dir():
                raise OnionKeyFileUnusable(str(place.parent), "the parent directory does not exist, and Tor makes none.")
        return None
    with _blaming(place):
        mode = place.stat().st_mode
        if not stat.S_ISDIR(mode):
            raise OnionKeyFileUnusable(str(place), "it is not a directory.")
        if mode & (0o027 if group_readable else 0o077):
            raise OnionKeyFileUnusable(str(place), f"others may enter it (its mode is {mode & 0o777:o}): Tor refuses it.")
    said = {}
    for name, parse in ((PUBLIC_FILE, formats.parse_public_key_file), (HOSTNAME_FILE, formats.parse_hostname_file)):
        if _exists(place / name):
            said[name] = read_file(place / name, parse)
    if not _exists(place / SECRET_FILE):
        if said:
            raise OnionKeyFileUnusable(str(place), f"{SECRET_FILE} is missing, and {' and '.join(said)} is there.")
        return None
    address = read_onion_key(place / SECRET_FILE).address
    for name, other in said.items():
        if other != address:
            raise OnionKeyFileUnusable(str(place / name), f"it belongs to another key than {SECRET_FILE}, which is {address}'s.")
    return address


def write_onion_directory(directory: PathLike, key: OnionKey, group_readable: bool = False) -> None:
    """
    Write the directory of a service as Tor would: the keys and the host name. It is made if need be, its parent is not.

    :param group_readable: let the group read the host name, as HiddenServiceDirGroupReadable does; never the key.
    :raises OnionKeyFileUnusable: it cannot be written, or holds the key of another service, which is never overwritten.
    """
    place = Path(directory)
    if _exists(place / SECRET_FILE) and read_onion_key(place / SECRET_FILE) != key:
        raise OnionKeyFileUnusable(str(place), "it holds the key of another service.")
    make_directory(place, 0o750 if group_readable else 0o700)
    # The secret key first: of it alone Tor makes the others, while they alone would make it stop.
    _write(place / SECRET_FILE, formats.format_secret_key_file(key))
    _write(place / PUBLIC_FILE, formats.format_public_key_file(key.address))
    _write(place / HOSTNAME_FILE, formats.format_hostname_file(key.address), 0o640 if group_readable else 0o600)


def keep_onion_key(path: PathLike) -> OnionKey:
    """
    The key that a file keeps, which is made, with a new key, if it is not there.

    :param path: a file as Tor writes it (``hs_ed25519_secret_key``), or one with the key as ADD_ONION has it, ``ED25519-V3:...``,
        as a line. A new one is of the second kind, and only its owner can read it.
    :raises OnionKeyFileUnusable: it cannot be read or made, or holds no key. A file that is there is never overwritten.
    """
    place = Path(path)
    if _exists(place):
        return read_file(place, _parse_any_key)
    key = OnionKey.generate()
    with _blaming(place):
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(f"{key.blob}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        _sync(place.parent)
    return key


def _parse_any_key(content: bytes) -> OnionKey:
    if content.startswith(b"== "):
        return formats.parse_secret_key_file(content)
    try:
        return OnionKey.from_blob(content.decode("ascii").strip())
    except UnicodeDecodeError:
        raise InvalidArgument("it holds no key of an onion service.") from None


# -- back ends ----------------------------------------------------------------------------------------------------------


def read_balanced_for(directory: PathLike) -> list[OnionAddress]:
    """
    The addresses for which a service answers as a back end of Onionbalance, from its ``ob_config``.

    :param directory: the service's.
    :raises OnionKeyFileUnusable: there is no such file, or Tor would not survive it.
    """
    return read_file(Path(directory) / _FRONTS, formats.parse_ob_config)


def write_balanced_for(directory: PathLike, fronts: Iterable[OnionAddress]) -> None:
    """
    Write the ``ob_config`` of a back end. Tor reads it when the service is configured.

    :param directory: the service's, which is there.
    :param fronts: the addresses for which it answers too.
    :raises InvalidArgument: there are none.
    :raises OnionKeyFileUnusable: the file cannot be written.
    """
    _write(Path(directory) / _FRONTS, formats.format_ob_config(fronts))


# -- client authorization -----------------------------------------------------------------------------------------------


def read_authorized_clients(directory: PathLike) -> dict[str, ClientAuthPublicKey]:
    """
    The clients that a service of a directory lets in, by name. With none it is open to everybody.

    :param directory: the service's.
    :raises OnionKeyFileUnusable: a file cannot be read, or is one that Tor would skip: then fewer clients would be let in than
        the files say, or, if none is left, everybody.
    """
    place = Path(directory) / _CLIENTS
    if not _exists(place):
        return {}
    with _blaming(place):
        names = sorted(os.listdir(place))
    found = {}
    for name in names:
        if name.startswith("."):
            continue
        if not name.endswith(".auth"):
            raise OnionKeyFileUnusable(str(place / name), "its name does not end in '.auth': Tor would skip it.")
        found[name.removesuffix(".auth")] = read_file(place / name, formats.parse_auth_file)
    return found


def write_authorized_client(directory: PathLike, name: str, key: ClientAuthPublicKey) -> None:
    """
    Let a client in. Tor has to read its configuration anew (HUP, or the same lines set again).

    :param directory: the service's.
    :param name: what the client is called here; another key under the same name is replaced.
    :raises InvalidArgument: the name cannot be that of a file.
    :raises OnionKeyFileUnusable: the file cannot be written.
    """
    place = Path(directory) / _CLIENTS
    path = place / f"{formats.check_name(name, 'The name of a client')}.auth"
    make_directory(place, 0o700)
    _write(path, formats.format_auth_file(key))


def remove_authorized_client(directory: PathLike, name: str) -> bool:
    """
    Let a client in no longer.

    :return: whether there was such a client.
    :raises InvalidArgument: the name cannot be that of a file.
    :raises OnionKeyFileUnusable: the file cannot be removed.
    """
    path = Path(directory) / _CLIENTS / f"{formats.check_name(name, 'The name of a client')}.auth"
    with _blaming(path):
        try:
            path.unlink()
        except FileNotFoundError:
            return False
    return True


def read_client_keys(directory: PathLike) -> dict[OnionAddress, ClientAuthKey]:
    """
    The keys of a ClientOnionAuthDir, by the address of the service that lets them in.

    :raises OnionKeyFileUnusable: a file cannot be read, or two are for one service, which Tor refuses.
    """
    place = Path(directory)
    with _blaming(place):
        names = sorted(name for name in os.listdir(place) if name.endswith(".auth_private"))
    found: dict[OnionAddress, ClientAuthKey] = {}
    for name in names:
        address, key = read_file(place / name, formats.parse_auth_private_file)
        if address in found:
            raise OnionKeyFileUnusable(str(place / name), f"it is the second key for {address}: Tor refuses both.")
        found[address] = key
    return found


def write_client_key(directory: PathLike, address: OnionAddress, key: ClientAuthKey) -> None:
    """
    Write a client's key as Tor does with ``Flags=Permanent``, into ClientOnionAuthDir, which is made if need be.

    :raises OnionKeyFileUnusable: the file cannot be written.
    """
    place = Path(directory)
    make_directory(place, 0o700)
    _write(place / f"{address.bare}.auth_private", formats.format_auth_private_file(address, key))
