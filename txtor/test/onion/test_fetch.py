# -*- test-case-name: txtor.test.onion.test_fetch -*-
"""
Descriptors through a Tor in memory: fetched, verified, opened; posted.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import (
    ClientAuthorizationNeeded,
    ClientKeyNotAccepted,
    CommandTimeout,
    Disconnected,
    DocumentError,
    InvalidArgument,
    MalformedDocument,
    OnionFetchError,
    OnionPublishError,
    UnrecognizedCommand,
    UnrecognizedEntity,
    VerificationFailed,
)
from txtor.onion import (
    ClientAuthKey,
    DescriptorRequest,
    OnionDescriptor,
    OnionDescriptorContent,
    OnionKey,
    descriptor_slots,
    get_onion_descriptor,
    make_onion_descriptor,
    post_onion_descriptor,
)
from txtor.test.onion.services import DIRECTORIES, KEY, VALID_AFTER, OnionTor, descriptor_id

ADDRESS = KEY.address
NOW = datetime(2026, 11, 24, 12, 30, tzinfo=timezone.utc)
FRIEND = ClientAuthKey(b"\1" * 32)


def made(key: OnionKey = KEY, later: bool = False, **arguments: Any) -> OnionDescriptor:
    """
    A descriptor of a service, for the period of the consensus or the next one.
    """
    slot = descriptor_slots(VALID_AFTER + timedelta(days=later), None, None).for_clients
    if later:
        arguments["revision"] = 1
    return make_onion_descriptor(key, [], slot, NOW, **arguments)


class DescriptorCase(SynchronousTestCase):
    """
    A Tor in memory.
    """

    def setUp(self) -> None:
        self.tor = OnionTor()
        self.protocol = self.tor.controller.protocol

    def nothing_left(self) -> None:
        """
        Nobody listens, nothing is scheduled.
        """
        self.assertEqual(self.tor.listening_for, set())
        self.assertEqual(self.tor.clock.getDelayedCalls(), [])

    def happened(self, action: str, number: int, more: str = "", address: str = ADDRESS.bare) -> None:
        """
        An HS_DESC event.
        """
        name = "" if action == "UPLOADED" else f" {descriptor_id(address)}"
        self.tor.emit(f"HS_DESC {action} {address} NO_AUTH ${DIRECTORIES[number]}~relay{number}{name}{more}")


class FetchTests(DescriptorCase):
    """
    `Tor.get_onion_descriptor`.
    """

    def fetch(self, client_key: Any = None, servers: tuple[str, ...] = (), timeout: float | None = 60) -> Deferred[Any]:
        """
        Ask for the descriptor.
        """
        request = DescriptorRequest(ADDRESS.hostname, servers, timeout)
        return get_onion_descriptor(self.tor.clock, self.protocol, request, client_key, now=lambda: NOW)

    def content(self, descriptor: bytes, number: int = 1, address: str = ADDRESS.bare) -> None:
        """
        A descriptor comes.
        """
        self.happened("RECEIVED", number, address=address)
        name = descriptor_id(address)
        self.tor.emit(f"HS_DESC_CONTENT {address} {name} ${DIRECTORIES[number]}~relay{number}", data=descriptor)

    def test_fetch(self) -> None:
        """
        The descriptor is fetched, verified and opened; who asks listens before.
        """
        waiting = self.fetch(servers=("relay1", DIRECTORIES[2]))
        words = [line.split()[0] for line in self.tor.received]
        self.assertLess(words.index("SETEVENTS"), words.index("HSFETCH"))
        self.assertEqual(self.tor.received[-1], f"HSFETCH {ADDRESS.bare} SERVER=relay1 SERVER=${DIRECTORIES[2]}")
        self.happened("REQUESTED", 1)
        self.assertNoResult(waiting)
        self.content(bytes(made()))
        content = self.successResultOf(waiting)
        self.assertIsInstance(content, OnionDescriptorContent)
        self.assertEqual((content.address, content.authorized, content.introduction_points), (ADDRESS, False, ()))
        self.nothing_left()

    def test_of_others(self) -> None:
        """
        What comes for another service, and the empty descriptor that follows a refusal, are not what was asked for.
        """
        waiting = self.fetch()
        other = OnionKey.generate()
        self.content(bytes(made(other)), address=other.address.bare)
        self.content(b"")
        self.assertNoResult(waiting)
        self.content(bytes(made()))
        self.successResultOf(waiting)

    def test_clients(self) -> None:
        """
        A service with chosen clients: the right key opens it, another one does not, and none is not enough. Case 104.
        """
        descriptor = bytes(made(clients=[FRIEND.public_key]))
        for key, error in ((FRIEND, None), (ClientAuthKey.generate(), ClientKeyNotAccepted), (None, ClientAuthorizationNeeded)):
            waiting = self.fetch(key if key is None else key.blob)
            self.content(descriptor)
            if error is None:
                self.assertTrue(self.successResultOf(waiting).authorized)
            else:
                self.failureResultOf(waiting, error)
        self.nothing_left()

    def test_not_believed(self) -> None:
        """
        What is no descriptor, that of another service, and one with a changed byte are refused. Cases 1 and 122.
        """
        good = bytes(made())
        spoiled = good.replace(b"revision-counter ", b"revision-counter 9")
        for bad, error in (
            (b"no descriptor\n", MalformedDocument),
            (bytes(made(OnionKey.generate())), VerificationFailed),
            (spoiled, VerificationFailed),
            (good[: len(good) // 2], DocumentError),
        ):
            waiting = self.fetch()
            self.content(bad)
            self.failureResultOf(waiting, error)
        self.nothing_left()

    def test_period_that_begins(self) -> None:
        """
        A period may begin while the descriptor is on its way: it is judged by the one it was asked for, or by the new one.
        """
        today, tomorrow = (("2026-11-24 12:00:00", "2026-11-24 13:00:00"), ("2026-11-25 12:00:00", "2026-11-25 13:00:00"))
        for descriptor in (made(), made(later=True)):
            self.tor.info["consensus/valid-after"], self.tor.info["consensus/fresh-until"] = today
            waiting = self.fetch()
            self.tor.info["consensus/valid-after"], self.tor.info["consensus/fresh-until"] = tomorrow
            self.content(bytes(descriptor))
            self.assertEqual(self.successResultOf(waiting).descriptor.blinded_key, descriptor.blinded_key)
        self.tor.info["consensus/valid-after"], self.tor.info["consensus/fresh-until"] = today
        waiting = self.fetch()
        self.content(bytes(made(later=True)))
        self.failureResultOf(waiting, VerificationFailed)

    def test_all_refused(self) -> None:
        """
        When all that were asked have refused, and no other is asked for a moment, that is the end, and is told with reasons.
        """
        waiting = self.fetch()
        self.happened("REQUESTED", 1)
        self.happened("FAILED", 1, " REASON=NOT_FOUND")
        self.content(b"")
        self.tor.clock.advance(1.5)
        self.happened("REQUESTED", 2)
        self.tor.clock.advance(1.5)
        self.assertNoResult(waiting)
        self.happened("FAILED", 2, " REASON=QUERY_REJECTED")
        self.tor.clock.advance(2)
        error = self.failureResultOf(waiting, OnionFetchError).value
        self.assertEqual(error.reasons, {DIRECTORIES[1]: "NOT_FOUND", DIRECTORIES[2]: "QUERY_REJECTED"})
        self.nothing_left()

    def test_silence(self) -> None:
        """
        Tor acknowledges and stays silent, as without a network: the deadline ends it. Cases 10 and 105.
        """
        waiting = self.fetch(timeout=20)
        self.happened("REQUESTED", 1)
        self.tor.clock.advance(19)
        self.assertNoResult(waiting)
        self.tor.clock.advance(1)
        error = self.failureResultOf(waiting, OnionFetchError).value
        self.assertEqual(error.reasons, {DIRECTORIES[1]: "no answer"})
        self.assertIn("in time", str(error))
        self.nothing_left()

    def test_mute(self) -> None:
        """
        A Tor that does not even acknowledge is given up as well.
        """
        for keyword in ("GETINFO", "SETEVENTS", "HSFETCH"):
            self.tor = OnionTor()
            self.protocol = self.tor.controller.protocol
            self.tor.mute(keyword)
            waiting = self.fetch(timeout=20)
            self.tor.clock.advance(20)
            self.failureResultOf(waiting, CommandTimeout)
            self.assertEqual(self.tor.clock.getDelayedCalls(), [])

    def test_cancelled(self) -> None:
        """
        A cancel leaves nothing behind. Case 105.
        """
        waiting = self.fetch()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.nothing_left()

    def test_disconnected(self) -> None:
        """
        The connection is lost: one error.
        """
        waiting = self.fetch()
        self.tor.drop()
        self.failureResultOf(waiting, Disconnected)
        self.nothing_left()

    def test_refused(self) -> None:
        """
        Tor knows no such relay, or a filter does not let the command pass.
        """
        self.failureResultOf(self.fetch(servers=("nobody",)), UnrecognizedEntity)
        self.tor.refuse("HSFETCH", 510, "Command filtered")
        self.failureResultOf(self.fetch(), UnrecognizedCommand)
        self.nothing_left()

    def test_wrong_arguments(self) -> None:
        """
        What cannot be is told before Tor is asked. Case 106.
        """
        tor = self.tor.controller
        for waiting in (
            tor.get_onion_descriptor("x"),
            tor.get_onion_descriptor(ADDRESS, "x"),
            tor.get_onion_descriptor(ADDRESS, servers=["a b"]),
            tor.get_onion_descriptor(ADDRESS, timeout=-1),
            tor.post_onion_descriptor(b"", "x"),
        ):
            self.failureResultOf(waiting, InvalidArgument)
        self.assertEqual(self.tor.received, [])


class PostTests(DescriptorCase):
    """
    `Tor.post_onion_descriptor`.
    """

    def post(self, descriptor: OnionDescriptor | bytes, *servers: str) -> Deferred[Any]:
        """
        Post a descriptor.
        """
        request = DescriptorRequest(ADDRESS, servers, 60)
        return post_onion_descriptor(self.tor.clock, self.protocol, descriptor, request, now=lambda: NOW)

    def test_servers(self) -> None:
        """
        Certain directories: each is waited for, whether it was named by fingerprint or nickname.
        """
        waiting = self.post(made(), DIRECTORIES[1], "relay2", "relay3")
        self.assertEqual(
            self.tor.received[-1],
            f"HSPOST SERVER=${DIRECTORIES[1]} SERVER=relay2 SERVER=relay3 HSADDRESS={ADDRESS.bare}",
        )
        self.happened("UPLOADED", 1)
        self.happened("FAILED", 2, " REASON=UPLOAD_REJECTED")
        self.happened("UPLOADED", 4)
        self.assertNoResult(waiting)
        self.happened("UPLOADED", 3)
        report = self.successResultOf(waiting)
        self.assertEqual(report.holding, {DIRECTORIES[1], DIRECTORIES[3], DIRECTORIES[4]})
        self.assertEqual((report.refusing, report.open), ({DIRECTORIES[2]: "UPLOAD_REJECTED"}, frozenset()))
        self.nothing_left()

    def test_whoever_is_responsible(self) -> None:
        """
        Tor chooses the directories and does not say which: answers are waited for until none comes for a while.
        """
        waiting = self.post(bytes(made()))
        self.happened("UPLOADED", 1)
        self.tor.clock.advance(1.5)
        self.happened("UPLOADED", 2)
        self.tor.clock.advance(1.5)
        self.assertNoResult(waiting)
        self.tor.clock.advance(0.5)
        self.assertEqual(self.successResultOf(waiting).holding, set(DIRECTORIES[1:3]))
        self.nothing_left()

    def test_none_took_it(self) -> None:
        """
        All refuse, or nobody answers in time: the error says which.
        """
        waiting = self.post(made(), "relay1")
        self.happened("FAILED", 1, " REASON=UPLOAD_REJECTED")
        error = self.failureResultOf(waiting, OnionPublishError).value
        self.assertEqual(error.reasons, {DIRECTORIES[1]: "UPLOAD_REJECTED"})
        waiting = self.post(made(), "relay1")
        self.tor.clock.advance(60)
        self.assertIn("in time", str(self.failureResultOf(waiting, OnionPublishError).value))
        self.nothing_left()

    def test_missing_answers(self) -> None:
        """
        At the deadline those that have not answered are open in the report.
        """
        waiting = self.post(made(), "relay1", "relay2")
        self.happened("UPLOADED", 1)
        self.tor.clock.advance(60)
        self.assertEqual(self.successResultOf(waiting).open, {"relay2"})

    def test_wrong_descriptor(self) -> None:
        """
        A descriptor of another service, or none at all, is not sent; Tor does not compare it with the address.
        """
        self.failureResultOf(self.post(made(OnionKey.generate())), InvalidArgument)
        self.failureResultOf(self.post(b"no descriptor\n"), DocumentError)
        self.assertEqual([line for line in self.tor.received if line.startswith("HSPOST")], [])
        self.nothing_left()

    def test_cancelled(self) -> None:
        """
        A cancel, and the end of the connection, leave nothing behind.
        """
        waiting = self.post(made(), "relay1")
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        waiting = self.post(made(), "relay1")
        self.tor.drop()
        self.failureResultOf(waiting, Disconnected)
        self.nothing_left()
