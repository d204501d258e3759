# -*- test-case-name: txtor.test.onion.test_back_end -*-
"""
Services that are back ends of Onionbalance, on a Tor in memory.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument, OnionKeyFileUnusable
from txtor.onion import (
    FilesystemOnionService,
    OnionKey,
    read_balanced_for,
    write_balanced_for,
    write_onion_directory,
)
from txtor.test.onion.services import KEY, OnionTor

FRONT, OTHER = OnionKey.generate().address, OnionKey.generate().address


class BackEndTests(SynchronousTestCase):
    """
    `Tor.create_filesystem_onion_service` with ``balanced_for``.
    """

    def setUp(self) -> None:
        self.tor = OnionTor()
        self.folder = os.path.abspath(self.mktemp())
        os.mkdir(self.folder)
        self.directory = os.path.join(self.folder, "mine")
        write_onion_directory(self.directory, KEY)
        self.file = os.path.join(self.directory, "ob_config")

    def make(self, **arguments: Any) -> Deferred[FilesystemOnionService]:
        """
        A service of the directory, which is not waited for.
        """
        return self.tor.controller.create_filesystem_onion_service(80, self.directory, wait="none", **arguments)

    def told(self) -> list[str]:
        """
        What Tor was told to set.
        """
        return [line for line in self.tor.received if line.startswith("SETCONF")]

    def test_made(self) -> None:
        """
        The file is there when Tor is told of the service, to the byte as Tor reads it, and nobody else can read it.
        """
        seen: list[bytes] = []
        answer_to = self.tor.answer_to

        def watch(connection: Any, command: Any) -> Any:
            if self.told():
                with open(self.file, "rb") as file:
                    seen.append(file.read())
            return answer_to(connection, command)

        self.patch(self.tor, "answer_to", watch)
        self.successResultOf(self.make(balanced_for=FRONT.bare.upper()))
        self.assertEqual(seen[:1], [b"MasterOnionAddress " + FRONT.hostname.encode() + b"\n"])
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.assertIn('HiddenServiceOnionBalanceInstance="1"', self.told()[-1])

    def test_several(self) -> None:
        """
        A back end of two front ends has a line for each, in their order; a file that was there is replaced.
        """
        write_balanced_for(self.directory, [OTHER])
        self.successResultOf(self.make(balanced_for=[FRONT, OTHER.hostname, FRONT]))
        self.assertEqual(read_balanced_for(self.directory), [FRONT, OTHER])

    def test_new_directory(self) -> None:
        """
        Where there is no directory yet, it is made as Tor wants it.
        """
        self.tor.refuse("SETCONF", 513, "so that Tor need not make keys")
        self.directory = os.path.join(self.folder, "new")
        for readable, mode in ((False, 0o700), (True, 0o750)):
            self.failureResultOf(self.make(balanced_for=FRONT, group_readable=readable))
            self.assertEqual(os.stat(self.directory).st_mode & 0o777, mode)
        self.assertEqual(os.listdir(self.directory), ["ob_config"])

    def test_by_option(self) -> None:
        """
        Who sets the option without the argument must have written a file of which Tor does not die.
        """
        option = {"HiddenServiceOnionBalanceInstance": True}
        self.failureResultOf(self.make(options=option), OnionKeyFileUnusable)
        with open(self.file, "w", encoding="ascii") as file:
            file.write("# nobody\n")
        self.failureResultOf(self.make(options=option), OnionKeyFileUnusable)
        self.assertEqual(self.told(), [])
        write_balanced_for(self.directory, [FRONT])
        self.successResultOf(self.make(options=option))
        os.unlink(self.file)
        self.successResultOf(self.make(options={"HiddenServiceOnionBalanceInstance": 0}))

    def test_wrong(self) -> None:
        """
        What is no address, nobody, and the same said twice are refused before anything is written.
        """
        for wrong in ("x", [FRONT, "x"], [], 5):
            self.failureResultOf(self.make(balanced_for=wrong), InvalidArgument)
        both = self.make(balanced_for=FRONT, options={"hiddenserviceonionbalanceinstance": 1})
        self.failureResultOf(both, InvalidArgument)
        self.assertFalse(os.path.exists(self.file))
        self.assertRaises(InvalidArgument, write_balanced_for, self.directory, [])
        self.assertEqual(self.tor.received, [])
