# -*- test-case-name: txtor.test.onion.test_disk_service -*-
"""
Onion services with files, on a Tor in memory: its configuration, and directories as Tor would write them.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import (
    CommandTimeout,
    Disconnected,
    InvalidArgument,
    OnionKeyFileUnusable,
    OnionPublishError,
    UnrecognizedArgument,
    UnrecognizedCommand,
)
from txtor.onion import (
    ClientAuthKey,
    FilesystemOnionService,
    OnionKey,
    read_authorized_clients,
    write_onion_directory,
)
from txtor.onion._configured import blocks_of
from txtor.test.onion.services import KEY, OnionTor

ADDRESS = KEY.address.bare


class DiskServiceTests(SynchronousTestCase):
    """
    `Tor.create_filesystem_onion_service`.
    """

    def setUp(self) -> None:
        self.tor = OnionTor()
        self.controller = self.tor.controller
        self.folder = os.path.abspath(self.mktemp())
        os.mkdir(self.folder)
        self.directory = os.path.join(self.folder, "mine")
        write_onion_directory(self.directory, KEY)

    def make(self, ports: Any = 80, **arguments: Any) -> Deferred[FilesystemOnionService]:
        """
        A service of the directory.
        """
        return self.controller.create_filesystem_onion_service(ports, self.directory, **arguments)

    def service(self, **arguments: Any) -> FilesystemOnionService:
        """
        The same, not waited for.
        """
        made: FilesystemOnionService = self.successResultOf(self.make(wait="none", **arguments))
        return made

    def configured(self) -> list[str]:
        """
        The lines of the services that Tor has.
        """
        text = self.successResultOf(self.controller.protocol.get_conf_raw("HiddenServiceOptions"))
        return [line for line in str(text).splitlines() if "=" in line]

    def nothing_left(self) -> None:
        """
        Nobody listens, nothing is scheduled.
        """
        self.assertEqual(self.tor.listening_for, set())
        self.assertEqual(self.tor.clock.getDelayedCalls(), [])

    def test_made(self) -> None:
        """
        The service has the address and key of its directory, and lines in their order.
        """
        service = self.service(ports=["80 127.0.0.1:8080", 81], options={"HiddenServiceMaxStreams": 5})
        self.assertEqual((service.address, service.private_key, service.version), (KEY.address, KEY.blob, 3))
        self.assertEqual(service.ports, ("80 127.0.0.1:8080", "81 127.0.0.1:81"))
        self.assertNotIn(KEY.blob.partition(":")[2][:8], repr(service))
        self.assertEqual(
            self.configured(),
            [
                f"HiddenServiceDir={self.directory}",
                "HiddenServicePort=80 127.0.0.1:8080",
                "HiddenServicePort=81 127.0.0.1:81",
                "HiddenServiceMaxStreams=5",
            ],
        )

    def test_others_stay(self) -> None:
        """
        Other services keep their lines and their order, when one comes, is replaced and goes. Cases 11 and 67.
        """
        first, last = (os.path.join(self.folder, name) for name in ("first", "last"))
        for directory in (first, self.directory, last):
            write_onion_directory(directory, KEY if directory == self.directory else OnionKey.generate())
        services = [
            self.successResultOf(self.controller.create_filesystem_onion_service(port, directory, wait="none"))
            for port, directory in ((1, first), (2, self.directory), (3, last))
        ]
        replaced = self.service(ports=["4 127.0.0.1:44"])
        ports = [line for line in self.configured() if line.startswith("HiddenServicePort")]
        self.assertEqual([line.split("=")[1] for line in ports], ["1 127.0.0.1:1", "4 127.0.0.1:44", "3 127.0.0.1:3"])
        self.successResultOf(replaced.remove())
        self.successResultOf(replaced.remove())
        self.assertEqual(len(self.configured()), 4)
        for service in (services[0], services[2]):
            self.successResultOf(service.remove())
        self.assertEqual(self.configured(), [])
        self.successResultOf(services[1].remove())
        self.nothing_left()

    def test_at_once(self) -> None:
        """
        Changes that are asked for at the same time do not undo each other. Case 11.
        """
        directories = [os.path.join(self.folder, name) for name in "abc"]
        for directory in directories:
            write_onion_directory(directory, OnionKey.generate())
        self.tor.hold()
        making = [self.controller.create_filesystem_onion_service(80, each, wait="none") for each in directories]
        while self.tor.held:
            self.tor.release()
        services = [self.successResultOf(each) for each in making]
        self.assertEqual({line for line in self.configured() if "Dir=" in line}, {f"HiddenServiceDir={d}" for d in directories})
        for service in services:
            self.successResultOf(service.remove())

    def test_published(self) -> None:
        """
        A new service is waited for; one that Tor had before is not, since Tor does not publish it anew.
        """
        waiting = self.make()
        self.assertNoResult(waiting)
        self.tor.upload(ADDRESS, 1)
        self.tor.stored(ADDRESS, 1)
        service = self.successResultOf(waiting)
        self.assertTrue(service.report.published)
        self.assertTrue(self.successResultOf(service.when_published()).published)
        self.successResultOf(self.make())

    def test_failing(self) -> None:
        """
        When it is not published, is cancelled or refused, the configuration is as it was. Case 98.
        """
        waiting = self.make(timeout=30)
        self.tor.clock.advance(30)
        self.failureResultOf(waiting, OnionPublishError)
        waiting = self.make()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(self.configured(), [])
        self.nothing_left()
        self.tor.refuse("SETCONF", 513, "Unacceptable option value: Failed to configure rendezvous options.")
        self.failureResultOf(self.make(), UnrecognizedArgument)
        self.tor.refuse("GETCONF", 510, "Command filtered")
        self.failureResultOf(self.make(), UnrecognizedCommand)
        self.nothing_left()

    def test_mute(self) -> None:
        """
        A Tor that does not answer is given up, and a lost connection is told.
        """
        self.tor.mute("GETCONF")
        waiting = self.make(timeout=30)
        self.tor.clock.advance(30)
        self.failureResultOf(waiting, CommandTimeout)
        self.tor = OnionTor()
        self.controller = self.tor.controller
        waiting = self.make()
        self.tor.drop()
        self.failureResultOf(waiting, Disconnected)
        self.nothing_left()

    def test_directories_that_tor_does_not_survive(self) -> None:
        """
        A missing parent, a key that is cut short, others' keys: told before Tor is. Case 12.
        """
        secret = os.path.join(self.directory, "hs_ed25519_secret_key")
        with open(secret, "r+b") as file:
            file.truncate(90)
        self.failureResultOf(self.make(), OnionKeyFileUnusable)
        self.assertEqual(os.path.getsize(secret), 90)
        missing = os.path.join(self.folder, "missing", "mine")
        self.failureResultOf(self.controller.create_filesystem_onion_service(80, missing), OnionKeyFileUnusable)
        self.assertEqual([line for line in self.tor.received if line.startswith("SETCONF")], [])
        self.nothing_left()

    def test_clients(self) -> None:
        """
        The files of clients are there before Tor is told of the service; they are exchanged while it runs. Case 104.
        """
        first, second = (ClientAuthKey.generate().public_key for _ in range(2))
        seen: list[Any] = []
        answer = self.tor._answers["SETCONF"]

        def look(connection: Any, command: Any) -> Any:
            seen.append(read_authorized_clients(self.directory))
            return answer(connection, command)

        self.tor.answer("SETCONF", look)
        service = self.service(clients={"first": first, "other": second.base32})
        heard: list[str] = []
        service.add_progress_listener(lambda percent, word, sentence: heard.append(word))
        waiting = service.set_clients({"other": first})
        self.tor.clock.advance(0)
        self.assertEqual(seen, [{"first": first, "other": second}, {"other": first}])
        self.assertNoResult(waiting)
        self.tor.upload(ADDRESS, 1)
        self.tor.stored(ADDRESS, 1)
        self.assertTrue(self.successResultOf(waiting).published)
        self.assertEqual(heard, ["upload_started", "upload_stored", "published"])
        self.failureResultOf(service.set_clients({}), InvalidArgument)
        self.failureResultOf(service.set_clients({"a/b": first}), InvalidArgument)
        self.assertEqual(read_authorized_clients(self.directory), {"other": first})
        waiting = service.set_clients(None, timeout=10)
        self.tor.clock.pump([1, 1])
        self.assertEqual(read_authorized_clients(self.directory), {})
        self.tor.clock.advance(10)
        self.failureResultOf(waiting, OnionPublishError)
        self.assertEqual(len(self.configured()), 2)
        self.successResultOf(service.remove())
        self.failureResultOf(service.set_clients(None), InvalidArgument)
        self.nothing_left()

    def test_clients_in_the_same_second(self) -> None:
        """
        Directories take nothing newer that was made in the same second: Tor is told of other clients when it is over.
        """
        first, second = (ClientAuthKey.generate().public_key for _ in range(2))
        service = self.service(clients={"first": first})
        self.tor.upload(ADDRESS, 1)
        self.tor.clock.advance(0.5)
        del self.tor.received[:]
        waiting = service.set_clients({"first": second}, timeout=None)
        self.tor.clock.advance(1.4)
        self.assertEqual((self.tor.received, read_authorized_clients(self.directory)), ([], {"first": second}))
        self.tor.clock.advance(0.2)
        self.assertEqual([line.split()[0] for line in self.tor.received], ["GETCONF", "SETCONF", "GETINFO"])
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)

    def test_the_same_clients(self) -> None:
        """
        Where the keys stay, whatever they are called, Tor publishes nothing, and nothing is waited for.
        """
        friend = ClientAuthKey.generate().public_key
        service = self.service(clients={"first": friend})
        self.assertFalse(self.successResultOf(service.set_clients({"renamed": friend})).published)
        self.assertEqual(read_authorized_clients(self.directory), {"renamed": friend})

    def test_new_directory_with_clients(self) -> None:
        """
        A directory that Tor would make is made here where clients are chosen, closed to others.
        """
        directory = os.path.join(self.folder, "new")
        friend = ClientAuthKey.generate().public_key
        waiting = self.controller.create_filesystem_onion_service(80, directory, clients={"friend": friend}, wait="none")
        self.failureResultOf(waiting, OnionKeyFileUnusable)  # a Tor in memory writes no host name
        self.assertEqual(os.stat(directory).st_mode & 0o777, 0o700)
        self.assertEqual(read_authorized_clients(directory), {"friend": friend})
        self.assertEqual(self.configured(), [])

    def test_wrong_arguments(self) -> None:
        """
        What cannot be is told before Tor is asked.
        """
        wrong: list[tuple[Any, dict[str, Any]]] = [
            ("relative", {}),
            (b"/bytes", {}),
            ("/a\0b", {}),
            (self.directory, {"version": 2}),
            (self.directory, {"wait": "some"}),
            (self.directory, {"timeout": -1}),
            (self.directory, {"clients": []}),
            (self.directory, {"clients": {"x": "y"}}),
            (self.directory, {"options": {"SocksPort": 1}}),
            (self.directory, {"options": {"HiddenServiceDir": "/x"}}),
            (self.directory, {"options": {"HiddenService Port": "1"}}),
            (self.directory, {"options": {"HiddenServiceMaxStreams": object()}}),
            (self.directory, {"options": {"HiddenServiceMaxStreams": "1\0"}}),
        ]
        for directory, arguments in wrong:
            self.failureResultOf(self.controller.create_filesystem_onion_service(80, directory, **arguments), InvalidArgument)
        self.assertEqual(self.tor.received, [])

    def test_create(self) -> None:
        """
        The class makes services too.
        """
        making = FilesystemOnionService.create(self.tor.clock, self.controller, self.directory, ["80 127.0.0.1:1"], wait="none")
        self.assertEqual(self.successResultOf(making).ports, ("80 127.0.0.1:1",))

    def test_blocks(self) -> None:
        """
        Lines belong to the directory before them; those before the first one are kept together.
        """
        lines = [("HiddenServicePort", "1"), ("HiddenServiceDir", "/a"), ("Unknown", "x"), ("hiddenservicedir", "/b")]
        self.assertEqual(blocks_of(lines), [tuple(lines[:1]), tuple(lines[1:3]), tuple(lines[3:])])
        self.assertEqual(blocks_of([]), [])
