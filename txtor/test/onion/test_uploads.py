# -*- test-case-name: txtor.test.onion.test_uploads -*-
"""
The account of uploads.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.events import HSDescEvent
from txtor.onion import UploadRefused, UploadStarted, UploadStored, upload_news
from txtor.onion._uploads import DescriptorReport, UploadNews, Uploads


def started(directory: str, descriptor_id: str = "now") -> UploadNews:
    return UploadStarted("address", directory, descriptor_id)


def stored(directory: str) -> UploadNews:
    return UploadStored("address", directory)


def refused(directory: str, descriptor_id: str = "now", reason: str = "UPLOAD_REJECTED") -> UploadNews:
    return UploadRefused("address", directory, descriptor_id, reason)


def report(*news: UploadNews, descriptor_id: str = "now") -> tuple[str, dict[str, str], str]:
    """
    What is known after some news: who holds the descriptor, who refused it, who has not answered.
    """
    uploads = Uploads()
    for each in news:
        uploads.hear(each)
    found = uploads.report(descriptor_id)
    return "".join(sorted(found.holding)), dict(found.refusing), "".join(sorted(found.open))


class NewsTests(SynchronousTestCase):
    """
    What events say.
    """

    def test_events(self) -> None:
        """
        The events of uploads, each with what it tells; the others tell nothing.
        """
        relay = "A" * 40
        for text, news in (
            (f"UPLOAD me UNKNOWN ${relay}~x now HSDIR_INDEX=0A", UploadStarted("me", relay, "now", b"\n")),
            (f"UPLOAD me UNKNOWN ${relay}~x now HSDIR_INDEX=0", UploadStarted("me", relay, "now")),
            (f"UPLOAD me UNKNOWN ${relay} now", UploadStarted("me", relay, "now")),
            (f"UPLOADED me UNKNOWN ${relay}~x", UploadStored("me", relay)),
            (f"FAILED me NO_AUTH ${relay}~x now REASON=UPLOAD_REJECTED", UploadRefused("me", relay, "now", "UPLOAD_REJECTED")),
            (f"FAILED me NO_AUTH ${relay}~x now REASON=NOVELTY", UploadRefused("me", relay, "now", "NOVELTY")),
            (f"FAILED me NO_AUTH ${relay}~x now", UploadRefused("me", relay, "now", "")),
            ("FAILED me NO_AUTH UNKNOWN now REASON=QUERY_NO_HSDIR", None),
            (f"FAILED me NO_AUTH ${relay}~x", None),
            (f"UPLOAD UNKNOWN UNKNOWN ${relay} now", None),
            ("CREATED me UNKNOWN UNKNOWN now", None),
            (f"REQUESTED me NO_AUTH ${relay} now", None),
            (f"NOVELTY me NO_AUTH ${relay} now", None),
            ("UPLOAD", None),
            ("", None),
        ):
            self.assertEqual(upload_news(HSDescEvent(text)), news)


class UploadsTests(SynchronousTestCase):
    """
    One service, several directories and two descriptors.
    """

    def test_settled(self) -> None:
        """
        An answer settles the upload to that directory. Case 97.
        """
        self.assertEqual(report(), ("", {}, ""))
        self.assertEqual(report(started("a"), started("b"), stored("a")), ("a", {}, "b"))
        self.assertEqual(report(started("a"), started("b"), refused("b")), ("", {"b": "UPLOAD_REJECTED"}, "a"))

    def test_not_announced(self) -> None:
        """
        The answer to an upload that was not announced, or to a fetch, is no news.
        """
        uploads = Uploads()
        self.assertFalse(uploads.hear(stored("a")))
        self.assertFalse(uploads.hear(refused("a")))
        self.assertTrue(uploads.hear(started("a")))
        self.assertFalse(uploads.hear(refused("a", "other")))
        self.assertTrue(uploads.hear(stored("a")))
        self.assertFalse(uploads.hear(stored("a")))
        self.assertEqual(uploads.report("now"), DescriptorReport(frozenset("a"), {}, frozenset()))

    def test_two_descriptors(self) -> None:
        """
        With two uploads to a directory open, the first success has no name; the second one settles both.
        """
        both = (started("a"), started("a", "next"))
        self.assertEqual(report(*both, stored("a")), ("", {}, "a"))
        self.assertEqual(report(*both, stored("a"), stored("a")), ("a", {}, ""))
        self.assertEqual(report(*both, stored("a"), stored("a"), descriptor_id="next"), ("a", {}, ""))

    def test_named_by_refusal(self) -> None:
        """
        A refusal names its descriptor, so the success before or after it belongs to the other one.
        """
        both = (started("a"), started("a", "next"))
        for answers in ((stored("a"), refused("a", "next")), (refused("a", "next"), stored("a"))):
            self.assertEqual(report(*both, *answers), ("a", {}, ""))
            self.assertEqual(report(*both, *answers, descriptor_id="next"), ("", {"a": "UPLOAD_REJECTED"}, ""))

    def test_replaced(self) -> None:
        """
        A new upload of the same descriptor to the same directory replaces the old one, open or refused.
        """
        self.assertEqual(report(started("a"), started("a"), stored("a")), ("a", {}, ""))
        self.assertEqual(report(started("a"), refused("a"), started("a")), ("", {}, "a"))
        self.assertEqual(report(started("a"), refused("a"), started("a"), stored("a")), ("a", {}, ""))

    def test_again(self) -> None:
        """
        A directory that holds the descriptor keeps it while it is uploaded again, unless it refuses.
        """
        self.assertEqual(report(started("a"), stored("a"), started("a")), ("a", {}, "a"))
        self.assertEqual(report(started("a"), stored("a"), started("a"), refused("a")), ("", {"a": "UPLOAD_REJECTED"}, ""))

    def test_no_longer(self) -> None:
        """
        A directory that was not tried in two turns is none any more, whether it had answered or not.
        """
        news = [started("a"), started("b"), started("c"), stored("a"), stored("b"), started("a"), started("d"), stored("a")]
        self.assertEqual(report(*news), ("ab", {}, "cd"))
        self.assertEqual(report(*news, stored("d"), started("d")), ("ad", {}, "d"))
        self.assertEqual(report(*news, stored("d"), started("d"), stored("d"), started("a"), started("e")), ("ad", {}, "ae"))

    def test_later_descriptors(self) -> None:
        """
        Of many periods the last few descriptors are accounted for; an upload of an older one is waited for no longer.
        """
        uploads = Uploads()
        for number in range(9):
            uploads.hear(started("a", str(number)))
            if number % 2:
                uploads.hear(stored("a"))
        self.assertEqual(uploads.descriptors, ("5", "6", "7", "8"))
        self.assertEqual(uploads.report("0"), DescriptorReport(frozenset(), {}, frozenset()))
        for _ in range(4):
            uploads.hear(stored("a"))
        self.assertEqual([sorted(uploads.report(each).holding) for each in uploads.descriptors], [["a"]] * 4)
        self.assertFalse(uploads.hear(stored("a")))

    def test_turns(self) -> None:
        """
        What begins anew: when everything is answered, or a directory is tried again.
        """
        uploads = Uploads()
        self.assertTrue(uploads.begins_anew(UploadStarted("me", "a", "now")))
        uploads.hear(started("a"))
        self.assertFalse(uploads.begins_anew(UploadStarted("me", "b", "now")))
        self.assertTrue(uploads.begins_anew(UploadStarted("me", "a", "now")))
        uploads.hear(stored("a"))
        self.assertTrue(uploads.begins_anew(UploadStarted("me", "b", "now")))

    def test_places(self) -> None:
        """
        The places of the directories, where Tor tells all of them.
        """
        uploads = Uploads()
        uploads.hear(UploadStarted("me", "a", "now", b"1"))
        self.assertEqual(uploads.indexes("now"), {"a": b"1"})
        uploads.hear(started("b"))
        self.assertIsNone(uploads.indexes("now"))
        self.assertEqual(uploads.indexes("next"), {})

    @settings(max_examples=200)
    @given(
        st.lists(
            st.one_of(
                st.builds(started, st.sampled_from("abc"), st.sampled_from(["now", "next"])),
                st.builds(stored, st.sampled_from("abc")),
                st.builds(refused, st.sampled_from("abc"), st.sampled_from(["now", "next"])),
            ),
            max_size=25,
        )
    )
    def test_any_news(self, news: list[UploadNews]) -> None:
        """
        Whatever is said: a directory that refuses does not hold, one that holds was announced, and when every upload has been
        answered, nothing is open.
        """
        uploads = Uploads()
        announced = set()
        for each in news:
            if isinstance(each, UploadStarted):
                announced.add((each.directory, each.descriptor_id))
            uploads.hear(each)
            for descriptor_id in ("now", "next"):
                found = uploads.report(descriptor_id)
                self.assertEqual(found.holding & set(found.refusing), set())
                self.assertEqual({(directory, descriptor_id) for directory in found.announced} - announced, set())
        for directory in "abc":
            for _ in range(2):
                uploads.hear(stored(directory))
        for descriptor_id in ("now", "next"):
            found = uploads.report(descriptor_id)
            self.assertEqual(found.open, frozenset())
            latest = [each for each in news if isinstance(each, UploadStarted) and each.descriptor_id == descriptor_id]
            self.assertLessEqual({each.directory for each in latest[-1:]}, found.announced)
