# -*- test-case-name: txtor.test.control.test_cookie -*-
"""
Reading the cookie file, as carefully as a file that a stranger names must be read.

Whoever listens on a control port says where its cookie is. Its size and kind are looked at before anything of it is
sent anywhere, or a hostile port could make us read out another file. See control-spec 5.1.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat

from txtor.errors import CookieUnreadable
from txtor.grammar import decode

#: The size of every cookie file.
COOKIE_SIZE = 32


def _owner(status: os.stat_result) -> str:
    try:
        user = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        user = str(status.st_uid)
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    return f"mode {stat.S_IMODE(status.st_mode):04o}, owner {user}, group {group}"


def _why_unreadable(path: bytes, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "it does not exist here. Tor names it as Tor sees it: perhaps in a container or a chroot, or on another machine."
    if error.errno not in (errno.EACCES, errno.EPERM):
        return f"{error.strerror}."
    try:
        about = f" ({_owner(os.stat(path))})"
    except OSError:
        about = ""  # not even its directory may be entered
    return (
        f"permission denied{about}. Add 'CookieAuthFileGroupReadable 1' to torrc and your user to the file's group, "
        "or use a password (HashedControlPassword)."
    )


def read_cookie(path: bytes) -> bytes:
    """
    Read a cookie file.

    :param path: the file, as Tor names it.
    :return: 32 bytes.
    :raises CookieUnreadable: it does not exist, may not be read, is no regular file, or has another size.
    """
    name = decode(path)
    try:
        # O_NONBLOCK: opening a FIFO would wait for ever; it does nothing to a regular file.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise CookieUnreadable(name, _why_unreadable(path, error)) from None
    except ValueError:
        raise CookieUnreadable(name, "the name holds a NUL.") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise CookieUnreadable(name, "it is not a regular file.")
        if status.st_size != COOKIE_SIZE:
            raise CookieUnreadable(name, f"it has {status.st_size} bytes and a cookie has {COOKIE_SIZE}; nothing of it was sent.")
        cookie = os.read(descriptor, COOKIE_SIZE + 1)
    except OSError as error:
        raise CookieUnreadable(name, _why_unreadable(path, error)) from None
    finally:
        os.close(descriptor)
    if len(cookie) != COOKIE_SIZE:
        raise CookieUnreadable(name, f"it has {len(cookie)} bytes and a cookie has {COOKIE_SIZE}; nothing of it was sent.")
    return cookie
