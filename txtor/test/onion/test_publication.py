# -*- test-case-name: txtor.test.onion.test_publication -*-
"""
Waiting for a publication.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.onion import UploadRefused, UploadStarted, UploadStored, WaitFor
from txtor.onion._publication import (
    MAX_UNNAMED_NEWS,
    AskForGrace,
    Core,
    Effect,
    Expected,
    Progress,
    Publication,
    Published,
    Renewed,
    Unpublished,
    new_publication,
)
from txtor.onion._uploads import UploadNews
from txtor.testing import EveryTransition, Transitions

ME = "me"


def started(directory: str, descriptor_id: str = "now", address: str = ME) -> UploadNews:
    return UploadStarted(address, directory, descriptor_id)


def placed(directory: str) -> UploadNews:
    """
    An upload to a directory that is on the ring where the letter is in the alphabet.
    """
    return UploadStarted(ME, directory, "now", directory.encode())


def stored(directory: str, address: str = ME) -> UploadNews:
    return UploadStored(address, directory)


def refused(directory: str, descriptor_id: str = "now", address: str = ME) -> UploadNews:
    return UploadRefused(address, directory, descriptor_id, "UPLOAD_REJECTED")


class PublicationTests(EveryTransition, SynchronousTestCase):
    """
    The machine, with each condition.
    """

    transitions = Transitions(new_publication)

    def start(self, wait_for: WaitFor, *, named: bool = True, places: tuple[bytes, ...] = ()) -> Publication:
        """
        A machine, whose address is known unless said otherwise.
        """
        self.core = Core(wait_for)
        machine = new_publication(self.core)
        self.transitions.watch(machine)
        self.expected = Expected(ME, "now", places)
        if named:
            machine.named(self.expected)
        return machine

    def ends(self) -> list[Effect]:
        """
        The effects but for progress.
        """
        return [effect for effect in self.core.drain() if not isinstance(effect, Progress)]

    def after(self, machine: Publication, *news: UploadNews) -> list[Effect]:
        """
        What comes of some news, progress left out.
        """
        for each in news:
            machine.heard(each)
        return self.ends()

    def published(self, effects: list[Effect]) -> str:
        """
        The one effect is success: the directories that hold the descriptor.
        """
        [effect] = effects
        assert isinstance(effect, Published)
        self.assertTrue(effect.report.published)
        return "".join(sorted(effect.report.wanted.holding))

    def failed(self, effects: list[Effect]) -> tuple[str, dict[str, str]]:
        """
        The one effect is failure: the error's text and the reasons.
        """
        [effect] = effects
        assert isinstance(effect, Unpublished)
        return str(effect.error), effect.error.reasons

    def test_first(self) -> None:
        """
        One directory is enough; one that refused before is not the end. Case 97.
        """
        machine = self.start(WaitFor.FIRST)
        self.assertEqual(self.after(machine, started("a"), started("b"), refused("a")), [])
        self.assertEqual(self.published(self.after(machine, stored("b"))), "b")

    def test_none(self) -> None:
        """
        Nobody waits: it ends as soon as the address is known. Case 98.
        """
        machine = self.start(WaitFor.NONE, named=False)
        self.assertEqual(self.ends(), [])
        machine.named(self.expected)
        self.assertEqual(self.published(self.ends()), "")

    def test_other_period(self) -> None:
        """
        14 uploads of two descriptors: the first success of the other period's is not it, and two successes at one directory
        are needed where both were uploaded to it.
        """
        machine = self.start(WaitFor.FIRST)
        directories = "abcdefg"
        announced = [started(each, "before") for each in directories] + [started(each) for each in directories[1:]]
        self.assertEqual(self.after(machine, *announced, stored("a"), stored("b"), stored("c")), [])
        self.assertEqual(self.published(self.after(machine, stored("c"))), "c")

    def test_others(self) -> None:
        """
        News of another address, and the failed fetch of our own descriptor, have no effect.
        """
        machine = self.start(WaitFor.FIRST)
        others = (started("a", address="you"), stored("a", address="you"), refused("a", address="you"), refused("a"), stored("b"))
        for news in others:
            machine.heard(news)
            self.assertEqual(self.core.drain(), [])
        machine.heard(started("a"))
        [effect] = self.core.drain()
        assert isinstance(effect, Progress)
        self.assertEqual((effect.news, effect.report.wanted.open), (started("a"), frozenset("a")))
        self.assertEqual(self.after(machine, *others[:3], stored("b")), [])
        self.assertEqual(self.published(self.after(machine, stored("a"))), "a")

    def test_early_news(self) -> None:
        """
        What comes before the address is known is kept, also what decides.
        """
        machine = self.start(WaitFor.FIRST, named=False)
        yours = (started("a", address="you"), stored("a", address="you"))
        self.assertEqual(self.after(machine, *yours, started("b"), stored("b")), [])
        machine.named(self.expected)
        self.assertEqual(self.published(self.ends()), "b")
        machine = self.start(WaitFor.FIRST, named=False)
        self.after(machine, started("b"), refused("b"))
        machine.named(self.expected)
        self.assertEqual(self.ends(), [AskForGrace()])

    def test_early_bound(self) -> None:
        """
        Of early news the last ones are kept, not all.
        """
        machine = self.start(WaitFor.FIRST, named=False)
        for _ in range(MAX_UNNAMED_NEWS):
            machine.heard(started("x", address="you"))
        self.after(machine, started("b"), stored("b"))
        self.assertEqual(len(self.core.early), MAX_UNNAMED_NEWS)
        machine.named(self.expected)
        self.assertEqual((self.published(self.ends()), len(self.core.early)), ("b", 0))

    def test_majority(self) -> None:
        """
        More than half of those that were announced; a refusal counts against it.
        """
        machine = self.start(WaitFor.MAJORITY)
        self.assertEqual(self.after(machine, *map(started, "abcd"), stored("a"), refused("b"), stored("c")), [])
        self.assertEqual(self.published(self.after(machine, stored("d"))), "acd")

    def test_all(self) -> None:
        """
        All that were announced.
        """
        machine = self.start(WaitFor.ALL)
        self.assertEqual(self.after(machine, *map(started, "abc"), stored("a"), stored("b")), [])
        self.assertEqual(self.published(self.after(machine, stored("c"))), "abc")

    def test_all_but_one(self) -> None:
        """
        One refusal, and all is not reached: the end comes when everything is answered, and names who refused. Case 97.
        """
        machine = self.start(WaitFor.ALL)
        self.assertEqual(self.after(machine, *map(started, "abc"), refused("a"), stored("b")), [])
        self.assertEqual(self.after(machine, stored("c")), [AskForGrace()])
        machine.grace_passed()
        text, reasons = self.failed(self.ends())
        self.assertEqual(reasons, {"a": "UPLOAD_REJECTED"})
        self.assertIn("2 of 3", text)
        self.assertIn("a: UPLOAD_REJECTED", text)

    def test_replicas(self) -> None:
        """
        One directory of each replica, where their places on the ring are known: the first replica has the four that follow
        its place, the second one the rest.
        """
        machine = self.start(WaitFor.REPLICAS, places=(b"b", b"a", b"c"))
        answers = (stored("b"), refused("c"), stored("e"))
        self.assertEqual(self.after(machine, *map(placed, "abcdef"), *answers), [])
        report = self.core.report()
        self.assertEqual([each.announced for each in report.replicas], [frozenset("bcde"), frozenset("af"), frozenset()])
        self.assertEqual((report.replicas[0].holding, report.replicas[0].open), (frozenset("be"), frozenset("d")))
        self.assertEqual((report.replicas[0].refusing, report.replicas[1].refusing), ({"c": "UPLOAD_REJECTED"}, {}))
        self.assertEqual(self.published(self.after(machine, stored("f"))), "bef")

    def test_replicas_unknown(self) -> None:
        """
        Where a place on the ring is not known, all are waited for.
        """
        for places in ((), (b"a", b"b")):
            machine = self.start(WaitFor.REPLICAS, places=places)
            self.assertEqual(self.after(machine, placed("a"), started("b"), stored("a")), [])
            self.assertEqual(self.core.report().replicas, ())
            self.assertEqual(self.published(self.after(machine, stored("b"))), "ab")

    def test_hope(self) -> None:
        """
        All have refused, but another upload is announced in time. Case 97.
        """
        machine = self.start(WaitFor.FIRST)
        self.assertEqual(self.after(machine, started("a"), refused("a")), [AskForGrace()])
        self.assertEqual(self.after(machine, started("a", "next"), refused("a", "next")), [])
        self.assertEqual(self.after(machine, started("b")), [])
        machine.grace_passed()
        self.assertEqual(self.ends(), [])
        self.assertEqual(self.published(self.after(machine, stored("b"))), "b")

    def test_all_refused(self) -> None:
        """
        All refused and no other is announced: the end, without waiting for the deadline.
        """
        machine = self.start(WaitFor.FIRST)
        self.assertEqual(self.after(machine, *map(started, "ab"), refused("a"), refused("b")), [AskForGrace()])
        machine.grace_passed()
        self.assertEqual(self.failed(self.ends())[1], {"a": "UPLOAD_REJECTED", "b": "UPLOAD_REJECTED"})

    def test_deadline(self) -> None:
        """
        In each state the deadline ends it, with what is known by then. Case 98.
        """
        machine = self.start(WaitFor.FIRST, named=False)
        machine.deadline_passed()
        self.assertIn("not published in time", self.failed(self.ends())[0])
        machine = self.start(WaitFor.MAJORITY)
        self.after(machine, *map(started, "abc"), stored("a"), refused("b"))
        machine.deadline_passed()
        text, reasons = self.failed(self.ends())
        self.assertEqual(reasons, {"b": "UPLOAD_REJECTED"})
        self.assertIn("1 of 3 directories have it, 1 have not answered", text)
        machine = self.start(WaitFor.FIRST)
        self.after(machine, started("a"), refused("a"))
        machine.deadline_passed()
        self.assertEqual(self.failed(self.ends())[1], {"a": "UPLOAD_REJECTED"})

    def test_gave_up(self) -> None:
        """
        In each state a lost connection, a cancel, or a refused command ends it once. Case 98.
        """
        for news in ([], [started("a"), refused("a")]):
            machine = self.start(WaitFor.FIRST)
            self.after(machine, *news)
            machine.gave_up("The connection is closed.")
            self.assertIn("closed", self.failed(self.ends())[0])
        machine = self.start(WaitFor.FIRST, named=False)
        machine.grace_passed()
        machine.gave_up("Tor refused it.")
        self.assertEqual(self.failed(self.ends()), ("Tor refused it.", {}))

    def test_after_the_end(self) -> None:
        """
        Nothing comes after the end.
        """
        machine = self.start(WaitFor.FIRST, named=False)
        machine.deadline_passed()
        self.core.drain()
        machine.named(self.expected)
        self.after(machine, started("a"), stored("a"))
        machine.grace_passed()
        machine.deadline_passed()
        machine.gave_up("late")
        self.assertEqual(self.core.drain(), [])

    def test_followed(self) -> None:
        """
        After the success what follows is reported, and never fails.
        """
        machine = self.start(WaitFor.FIRST)
        self.after(machine, *map(started, "ab"), stored("a"))
        machine.heard(refused("b"))
        [effect] = self.core.drain()
        assert isinstance(effect, Progress)
        self.assertEqual((effect.report.published, dict(effect.report.wanted.refusing)), (True, {"b": "UPLOAD_REJECTED"}))
        machine.grace_passed()
        machine.deadline_passed()
        machine.gave_up("stopped")
        machine.heard(started("c"))
        self.assertEqual(self.core.drain(), [])


    def renewed(self, effects: list[Effect]) -> tuple[bool, str]:
        """
        The one effect is that it has been published again: whether that suffices, and where it is.
        """
        [effect] = effects
        assert isinstance(effect, Renewed)
        return effect.suffices, "".join(sorted(effect.report.wanted.holding))

    def test_again(self) -> None:
        """
        The rest of the first publication is no other one. When it is uploaded again, that is told once, when all have answered;
        also where one never answered the first time.
        """
        machine = self.start(WaitFor.MAJORITY)
        self.after(machine, *map(started, "abcd"), stored("a"), stored("b"), stored("c"))
        self.assertEqual(self.after(machine, started("a"), started("e"), stored("a"), stored("e")), [])
        self.assertEqual(self.after(machine, started("b"), started("c"), stored("b"), stored("c"), started("d")), [])
        self.assertEqual(self.renewed(self.after(machine, stored("d"))), (True, "abcde"))
        self.assertEqual(self.after(machine, *map(started, "abc"), *map(refused, "ab")), [])
        self.assertEqual(self.renewed(self.after(machine, refused("c"))), (False, "de"))
        self.assertEqual(self.after(machine, started("a", "next"), stored("a")), [])

    def test_another_descriptor(self) -> None:
        """
        With the time period another descriptor is the one that clients ask for. While it is published the first time, that
        one is waited for from then on; afterwards the report is of it.
        """
        then = Expected(ME, "next")
        machine = self.start(WaitFor.FIRST)
        self.assertEqual(self.after(machine, started("a"), started("b", "next"), stored("b")), [])
        machine.named(then)
        self.assertEqual(self.published(self.ends()), "b")
        machine.named(self.expected)
        self.assertEqual(self.core.report().wanted.open, frozenset("a"))
        self.assertEqual(self.renewed(self.after(machine, stored("a"))), (True, "a"))
        machine.named(self.expected)
        machine.named(then)
        self.assertEqual(self.after(machine, started("a"), stored("a")), [])
        report = self.core.report()
        self.assertEqual((report.wanted.holding, list(report.descriptors)), (frozenset("b"), ["next", "now"]))
        machine = self.start(WaitFor.FIRST)
        self.assertEqual(self.after(machine, started("a"), started("b", "next"), refused("a")), [AskForGrace()])
        machine.named(then)
        machine.grace_passed()
        self.assertEqual(self.published(self.after(machine, stored("b"))), "b")
        machine = self.start(WaitFor.FIRST)
        self.assertEqual(self.after(machine, started("a"), refused("a"), started("b", "next")), [AskForGrace()])
        machine.named(self.expected)
        self.assertEqual(self.ends(), [AskForGrace()])


class AnyNewsTests(SynchronousTestCase):
    """
    News of every kind, in any order.
    """

    @settings(max_examples=150)
    @given(
        st.sampled_from(WaitFor),
        st.lists(
            st.one_of(
                st.builds(started, st.sampled_from("abc"), st.sampled_from(["now", "next"]), st.sampled_from([ME, "you"])),
                st.builds(stored, st.sampled_from("abc"), st.sampled_from([ME, "you"])),
                st.builds(refused, st.sampled_from("abc"), st.sampled_from(["now", "next"]), st.sampled_from([ME, "you"])),
                st.just(None),
            ),
            max_size=30,
        ),
        st.integers(0, 30),
    )
    def test_one_end(self, wait_for: WaitFor, news: list[UploadNews | None], named_at: int) -> None:
        """
        Whatever is said, and with a deadline behind it, there is exactly one end.
        """
        core = Core(wait_for)
        machine = new_publication(core)
        for number, each in enumerate([*news, None]):
            if number == named_at:
                machine.named(Expected(ME, "now", (b"a", b"c")))
            if each is None:
                machine.grace_passed()
            else:
                machine.heard(each)
        machine.deadline_passed()
        machine.gave_up("over")
        ends = [effect for effect in core.drain() if isinstance(effect, (Published, Unpublished))]
        self.assertEqual(len(ends), 1)
