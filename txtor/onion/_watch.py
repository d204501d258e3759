# -*- test-case-name: txtor.test.onion.test_service -*-
"""
The shell around the publication machine: events and the clock go in, Deferreds and progress come out.

Listening begins before Tor hears of the service. Which of its two descriptors clients want is asked for when the first upload is
announced: by then Tor has a consensus, and it is the one that the descriptors were made with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from txtor._deferred import forget_cancelled
from txtor._listener import tell
from txtor._waiting import Waiting
from txtor.control import TorControlProtocol
from txtor.directory import encoding
from txtor.errors import Disconnected, OnionPublishError, TorError
from txtor.events import HSDescEvent

from ._address import OnionAddress
from ._keys import blinded_public_key
from ._moment import Now, network_moment, utc_now
from ._publication import (
    AskForGrace,
    Core,
    Expected,
    Progress,
    Publication,
    PublicationReport,
    Published,
    Renewed,
    WaitFor,
    new_publication,
)
from ._ring import RingParameters, service_index
from ._terms import ProgressListener
from ._uploads import UploadNews, UploadRefused, UploadStarted, upload_news

#: How long Tor may take to announce another upload after the last one was refused, in seconds.
GRACE_SECONDS = 2.0

#: How long after an upload another one has a higher revision counter, which is made of the seconds: directories refuse a
#: descriptor whose counter is that of the one they have. One second, and as much again for two clocks that do not quite agree.
SAME_REVISION_SECONDS = 2.0

_log = Logger()


class PublicationWatch:
    """
    Follows the uploads of one service, from before it exists until `stop`.

    :ivar clock: what it tells the time by.
    :ivar listeners: are told of progress.
    """

    def __init__(
        self,
        clock: IReactorTime,
        protocol: TorControlProtocol,
        wait_for: WaitFor,
        listeners: Iterable[ProgressListener] = (),
        now: Now = utc_now,
    ) -> None:
        """
        :param wait_for: what `when_published` means; with `WaitFor.NONE` the first directory, since somebody may ask later.
        :param listeners: are told of progress.
        """
        self.clock = clock
        self._protocol = protocol
        self.listeners = list(listeners)
        self._now = now
        self._core = Core(WaitFor.FIRST if wait_for is WaitFor.NONE else wait_for)
        self._machine: Publication = new_publication(self._core)
        self._address: OnionAddress | None = None
        self._asking: Deferred[None] | None = None
        self._calls: list[IDelayedCall] = []
        self._outcome: Waiting[PublicationReport] = Waiting()
        self._gone: Deferred[Disconnected] | None = None
        self._lost: Disconnected | None = None
        self._uploaded_at: float | None = None

    # -- its life --------------------------------------------------------------------------------------------------------

    def start(self) -> Deferred[None]:
        """
        Begin to listen.

        :raises TorRefused: Tor, or a filter, does not let us hear of descriptors. Nothing is left.
        """
        return self._protocol.add_event_listener("HS_DESC", self.hear).addCallback(lambda _: self._follow_connection())

    def _follow_connection(self) -> None:
        self._gone = self._protocol.when_disconnected()
        self._gone.addCallbacks(self._disconnected, forget_cancelled)

    def _disconnected(self, reason: Disconnected) -> None:
        self._lost = reason
        self._give(lambda: self._machine.gave_up("The connection to Tor ended."))

    def named(self, address: OnionAddress) -> None:
        """
        The address of the service is known.
        """
        self._address = address
        if any(isinstance(news, UploadStarted) and news.address == address.bare for news in self._core.early):
            self._ask()

    def forget_early(self) -> None:
        """
        What was heard until now is of another service, which had the same address.
        """
        self._core.early.clear()

    def expire_in(self, seconds: float) -> None:
        """
        Set the deadline.
        """
        self._calls.append(self.clock.callLater(seconds, lambda: self._give(self._machine.deadline_passed)))

    def stop(self, reason: str = "The service was removed.") -> None:
        """
        Follow no more. Who still waits is told the reason. This may be called again.
        """
        self._protocol.remove_event_listener("HS_DESC", self.hear).addErrback(
            lambda failure: _log.debug("SETEVENTS failed: {failure}", failure=failure)
        )
        self._give(lambda: self._machine.gave_up(reason))
        for each in (self._asking, self._gone):
            if each is not None:
                each.cancel()
        self._cancel_calls()

    def _cancel_calls(self) -> None:
        for call in self._calls:
            if call.active():
                call.cancel()
        self._calls.clear()

    # -- what is known ---------------------------------------------------------------------------------------------------

    @property
    def report(self) -> PublicationReport:
        """
        How far the publication is.
        """
        return self._core.report()

    def when_published(self) -> Deferred[PublicationReport]:
        """
        A Deferred of the caller's own; see `EphemeralOnionService.when_published`.
        """
        return self._outcome.wait()

    def until_newer(self) -> Deferred[None]:
        """
        Wait until directories would take another descriptor of the service: what is uploaded in the same second is refused, and
        Tor does not try again for an hour.
        """
        since = self.clock.seconds() - self._uploaded_at if self._uploaded_at is not None else SAME_REVISION_SECONDS
        return deferLater(self.clock, max(0.0, SAME_REVISION_SECONDS - since), lambda: None)

    # -- what happens ----------------------------------------------------------------------------------------------------

    def hear(self, event: HSDescEvent) -> None:
        """
        An HS_DESC event came.
        """
        news = upload_news(event)
        if news is None or (self._address is not None and news.address != self._address.bare):
            return
        if isinstance(news, UploadStarted):
            self._uploaded_at = self.clock.seconds()
        is_first = isinstance(news, UploadStarted) and self._core.uploads.begins_anew(news)
        self._give(lambda: self._machine.heard(news))
        if self._address is not None and is_first:
            self._ask()

    def _ask(self) -> None:
        """
        Find out which descriptor clients want: that changes with the time period.
        """
        if self._asking is None:
            self._asking = asking = Deferred.fromCoroutine(self._expect()).addErrback(self._not_told)
            asking.addBoth(self._asked)

    def _asked(self, result: None) -> None:
        self._asking = None

    async def _expect(self) -> None:
        assert self._address is not None  # nothing is asked before
        moment = await network_moment(self._protocol, self._now)
        blinded = blinded_public_key(self._address, moment.period)
        places = tuple(service_index(blinded, number + 1, moment.period) for number in range(RingParameters.replicas))
        expected = Expected(self._address.bare, encoding.unpadded(blinded), places)
        self._give(lambda: self._machine.named(expected))

    def _not_told(self, failure: Any) -> None:
        failure.trap(TorError, CancelledError)
        if self._core.published:
            _log.debug("Which descriptor is wanted now was not told: {failure}", failure=failure)
            return
        self._give(lambda: self._machine.gave_up(f"Which descriptor is wanted cannot be known: {failure.value}"))

    def _give(self, give: Callable[[], None]) -> None:
        """
        Give the machine an input, and do what follows from it. What that causes in turn is done afterwards, in order.
        """
        give()
        self._core.perform(self._act)

    def _act(self, effect: object) -> None:
        if isinstance(effect, Progress):
            self._report_progress(effect.news, effect.report)
        elif isinstance(effect, AskForGrace):
            self._calls.append(self.clock.callLater(GRACE_SECONDS, lambda: self._give(self._machine.grace_passed)))
        elif isinstance(effect, Published):
            self._tell(100, "published", "The service can be reached.")
            self._end(effect.report)
        elif isinstance(effect, Renewed):
            self._report_renewal(effect)
        else:
            error = getattr(effect, "error", None)
            assert isinstance(error, OnionPublishError)  # there is no other effect
            self._end(self._lost or error)

    def _end(self, outcome: PublicationReport | TorError) -> None:
        self._cancel_calls()
        if isinstance(outcome, TorError):
            self._outcome.failed(outcome)
        else:
            self._outcome.happened(outcome)

    def _report_progress(self, news: UploadNews, report: PublicationReport) -> None:
        wanted = report.wanted
        percent = 100 if report.published else 99 * len(wanted.holding) // max(len(wanted.announced), 1)
        if isinstance(news, UploadStarted):
            word, sentence = "upload_started", f"A descriptor is sent to {news.directory}."
        elif isinstance(news, UploadRefused):
            word, sentence = "upload_refused", f"{news.directory} did not take a descriptor: {news.reason}."
        else:
            word, sentence = "upload_stored", f"{news.directory} has a descriptor."
        self._tell(percent, word, sentence)

    def _report_renewal(self, renewed: Renewed) -> None:
        wanted = renewed.report.wanted
        word = "republished" if renewed.suffices else "not_republished"
        sentence = f"{len(wanted.holding)} of {len(wanted.announced)} directories have the newest descriptor."
        self._tell(100 * len(wanted.holding) // len(wanted.announced), word, sentence)

    def _tell(self, percent: int, word: str, sentence: str) -> None:
        for listener in list(self.listeners):
            tell(listener, percent, word, sentence)
