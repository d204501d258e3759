"""
Where the tor binary is found, and how it is said that there is none.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import TorNotFound
from txtor.process import _find, find_tor_binary


class FindTests(SynchronousTestCase):
    """
    Folders with programs that stand for tor.
    """

    def setUp(self) -> None:
        """
        A home and a folder of PATH.
        """
        self.home, self.folder = self.mktemp(), self.mktemp()
        for path in (self.home, self.folder):
            os.makedirs(path)
        self.patch(_find, "FOLDERS", ())
        self.environment = {"PATH": f"/nowhere{os.pathsep}{self.folder}", "HOME": os.path.abspath(self.home)}

    def make(self, path: str, mode: int = 0o755) -> str:
        """
        Make a program.
        """
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii"):
            os.chmod(path, mode)
        return os.path.abspath(path)

    def test_path(self) -> None:
        """
        What PATH has comes first, as an absolute path.
        """
        self.make(f"{self.home}/tor-browser/Browser/TorBrowser/Tor/tor")
        tor = self.make(f"{self.folder}/tor")
        self.assertEqual(find_tor_binary(self.environment), tor)

    def test_usual_folder(self) -> None:
        """
        A folder that PATH lacks is looked at too.
        """
        usual = self.mktemp()
        self.patch(_find, "FOLDERS", (usual,))
        tor = self.make(f"{usual}/tor")
        self.assertEqual(find_tor_binary({"PATH": ""}), tor)

    def test_tor_browser(self) -> None:
        """
        Tor Browser's tor is found in the home, whatever its version and the name of the home.
        """
        self.environment["HOME"] = os.path.abspath(self.home + "[a]*")
        tor = self.make(f"{self.environment['HOME']}/tor-browser_en-US/Browser/TorBrowser/Tor/tor")
        self.assertEqual(find_tor_binary(self.environment), tor)

    def test_not_executable(self) -> None:
        """
        A file that cannot be run, or a folder, is no tor.
        """
        os.makedirs(f"{self.folder}/tor/tor")
        self.make(f"{self.home}/tor", 0o644)
        self.environment["PATH"] += os.pathsep + self.home
        self.assertRaises(TorNotFound, find_tor_binary, self.environment)

    def test_none(self) -> None:
        """
        The error names the places that were looked at and how to install tor. Case 63.
        """
        error = self.assertRaises(TorNotFound, find_tor_binary, self.environment)
        self.assertIn(f"{self.folder}/tor", error.places)
        for word in (f"{self.folder}/tor", "/nowhere/tor", "apt-get install tor"):
            self.assertIn(word, str(error))

    def test_environment(self) -> None:
        """
        A tor gets our environment; that of Tor Browser finds the libraries beside it. Case 61.
        """
        self.assertEqual(_find.environment_of("/usr/bin/tor", {"A": "b"}), {"A": "b"})
        tor = self.make(f"{self.folder}/tor")
        self.make(f"{self.folder}/libevent-2.1.so.7")
        folder = os.path.dirname(tor)
        self.assertEqual(_find.environment_of(tor, {}), {"LD_LIBRARY_PATH": folder})
        self.assertEqual(_find.environment_of(tor, {"LD_LIBRARY_PATH": "/l"}), {"LD_LIBRARY_PATH": f"{folder}:/l"})
