# -*- test-case-name: txtor.test.process.test_find -*-
"""
Where the tor binary is.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping

from txtor.errors import TorNotFound

#: Folders where tor is installed and which PATH may lack, as that of a service does.
FOLDERS = (
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
    "/opt/local/bin",
    "/usr/pkg/bin",
    "/snap/bin",
)

#: Where Tor Browser keeps its tor; ``~`` is the home of the user.
TOR_BROWSER = (
    "~/tor-browser*/Browser/TorBrowser/Tor/tor",
    "~/.tor-browser*/Browser/TorBrowser/Tor/tor",
    "~/Desktop/tor-browser*/Browser/TorBrowser/Tor/tor",
    "~/Downloads/tor-browser*/Browser/TorBrowser/Tor/tor",
    "~/.local/share/torbrowser/tbb/*/tor-browser*/Browser/TorBrowser/Tor/tor",
    "/Applications/Tor Browser.app/Contents/MacOS/Tor/tor",
    "~/Applications/Tor Browser.app/Contents/MacOS/Tor/tor",
)


def find_tor_binary(environment: Mapping[str, str] | None = None) -> str:
    """
    The path of a tor that can be run: of PATH, else of the usual folders, else Tor Browser's.

    :param environment: instead of the process's: ``PATH`` and ``HOME`` are looked at.
    :raises TorNotFound: there is none; the text names where it was looked for and how to install it.
    """
    names = os.environ if environment is None else environment
    places = list(_places(names))
    for place in places:
        for path in sorted(glob.glob(place), reverse=True) if "*" in place else [place]:
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return os.path.abspath(path)
    raise TorNotFound(places)


def _places(names: Mapping[str, str]) -> Iterator[str]:
    folders = [folder for folder in names.get("PATH", "").split(os.pathsep) if folder]
    for folder in dict.fromkeys([*folders, *FOLDERS]):
        yield os.path.join(glob.escape(folder) if "*" in folder else folder, "tor")
    home = names.get("HOME")
    for pattern in TOR_BROWSER:
        if not pattern.startswith("~"):
            yield pattern
        elif home:
            yield glob.escape(home) + pattern[1:]


def environment_of(binary: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    The environment for a tor: ours, and for that of Tor Browser also the folder of the libraries that lie beside it.

    :param environment: instead of the process's.
    """
    names = dict(os.environ if environment is None else environment)
    folder = os.path.dirname(binary)
    if glob.glob(os.path.join(glob.escape(folder), "libevent*.so*")):
        before = names.get("LD_LIBRARY_PATH")
        names["LD_LIBRARY_PATH"] = folder if not before else f"{folder}{os.pathsep}{before}"
    return names
