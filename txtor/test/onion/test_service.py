# -*- test-case-name: txtor.test.onion.test_service -*-
"""
Onion services without files: made, followed, changed and removed, on a Tor in memory.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory
from twisted.protocols.wire import Echo
from twisted.trial.unittest import SynchronousTestCase, TestCase

from txtor import DISCARD, Tor
from txtor._deferred import deferred
from txtor.errors import (
    ArgumentSyntaxError,
    CommandTimeout,
    Disconnected,
    InvalidArgument,
    OnionAddressCollision,
    OnionKeyFileUnusable,
    OnionPublishError,
    ProtocolViolation,
    TorRefused,
    UnrecognizedCommand,
)
from txtor.grammar import ReplyLine
from txtor.onion import (
    ClientAuthKey,
    EphemeralOnionService,
    OnionKey,
    OnionKeyFile,
    OnionTiming,
    ServicePort,
    keep_onion_key,
    service_index,
)
from txtor.test.onion.services import DIRECTORIES, KEY, VALID_AFTER, OnionTor, descriptor_id
from txtor.testing import FakeTor

ADDRESS = KEY.address.bare


class ServiceCase(SynchronousTestCase):
    """
    A Tor in memory.
    """

    def setUp(self) -> None:
        self.tor = OnionTor()
        self.controller = self.tor.controller

    def nothing_left(self) -> None:
        """
        No service, nobody who listens to descriptors, no open port and nothing scheduled.
        """
        self.assertEqual(self.tor.onions, [])
        self.assertEqual(self.tor.listening_for, set())
        self.assertEqual(self.tor.clock.getDelayedCalls(), [])

    def make(self, **arguments: Any) -> EphemeralOnionService:
        """
        A service that is not waited for.
        """
        made: EphemeralOnionService = self.successResultOf(self.controller.create_onion_service([80], wait="none", **arguments))
        return made


    def ended(self, waiting: Deferred[Any]) -> Deferred[Any]:
        """
        Something that does not wait beyond the test.
        """
        self.addCleanup(lambda: waiting.addErrback(lambda failure: None).cancel())
        return waiting


class MakingTests(ServiceCase):
    """
    What Tor is told, and what comes of it.
    """

    def sent(self) -> str:
        """
        The command that made the service.
        """
        (line,) = [line for line in self.tor.received if line.startswith("ADD_ONION")]
        return line

    def test_new(self) -> None:
        """
        Tor makes a key, the address is known at once, and the key is shown to those alone who ask for it. Case 100.
        """
        service = self.make()
        self.assertEqual(self.sent(), "ADD_ONION NEW:ED25519-V3 Port=80,127.0.0.1:80")
        self.assertEqual([service.address.bare], self.tor.onions)
        self.assertEqual(service.hostname, self.tor.onions[0] + ".onion")
        assert service.private_key is not None
        self.assertEqual(OnionKey.from_blob(service.private_key).address, service.address)
        self.assertNotIn(service.private_key.partition(":")[2], f"{service!r} {service} {vars(service)['_terms']!r}")
        self.assertEqual((service.version, service.ports, service.detached), (3, ("80 127.0.0.1:80",), False))

    def test_key(self) -> None:
        """
        A key gives its address, in both spellings; it is kept. Case 100.
        """
        for key in (KEY, KEY.blob):
            service = self.make(private_key=key)
            self.assertEqual((service.address, service.private_key), (KEY.address, KEY.blob))
            self.successResultOf(service.remove())

    def test_key_file(self) -> None:
        """
        A key in a file, which is made if it is not there; what is wrong with it is told before Tor is asked.
        """
        path = self.mktemp()
        addresses = []
        for _ in range(2):
            service = self.make(private_key=OnionKeyFile(path))
            addresses.append(service.address)
            self.successResultOf(service.remove())
        self.assertEqual(addresses, [keep_onion_key(path).address] * 2)
        del self.tor.received[:]
        self.failureResultOf(self.controller.create_onion_service(80, OnionKeyFile("/nonexistent/key")), OnionKeyFileUnusable)
        self.assertEqual(self.tor.received, [])
        self.assertIn("/nonexistent", repr(OnionKeyFile("/nonexistent/key")))

    def test_discard(self) -> None:
        """
        Tor never tells a key that is not wanted, and the service can be removed all the same. Case 100.
        """
        service = self.make(private_key=DISCARD)
        self.assertEqual(self.sent(), "ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port=80,127.0.0.1:80")
        self.assertIsNone(service.private_key)
        self.successResultOf(service.remove())
        self.nothing_left()

    def test_options(self) -> None:
        """
        Every option becomes a word or a flag.
        """
        friend = ClientAuthKey.generate().public_key
        self.tor.answer("ADD_ONION", lambda connection, command: [ReplyLine(250, f"ServiceID={ADDRESS}"), ReplyLine(250, "OK")])
        service = self.make(
            private_key=KEY,
            detach=True,
            single_hop=True,
            max_streams=5,
            max_streams_close_circuit=True,
            pow_enabled=True,
            pow_queue_rate=10,
            pow_queue_burst=20,
            clients={"bob": friend},
        )
        self.assertEqual(
            self.sent(),
            f"ADD_ONION {KEY.blob} Flags=Detach,MaxStreamsCloseCircuit,NonAnonymous,V3Auth MaxStreams=5 PoWDefensesEnabled=1 "
            f"PoWQueueRate=10 PoWQueueBurst=20 Port=80,127.0.0.1:80 ClientAuthV3={friend.base32}",
        )
        self.assertEqual((service.detached, service.clients), (True, (friend,)))

    def test_wrong_arguments(self) -> None:
        """
        What cannot be is told before Tor is asked. Cases 8, 96, 100.
        """
        wrong: list[dict[str, Any]] = [
            {"version": 2},
            {"private_key": KEY.blob.partition(":")[2]},
            {"private_key": "RSA1024:AAAA"},
            {"private_key": b"bytes"},
            {"max_streams": 65536},
            {"pow_queue_rate": -1},
            {"clients": []},
            {"clients": ["x"]},
            {"clients": [ClientAuthKey.generate()]},
            {"clients": ClientAuthKey.generate().public_key},
            {"wait": "some"},
            {"wait": "first", "await_all_uploads": True},
            {"timeout": 0},
            {"timeout": True},
            {"timeout": float("nan")},
        ]
        for arguments in wrong:
            self.failureResultOf(self.controller.create_onion_service([80], **arguments), InvalidArgument)
        self.assertEqual(self.tor.received, [])
        with self.assertRaises(TypeError):
            self.controller.create_onion_service([80], await_all=True)  # type: ignore[call-arg]
        self.failureResultOf(EphemeralOnionService.create(self.tor.clock, self.controller, [80], bogus=1), TypeError)
        self.failureResultOf(EphemeralOnionService.create(self.tor.clock, object(), [80]), InvalidArgument)  # type: ignore[arg-type]

    def test_create(self) -> None:
        """
        The class makes services too, of a Tor, of a connection, and of anything that has one.
        """
        for tor in (self.controller, self.controller.protocol):
            making = EphemeralOnionService.create(self.tor.clock, tor, ["80 127.0.0.1:8080"], private_key=KEY, wait="none")
            service = self.successResultOf(making)
            self.assertEqual(service.ports, ("80 127.0.0.1:8080",))
            self.successResultOf(service.remove())

    def test_collision(self) -> None:
        """
        A key that is in use has its own error, which is a refusal by Tor. Case 101.
        """
        self.make(private_key=KEY)
        error = self.failureResultOf(self.controller.create_onion_service([80], private_key=KEY), OnionAddressCollision).value
        self.assertIsInstance(error, TorRefused)
        self.assertEqual(error.status, 550)
        self.assertEqual(self.tor.onions, [ADDRESS])

    def test_other_address(self) -> None:
        """
        A Tor that makes another service of a key than the key's is not believed, and the service is removed.
        """
        other = OnionKey.generate().address.bare
        answer = [ReplyLine(250, f"ServiceID={other}"), ReplyLine(250, "OK")]
        self.tor.answer("ADD_ONION", lambda connection, command: answer)
        self.failureResultOf(self.controller.create_onion_service([80], private_key=KEY), ProtocolViolation)
        self.assertIn(f"DEL_ONION {other}", self.tor.received)
        self.nothing_left()

    def test_work_unknown(self) -> None:
        """
        A Tor that knows no proof of work: the error says so. Case 104.
        """
        self.tor.refuse("ADD_ONION", 512, "Unknown argument 'PoWDefensesEnabled'")
        error = self.failureResultOf(self.controller.create_onion_service([80], pow_enabled=True), ArgumentSyntaxError).value
        self.assertIn("0.4.9.2", str(error))
        self.nothing_left()


class PublishingTests(ServiceCase):
    """
    Waiting for directories.
    """

    def begin(self, **arguments: Any) -> Deferred[EphemeralOnionService]:
        """
        A service of `KEY`, which is waited for.
        """
        return self.ended(self.controller.create_onion_service([80], private_key=KEY, **arguments))

    def test_order(self) -> None:
        """
        Who makes a service listens before. Case 98.
        """
        self.begin()
        self.assertEqual([line.split()[0] for line in self.tor.received], ["SETEVENTS", "ADD_ONION"])

    def test_first(self) -> None:
        """
        The first directory of the descriptor that clients ask for is enough; one of another period is not. Cases 8 and 97.
        """
        waiting = self.begin()
        self.tor.upload(ADDRESS, 1, 2)
        self.tor.upload(ADDRESS, 3, later=1)
        self.tor.stored(ADDRESS, 3)
        self.tor.refused(ADDRESS, 1)
        self.assertNoResult(waiting)
        self.tor.stored(ADDRESS, 2)
        service = self.successResultOf(waiting)
        self.assertEqual(service.report.wanted.holding, {DIRECTORIES[2]})
        self.assertEqual(service.report.wanted.refusing, {DIRECTORIES[1]: "UPLOAD_REJECTED"})
        self.assertEqual(self.successResultOf(service.when_published()).published, True)
        self.assertEqual(self.tor.clock.getDelayedCalls(), [])

    def test_all(self) -> None:
        """
        All directories, under both names of the wish. Case 97.
        """
        for arguments in ({"wait": "all"}, {"await_all_uploads": True}):
            waiting = self.begin(**arguments)
            self.tor.upload(ADDRESS, 1, 2, 3)
            self.tor.stored(ADDRESS, 1, 2)
            self.assertNoResult(waiting)
            self.tor.stored(ADDRESS, 3)
            self.successResultOf(self.successResultOf(waiting).remove())
        self.nothing_left()

    def test_other_service(self) -> None:
        """
        What other services upload to the same directories is theirs. Case 97.
        """
        other = OnionKey.generate()
        mine = self.begin()
        theirs = self.ended(self.controller.create_onion_service([80], private_key=other))
        self.tor.upload(ADDRESS, 1)
        self.tor.upload(other.address.bare, 1)
        self.tor.stored(other.address.bare, 1)
        self.assertNoResult(mine)
        self.successResultOf(theirs)
        self.tor.stored(ADDRESS, 1)
        self.successResultOf(mine)

    def test_news_before_the_answer(self) -> None:
        """
        Uploads that are told before the address is known are counted.
        """
        held: list[Any] = []
        original = self.tor._answers["ADD_ONION"]
        self.tor.answer("ADD_ONION", lambda connection, command: held.append((connection, original(connection, command))))
        waiting = self.controller.create_onion_service([80])
        (address,) = self.tor.onions
        self.tor.upload(address, 1)
        self.tor.stored(address, 1)
        ((connection, lines),) = held
        connection.say(lines)
        self.assertEqual(self.successResultOf(waiting).address.bare, address)

    def test_all_refused(self) -> None:
        """
        When all have refused, and Tor tries no others for a moment, that is the end; the error says who said what. Case 97.
        """
        waiting = self.begin()
        self.tor.upload(ADDRESS, 1, 2)
        self.tor.refused(ADDRESS, 1, 2)
        self.assertNoResult(waiting)
        self.tor.clock.advance(2)
        error = self.failureResultOf(waiting, OnionPublishError).value
        self.assertEqual(error.reasons, dict.fromkeys(DIRECTORIES[1:3], "UPLOAD_REJECTED"))
        self.nothing_left()

    def test_another_chance(self) -> None:
        """
        Another directory that Tor tries in that moment counts.
        """
        waiting = self.begin()
        self.tor.upload(ADDRESS, 1)
        self.tor.refused(ADDRESS, 1)
        self.tor.clock.advance(1)
        self.tor.upload(ADDRESS, 2)
        self.tor.clock.advance(2)
        self.tor.stored(ADDRESS, 2)
        self.successResultOf(waiting)

    def test_deadline(self) -> None:
        """
        Silence ends at the deadline, with nothing left behind. Case 98.
        """
        waiting = self.begin(timeout=30)
        self.tor.clock.advance(29)
        self.assertNoResult(waiting)
        self.tor.clock.advance(1)
        self.failureResultOf(waiting, OnionPublishError)
        self.nothing_left()

    def test_mute(self) -> None:
        """
        A Tor that answers nothing is given up at the deadline too; what it does afterwards is undone. Case 98.
        """
        self.successResultOf(self.controller.protocol.add_event_listener("HS_DESC", str))
        self.tor.hold()
        waiting = self.begin(timeout=30)
        self.tor.clock.advance(30)
        self.failureResultOf(waiting, CommandTimeout)
        self.tor.release()
        self.assertEqual([line.split()[0] for line in self.tor.received[1:]], ["ADD_ONION", "DEL_ONION"])
        self.successResultOf(self.controller.protocol.remove_event_listener("HS_DESC", str))
        self.nothing_left()

    def test_mute_from_the_beginning(self) -> None:
        """
        The same when SETEVENTS is not answered: no service is asked for.
        """
        self.tor.mute("SETEVENTS")
        waiting = self.begin(timeout=30)
        self.tor.clock.advance(30)
        self.failureResultOf(waiting, CommandTimeout)
        self.assertEqual([line for line in self.tor.received if "ONION" in line], [])

    def test_cancelled(self) -> None:
        """
        A cancel while directories are waited for removes the service. Case 98.
        """
        waiting = self.begin()
        self.assertEqual(self.tor.onions, [ADDRESS])
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.nothing_left()

    def test_cancelled_on_the_way(self) -> None:
        """
        A cancel before Tor has answered: the service is removed when it has. Case 98.
        """
        self.successResultOf(self.controller.protocol.add_event_listener("HS_DESC", str))
        self.tor.hold()
        waiting = self.begin()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.tor.release()
        self.assertEqual([line.split()[0] for line in self.tor.received[1:]], ["ADD_ONION", "DEL_ONION"])
        self.successResultOf(self.controller.protocol.remove_event_listener("HS_DESC", str))
        self.nothing_left()

    def test_refused(self) -> None:
        """
        Tor, or a filter, refuses: one error, and nothing left. Case 98.
        """
        for keyword in ("SETEVENTS", "ADD_ONION"):
            self.tor = OnionTor()
            self.tor.refuse(keyword, 510, "Command filtered")
            waiting = self.tor.controller.create_onion_service([80])
            error = self.failureResultOf(waiting, UnrecognizedCommand).value
            self.assertEqual(error.command, keyword)
            self.nothing_left()

    def test_disconnected(self) -> None:
        """
        The connection is lost while directories are waited for. Case 98.
        """
        waiting = self.begin()
        self.tor.drop()
        self.failureResultOf(waiting, Disconnected)
        self.nothing_left()

    def test_turns(self) -> None:
        """
        Tor is asked for a few services at a time; each that is over, whichever way, lets the next one come, and one that is
        cancelled before it was its turn asks for nothing. Those that are not waited for do not wait.
        """
        waiting = [self.ended(self.controller.create_onion_service([80], timeout=60)) for _ in range(8)]
        self.assertEqual(len(self.tor.onions), 4)
        self.make()
        self.assertEqual(len(self.tor.onions), 5)
        waiting[5].cancel()
        self.failureResultOf(waiting[5], CancelledError)
        first = self.tor.onions[0]
        self.tor.upload(first, 1)
        self.tor.stored(first, 1)
        self.successResultOf(waiting[0])
        self.assertEqual(len(self.tor.onions), 6)
        waiting[1].cancel()
        self.failureResultOf(waiting[1], CancelledError)
        self.assertEqual([len(self.tor.onions), *map(bool, (each.called for each in waiting[2:5]))], [6, False, False, False])
        self.assertNoResult(waiting[7])
        self.tor.clock.advance(60)
        for each in (*waiting[2:5], waiting[6]):
            self.failureResultOf(each, OnionPublishError)
        self.failureResultOf(waiting[7], OnionPublishError)
        self.assertEqual(len(self.tor.onions), 2)

    def test_waiting_for_a_turn(self) -> None:
        """
        The time in which others are published counts: who does not come to it in time is told so.
        """
        for _ in range(4):
            self.ended(self.controller.create_onion_service([80], timeout=None))
        waiting = self.controller.create_onion_service([80], timeout=30)
        self.tor.clock.advance(30)
        self.assertIn("being published", str(self.failureResultOf(waiting, CommandTimeout).value))
        self.assertEqual(len(self.tor.onions), 4)

    def test_not_waiting(self) -> None:
        """
        Who does not wait has the service at once, and can wait later. Case 98.
        """
        service = self.make(private_key=KEY)
        first, second = service.when_published(), service.when_published()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.tor.upload(ADDRESS, 1)
        self.assertNoResult(second)
        self.tor.stored(ADDRESS, 1)
        self.assertTrue(self.successResultOf(second).published)
        self.assertTrue(self.successResultOf(service.when_published()).published)

    def test_published_again(self) -> None:
        """
        What happens after the first publication is in the report: re-publication is followed as long as the service lives.
        """
        service = self.make(private_key=KEY)
        self.tor.upload(ADDRESS, 1)
        self.tor.stored(ADDRESS, 1)
        self.tor.upload(ADDRESS, 2)
        self.assertEqual(service.report.wanted.open, {DIRECTORIES[2]})
        self.tor.refused(ADDRESS, 2)
        self.assertEqual((service.report.published, service.report.wanted.holding), (True, {DIRECTORIES[1]}))

    def test_heard_again(self) -> None:
        """
        Whoever listens hears of each later publication how it ended, until he listens no more.
        """
        seen: list[tuple[int, str]] = []

        def listener(percent: int, word: str, sentence: str) -> None:
            if not word.startswith("upload"):
                seen.append((percent, word))

        service = self.make(private_key=KEY)
        service.add_progress_listener(listener)
        self.tor.upload(ADDRESS, 1, 2)
        self.tor.stored(ADDRESS, 1, 2)
        self.tor.upload(ADDRESS, 1, 2)
        self.tor.stored(ADDRESS, 1, 2)
        self.tor.upload(ADDRESS, 1, 2)
        self.tor.refused(ADDRESS, 1, 2)
        self.tor.upload(ADDRESS, 1)
        self.assertEqual(seen, [(100, "published"), (100, "republished"), (0, "not_republished")])
        service.remove_progress_listener(listener)
        service.remove_progress_listener(listener)
        self.tor.stored(ADDRESS, 1)
        self.assertEqual(len(seen), 3)
        self.assertEqual(service.report.wanted.holding, {DIRECTORIES[1]})

    def test_next_period(self) -> None:
        """
        In the next time period clients ask for the other descriptor: so does the report, since the first upload in it. A Tor
        that does not tell the time leaves it as it was.
        """
        service = self.make(private_key=KEY)
        self.tor.upload(ADDRESS, 1)
        self.tor.upload(ADDRESS, 2, 3, later=1)
        self.tor.stored(ADDRESS, 1, 2, 3)
        self.assertEqual(service.report.wanted.holding, {DIRECTORIES[1]})
        self.tor.info["consensus/valid-after"] = "yesterday"
        self.tor.upload(ADDRESS, 2, 3, later=1)
        self.assertEqual(service.report.wanted.holding, {DIRECTORIES[1]})
        self.tor.stored(ADDRESS, 2, 3)
        self.tor.info["consensus/valid-after"] = "2026-11-25 12:00:00"
        self.tor.info["consensus/fresh-until"] = "2026-11-25 13:00:00"
        self.tor.upload(ADDRESS, 2, later=1)
        self.assertEqual((service.report.wanted.holding, service.report.published), ({DIRECTORIES[2], DIRECTORIES[3]}, True))
        self.assertEqual(set(service.report.descriptors), {descriptor_id(ADDRESS), descriptor_id(ADDRESS, 1)})

    def test_replicas(self) -> None:
        """
        Each place on the hash ring is accounted for, and one directory in each can be waited for.
        """
        period = OnionTiming().period(VALID_AFTER)
        place = service_index(KEY.blind(period).public_key, 1, period)
        behind = [number for number in range(8) if bytes.fromhex(f"{number:X}" * 64) >= place]
        first = [*behind, *range(8)][:4]
        waiting = self.begin(wait="replicas")
        self.tor.upload(ADDRESS, *range(8))
        self.tor.stored(ADDRESS, *first)
        self.assertNoResult(waiting)
        self.tor.stored(ADDRESS, *sorted({*range(8)} - {*first})[:1])
        report = self.successResultOf(waiting).report
        expected = [{DIRECTORIES[each] for each in numbers} for numbers in (first, {*range(8)} - {*first})]
        self.assertEqual([each.announced for each in report.replicas], expected)
        self.assertEqual([len(each.holding) for each in report.replicas], [4, 1])

    def test_no_consensus_yet(self) -> None:
        """
        A Tor without a consensus is asked for it when it uploads, for then it has one.
        """
        times = {key: self.tor.info.pop(key) for key in list(self.tor.info)}
        waiting = self.begin()
        self.assertEqual([line for line in self.tor.received if line.startswith("GETINFO")], [])
        self.tor.info.update(times)
        self.tor.upload(ADDRESS, 1)
        self.tor.stored(ADDRESS, 1)
        self.successResultOf(waiting)

    def test_nonsense_of_the_consensus(self) -> None:
        """
        A Tor that tells no time: what is published cannot be known, and the error says why.
        """
        self.tor.info["consensus/valid-after"] = "yesterday"
        waiting = self.begin()
        self.tor.upload(ADDRESS, 1)
        self.assertIn("yesterday", str(self.failureResultOf(waiting, OnionPublishError).value))
        self.nothing_left()

    def test_progress(self) -> None:
        """
        Progress grows to 100; a listener that fails is logged and harms nobody.
        """
        seen: list[tuple[int, str]] = []

        def progress(percent: int, word: str, sentence: str) -> None:
            seen.append((percent, word))
            raise RuntimeError("a listener that fails")

        waiting = self.begin(wait="all", progress=progress)
        self.tor.upload(ADDRESS, 1, 2, 3)
        self.tor.stored(ADDRESS, 1)
        self.tor.refused(ADDRESS, 2)
        self.tor.upload(ADDRESS, 2)
        self.tor.stored(ADDRESS, 2, 3)
        self.successResultOf(waiting)
        words = [word for _, word in seen]
        self.assertEqual(words[:5], ["upload_started"] * 3 + ["upload_stored", "upload_refused"])
        self.assertEqual((seen[3][0], seen[-1]), (33, (100, "published")))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), len(seen))

    def test_progress_that_takes_time(self) -> None:
        """
        A listener may be a coroutine; its failure is logged as well.
        """

        async def progress(percent: int, word: str, sentence: str) -> None:
            raise RuntimeError("a coroutine that fails")

        self.begin(progress=progress)
        self.tor.upload(ADDRESS, 1)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class RemovingTests(ServiceCase):
    """
    The end of a service, and other clients for it.
    """

    def test_remove(self) -> None:
        """
        The service is gone, and removing it again does nothing.
        """
        service = self.make()
        waiting = service.when_published()
        self.successResultOf(service.remove())
        self.failureResultOf(waiting, OnionPublishError)
        self.successResultOf(service.remove())
        self.assertEqual(len([line for line in self.tor.received if line.startswith("DEL_ONION")]), 1)
        self.nothing_left()

    def test_removed_by_others(self) -> None:
        """
        A service that somebody else has removed is removed.
        """
        service = self.make()
        self.successResultOf(self.controller.protocol.queue_command(f"DEL_ONION {service.address.bare}"))
        self.successResultOf(service.remove())

    def test_refused(self) -> None:
        """
        A filter that does not let DEL_ONION pass is told, and it can be tried again.
        """
        service = self.make()
        original = self.tor._answers["DEL_ONION"]
        self.tor.refuse("DEL_ONION", 510, "Command filtered")
        self.failureResultOf(service.remove(), UnrecognizedCommand)
        self.tor.answer("DEL_ONION", original)
        self.successResultOf(service.remove())
        self.nothing_left()

    def test_without_a_connection(self) -> None:
        """
        The end of the connection ends the service, but one that is detached goes on, and that is told.
        """
        service, detached = self.make(), self.make(detach=True)
        self.tor.drop()
        self.successResultOf(service.remove())
        self.failureResultOf(detached.remove(), Disconnected)
        self.failureResultOf(service.when_published(), Disconnected)

    def test_clients(self) -> None:
        """
        Other clients are let in: the service begins anew, with its key, ports and options, and is waited for. Case 104.
        """
        first, second = (ClientAuthKey.generate().public_key for _ in range(2))
        service = self.make(private_key=KEY, clients=[first], max_streams=3)
        del self.tor.received[:]
        waiting = service.set_clients([first, second.base32])
        self.assertEqual([line.split()[0] for line in self.tor.received], ["DEL_ONION", "ADD_ONION", "GETINFO"])
        self.assertTrue(
            self.tor.received[1].endswith(
                f"Flags=V3Auth MaxStreams=3 Port=80,127.0.0.1:80 ClientAuthV3={first.base32} ClientAuthV3={second.base32}"
            )
        )
        self.tor.upload(ADDRESS, 1)
        self.assertNoResult(waiting)
        self.tor.stored(ADDRESS, 1)
        self.assertTrue(self.successResultOf(waiting).published)
        self.assertEqual(service.clients, (first, second))
        self.successResultOf(service.remove())
        self.nothing_left()

    def test_clients_not_from_before(self) -> None:
        """
        An upload of the service as it was is none of the service as it is.
        """
        service = self.make(private_key=KEY)
        self.tor.upload(ADDRESS, 1)
        waiting = self.ended(service.set_clients([ClientAuthKey.generate().public_key]))
        self.tor.stored(ADDRESS, 1)
        self.assertNoResult(waiting)

    def test_clients_refused(self) -> None:
        """
        When Tor does not take it again, the service is gone; with a discarded key, or none to let in, nothing is tried.
        """
        friend = ClientAuthKey.generate().public_key
        service, discarded = self.make(private_key=KEY), self.make(private_key=DISCARD)
        self.failureResultOf(discarded.set_clients([friend]), InvalidArgument)
        self.failureResultOf(service.set_clients([]), InvalidArgument)
        self.tor.refuse("ADD_ONION", 551, "Failed")
        self.failureResultOf(service.set_clients([friend]), TorRefused)
        self.failureResultOf(service.set_clients([friend]), InvalidArgument)
        self.successResultOf(service.remove())
        self.assertEqual(self.tor.onions, [discarded.address.bare])


class MovingTests(ServiceCase):
    """
    From one Tor to another.
    """

    def setUp(self) -> None:
        super().setUp()
        self.there = OnionTor()
        self.there.clock, self.there.controller = self.tor.clock, Tor(self.tor.clock, self.there.connect(self.tor.clock))

    def published(self, tor: OnionTor, address: str) -> None:
        """
        A directory takes the service.
        """
        tor.upload(address, 1)
        tor.stored(address, 1)

    def test_moved(self) -> None:
        """
        It is published there, with all that it has here, before it ends here; who listens to it hears it there, too.
        """
        friend, later = (ClientAuthKey.generate().public_key for _ in range(2))
        service = self.make(clients=[friend], max_streams=3)
        address = service.address.bare
        waiting = service.set_clients([later])
        self.published(self.tor, address)
        self.successResultOf(waiting)
        heard: list[str] = []
        service.add_progress_listener(lambda percent, word, sentence: heard.append(word))
        moving = service.move_to(self.there.controller, wait="first")
        self.assertEqual(self.there.onions, [])
        self.tor.clock.advance(2)
        self.assertEqual((self.tor.onions, self.there.onions), ([address], [address]))
        (line,) = [line for line in self.there.received if line.startswith("ADD_ONION")]
        self.assertTrue(line.endswith(f"Flags=V3Auth MaxStreams=3 Port=80,127.0.0.1:80 ClientAuthV3={later.base32}"), line)
        self.published(self.there, address)
        moved = self.successResultOf(moving)
        self.assertEqual((self.tor.onions, self.there.onions), ([], [address]))
        self.assertEqual((moved.address, moved.private_key, moved.clients), (service.address, service.private_key, (later,)))
        self.published(self.there, address)
        self.assertEqual(heard[-1], "republished")
        self.failureResultOf(service.set_clients(None), InvalidArgument)
        self.failureResultOf(service.move_to(self.there.controller), InvalidArgument)
        self.successResultOf(service.remove())
        self.assertEqual(self.there.onions, [address])
        self.successResultOf(moved.remove())
        self.nothing_left()
        self.assertEqual((self.there.onions, self.there.listening_for), ([], set()))

    def test_not_published_there(self) -> None:
        """
        It stays here when it is not published there, when it is cancelled, when it is the same Tor; a discarded key cannot move.
        """
        service, discarded = self.make(), self.make(private_key=DISCARD)
        moving = service.move_to(self.there.controller, wait="first", timeout=20)
        self.tor.clock.pump([0, 20])
        self.failureResultOf(moving, OnionPublishError)
        moving = service.move_to(self.there.controller, wait="first")
        self.tor.clock.advance(0)
        self.assertEqual(self.there.onions, [service.address.bare])
        moving.cancel()
        self.failureResultOf(moving, CancelledError)
        moving = service.move_to(self.controller)
        self.tor.clock.advance(0)
        self.failureResultOf(moving, OnionAddressCollision)
        self.failureResultOf(discarded.move_to(self.there.controller), InvalidArgument)
        self.assertRaises(InvalidArgument, service.move_to, "there")
        self.assertEqual((len(self.tor.onions), self.there.onions), (2, []))

    def test_not_ended_here(self) -> None:
        """
        When this Tor does not let it go, it is taken back from there.
        """
        service = self.make()
        self.tor.refuse("DEL_ONION", 510, "Command filtered")
        moving = service.move_to(self.there.controller, wait="none")
        self.tor.clock.advance(0)
        self.failureResultOf(moving, UnrecognizedCommand)
        self.assertEqual((len(self.tor.onions), self.there.onions), (1, []))


class FactoryTests(TestCase):
    """
    What listens behind a service, on loopback.
    """

    reactor: Any

    def setUp(self) -> None:
        self.reactor = sys.modules["twisted.internet.reactor"]
        self.tor = FakeTor()
        self.controller = Tor(self.reactor, self.tor.connect(self.reactor))

    async def connect(self, target: str) -> None:
        """
        Connect to a target, and hang up.
        """
        connected: Deferred[None] = Deferred()
        gone: Deferred[None] = Deferred()

        class Probe(Echo):
            def connectionMade(self) -> None:
                connected.callback(None)

            def connectionLost(self, reason: Any = None) -> None:
                gone.callback(None)

        port = int(target.rpartition(":")[2])
        probe: Any = await TCP4ClientEndpoint(self.reactor, "127.0.0.1", port).connect(Factory.forProtocol(Probe))
        await connected
        probe.transport.loseConnection()
        await gone

    @deferred
    async def test_factories(self) -> None:
        """
        A factory as a target is listened for on a port of 127.0.0.1, until the service is removed.
        """
        factories = [Factory.forProtocol(Echo) for _ in range(2)]
        ports: list[ServicePort] = [(80, factories[0]), (81, 9), (82, factories[1])]
        service = await self.controller.create_onion_service(ports, wait="none")
        targets = [port.partition(" ")[2] for port in service.ports]
        self.assertEqual((targets[1], len(set(targets))), ("127.0.0.1:9", 3))
        for target in (targets[0], targets[2]):
            self.assertTrue(target.startswith("127.0.0.1:"))
            await self.connect(target)
        await service.remove()
        for target in (targets[0], targets[2]):
            await self.assertFailure(Deferred.fromCoroutine(self.connect(target)), Exception)

    @deferred
    async def test_moved(self) -> None:
        """
        When the service moves, what listens behind it goes on, until it is removed there.
        """
        there = FakeTor()
        other = Tor(self.reactor, there.connect(self.reactor))
        service = await self.controller.create_onion_service([(80, Factory.forProtocol(Echo))], wait="none")
        moved = await service.move_to(other, wait="none")
        self.assertEqual(moved.ports, service.ports)
        target = moved.ports[0].partition(" ")[2]
        await service.remove()
        await self.connect(target)
        await moved.remove()
        await self.assertFailure(Deferred.fromCoroutine(self.connect(target)), Exception)

    @deferred
    async def test_failing(self) -> None:
        """
        A service that Tor refuses leaves no open port; trial looks for them.
        """
        self.tor.refuse("ADD_ONION", 550, "Onion address collision")
        await self.assertFailure(
            self.controller.create_onion_service([(80, Factory.forProtocol(Echo))]), OnionAddressCollision
        )
