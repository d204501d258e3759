# -*- test-case-name: txtor.test.config.test_directories -*-
"""
Whether Tor will be able to use the directory of an onion service. Tor does not survive one that it cannot make.

This looks at the disk and so holds only for a Tor on this machine. What cannot be seen from here is left to Tor.
"""

from __future__ import annotations

import os
import stat

from txtor.errors import InvalidArgument

_KEEP = "Tor would exit. Nothing was sent."


def check_directory(directory: str, uid: int | None, group_readable: bool = False) -> None:
    """
    Refuse a directory that Tor could not make or use.

    :param uid: the user that Tor is, or ``None`` where that is not known.
    :param group_readable: whether HiddenServiceDirGroupReadable is set.
    :raises InvalidArgument: the path is relative; the parent does not exist or Tor may not write there; the directory
        is a file, another user's, or open to others.
    """
    if not os.path.isabs(directory):
        raise InvalidArgument(f"The directory of an onion service must be an absolute path for Tor to find it: {directory}")
    try:
        place = os.stat(directory)
    except FileNotFoundError:
        _check_parent(os.path.dirname(os.path.normpath(directory)), uid)
    except NotADirectoryError:
        raise InvalidArgument(f"{directory} lies below a file; {_KEEP}") from None
    except PermissionError:
        if uid is not None and uid == os.geteuid():
            raise InvalidArgument(f"{directory} lies where user {uid}, which Tor is, may not look; {_KEEP}") from None
        return  # it is not for us to look there: Tor will tell
    except OSError as error:
        raise InvalidArgument(f"{directory} cannot be the directory of an onion service: {error.strerror}") from None
    else:
        _check_existing(directory, place, uid, group_readable)


def _check_existing(directory: str, place: os.stat_result, uid: int | None, group_readable: bool) -> None:
    if not stat.S_ISDIR(place.st_mode):
        raise InvalidArgument(f"{directory} is not a directory.")
    if uid is not None and place.st_uid != uid:
        raise InvalidArgument(f"{directory} belongs to user {place.st_uid}, and Tor is user {uid}; {_KEEP}")
    if place.st_mode & (0o027 if group_readable else 0o077):
        mode = stat.S_IMODE(place.st_mode)
        raise InvalidArgument(f"Others may enter {directory} (its mode is {mode:o}), and Tor takes no such directory.")


def _check_parent(parent: str, uid: int | None) -> None:
    try:
        place = os.stat(parent)
        read_only = os.statvfs(parent).f_flag & os.ST_RDONLY
    except FileNotFoundError:
        raise InvalidArgument(f"{parent} does not exist, and Tor makes no parents of a directory; {_KEEP}") from None
    except OSError:
        return  # what we may not see, Tor may
    if read_only:
        raise InvalidArgument(f"{parent} is on a file system that cannot be written to; {_KEEP}")
    if uid is not None and not _may_write(place, uid):
        raise InvalidArgument(f"Tor, which is user {uid}, may not make a directory in {parent}; {_KEEP}")


def _may_write(place: os.stat_result, uid: int) -> bool:
    """
    Whether a user may make names in a directory, as far as its mode tells; of groups the best is thought.
    """
    wanted = stat.S_IWUSR | stat.S_IXUSR
    if uid == 0:
        return True
    if place.st_uid == uid:
        return place.st_mode & wanted == wanted
    return any(place.st_mode & (wanted >> shift) == wanted >> shift for shift in (3, 6))
