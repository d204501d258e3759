# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
Key certificates in the files of a Tor on this machine.

The control port has none. Directory authorities do, but exits refuse to connect to them (since Tor 0.4.5, unless the consensus
says otherwise), so that they cannot be asked through Tor. The Tor itself has asked them, and keeps the certificates in a file.
"""

from __future__ import annotations

import os

from txtor.control import TorControlProtocol
from txtor.directory import DOWNLOAD_LIMITS
from txtor.errors import CannotVerify

_NAME = "cached-certs"
_HELP = "Give certificates, or a DirectoryClient that can be asked for them."


async def cached_certificates(protocol: TorControlProtocol) -> bytes:
    """
    The file in which a Tor keeps key certificates.

    :raises CannotVerify: it cannot be read, as when Tor runs on another machine or as another user.
    """
    folder = await protocol.get_conf_single("CacheDirectory") or await protocol.get_conf_single("DataDirectory")
    if not folder:
        raise CannotVerify("key certificate", f"Tor does not tell where it keeps certificates. {_HELP}")
    path = os.path.join(os.fsencode(folder), _NAME.encode())
    try:
        with open(path, "rb") as file:
            data = file.read(DOWNLOAD_LIMITS.total + 1)
    except (OSError, ValueError) as error:  # a path with a NUL byte is a ValueError
        raise CannotVerify("key certificate", f"{os.fsdecode(path)} cannot be read: {error}. {_HELP}") from error
    if len(data) > DOWNLOAD_LIMITS.total:
        raise CannotVerify("key certificate", f"{os.fsdecode(path)} is longer than {DOWNLOAD_LIMITS.total} bytes. {_HELP}")
    return data
