# -*- test-case-name: txtor.test.onion.test_publication -*-
"""
Waiting for a service to be published: an Automat machine without I/O.

Theory of operation
-------------------

Listening begins before Tor is told of the service, so news may come before its address is known: they are kept until
`Publication.named`. From then on news of other services, and of fetches, have no effect.

A service has two descriptors, of two time periods, and clients ask for one of them (`descriptor_slots`). *Published* means that
one; what happens to the other is reported, and not waited for.

Tor announces all uploads of a descriptor before it hears of the first answer, so that with the first answer their number is
known. It may fail to open one while it announces the others, though: when all that were announced have failed, the machine
waits for a moment (`AskForGrace`) and takes further announcements as new hope.
"""

import enum
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects
from txtor.errors import OnionPublishError

from ._uploads import DescriptorReport, UploadNews, Uploads

#: How much news is kept while the address is not known; Tor's own services make a dozen or two.
MAX_UNNAMED_NEWS = 4096


class WaitFor(enum.Enum):
    """
    When a service counts as published.
    """

    NONE = "none"
    """Nobody waits."""
    FIRST = "first"
    """One directory has the descriptor: clients find it, some of them at their second or later attempt."""
    REPLICAS = "replicas"
    """In each place on the hash ring one directory has it. Where the ring is not known: as ALL."""
    MAJORITY = "majority"
    """More than half of the directories have it."""
    ALL = "all"
    """Every directory has it."""


@dataclass(frozen=True)
class Expected:
    """
    What is waited for.

    :ivar address: the bare onion address.
    :ivar descriptor_id: of the descriptor that clients ask for now.
    :ivar replicas: the fingerprints of the directories of each replica (`HashRing.directories`); empty where they are not known.
    """

    address: str
    descriptor_id: str
    replicas: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True)
class PublicationReport:
    """
    How far the publication is.

    :ivar wanted: the descriptor that clients ask for.
    :ivar published: whether it is where it was wanted.
    """

    wanted: DescriptorReport
    published: bool


@dataclass(frozen=True)
class Progress:
    """
    Something happened to an upload of the service.
    """

    news: UploadNews
    report: PublicationReport


@dataclass(frozen=True)
class Published:
    """
    The service is published as was wished.
    """

    report: PublicationReport


@dataclass(frozen=True)
class AskForGrace:
    """
    All directories refused: unless Tor announces others in the next moments (`Publication.grace_passed`), that is the end.
    """


@dataclass(frozen=True)
class Unpublished:
    """
    Nobody waits any longer: it could not be published.
    """

    error: OnionPublishError


Effect = Progress | Published | AskForGrace | Unpublished


class Publication(Protocol):
    """
    What can happen to a publication.
    """

    def named(self, expected: Expected) -> None:
        "The address is known, and what is waited for."

    def heard(self, news: UploadNews) -> None:
        "Tor said something of an upload, of this service or another."

    def grace_passed(self) -> None:
        "Some time went by since it was asked for, and Tor announced nothing."

    def deadline_passed(self) -> None:
        "It takes too long."

    def gave_up(self, reason: str) -> None:
        "The connection is gone, the caller cancelled, Tor refused the service."

    def _suffice(self) -> None:
        "Decided by outputs only: the wish is fulfilled."

    def _doubt(self) -> None:
        "Decided by outputs only: everything has been answered, and it does not suffice."

    def _hope(self) -> None:
        "Decided by outputs only: another upload was announced after all."


@dataclass
class Core(Effects[Effect]):
    """
    The wish, the account, and what is to be done.
    """

    wait_for: WaitFor
    expected: Expected | None = None
    uploads: Uploads = field(default_factory=Uploads)
    early: deque[UploadNews] = field(default_factory=lambda: deque(maxlen=MAX_UNNAMED_NEWS))
    published: bool = False

    def report(self) -> PublicationReport:
        """
        How far it is.
        """
        wanted = self.uploads.report(self.expected.descriptor_id if self.expected else "")
        return PublicationReport(wanted, self.published)

    def take_in(self, news: UploadNews) -> bool:
        """
        Account for news, if they are of this service.
        """
        if self.expected is None or news.address != self.expected.address or not self.uploads.hear(news):
            return False
        self.effects.append(Progress(news, self.report()))
        return True

    def suffices(self) -> bool:
        """
        Whether the wish is fulfilled.
        """
        wanted = self.report().wanted
        replicas = self.expected.replicas if self.expected else ()
        if self.wait_for is WaitFor.NONE:
            return True
        if self.wait_for is WaitFor.FIRST:
            return bool(wanted.holding)
        if self.wait_for is WaitFor.MAJORITY:
            return 2 * len(wanted.holding) > len(wanted.announced)
        if self.wait_for is WaitFor.REPLICAS and replicas:
            return all(wanted.holding & replica for replica in replicas if replica)
        return bool(wanted.holding) and not wanted.open and not wanted.refusing

    def answered(self) -> bool:
        """
        Whether every announced upload of the wanted descriptor has been answered.
        """
        wanted = self.report().wanted
        return bool(wanted.announced) and not wanted.open

    def fail(self, reason: str) -> None:
        """
        Say that it is over, and what each directory said.
        """
        refusing: Mapping[str, str] = self.report().wanted.refusing
        self.effects.append(Unpublished(OnionPublishError(reason, refusing)))


builder = TypeMachineBuilder(Publication, Core)
unnamed = builder.state("unnamed")
uploading = builder.state("uploading")
doubting = builder.state("doubting")
published = builder.state("published")
ended = builder.state("ended")

unnamed.upon(Publication.grace_passed).loop().returns(None)
uploading.upon(Publication.grace_passed).loop().returns(None)
published.upon(Publication.grace_passed).loop().returns(None)
published.upon(Publication.deadline_passed).loop().returns(None)
published.upon(Publication.gave_up).to(ended).returns(None)
ended.upon(Publication.named).loop().returns(None)
ended.upon(Publication.heard).loop().returns(None)
ended.upon(Publication.grace_passed).loop().returns(None)
ended.upon(Publication.deadline_passed).loop().returns(None)
ended.upon(Publication.gave_up).loop().returns(None)


@unnamed.upon(Publication.heard).loop()
def keep(inputs: Publication, core: Core, news: UploadNews) -> None:
    core.early.append(news)


@unnamed.upon(Publication.named).to(uploading)
def catch_up(inputs: Publication, core: Core, expected: Expected) -> None:
    core.expected = expected
    for news in core.early:
        core.take_in(news)
    core.early.clear()
    if core.suffices():
        inputs._suffice()
    elif core.answered():
        inputs._doubt()


@uploading.upon(Publication.heard).loop()
def judge(inputs: Publication, core: Core, news: UploadNews) -> None:
    if not core.take_in(news):
        return
    if core.suffices():
        inputs._suffice()
    elif core.answered():
        inputs._doubt()


@uploading.upon(Publication._doubt).to(doubting)
def ask_for_grace(inputs: Publication, core: Core) -> None:
    core.effects.append(AskForGrace())


@doubting.upon(Publication.heard).loop()
def look_for_hope(inputs: Publication, core: Core, news: UploadNews) -> None:
    if core.take_in(news) and not core.answered():
        inputs._hope()


@doubting.upon(Publication._hope).to(uploading)
def hope(inputs: Publication, core: Core) -> None:
    pass  # the next answer is judged there


@doubting.upon(Publication.grace_passed).to(ended)
def end_refused(inputs: Publication, core: Core) -> None:
    holding = len(core.report().wanted.holding)
    total = len(core.report().wanted.announced)
    core.fail(f"{holding} of {total} directories took the descriptor, which is not what was waited for ({core.wait_for.value}).")


@uploading.upon(Publication._suffice).to(published)
def publish(inputs: Publication, core: Core) -> None:
    core.published = True
    core.effects.append(Published(core.report()))


@published.upon(Publication.heard).loop()
def follow(inputs: Publication, core: Core, news: UploadNews) -> None:
    core.take_in(news)


@unnamed.upon(Publication.deadline_passed).to(ended)
@uploading.upon(Publication.deadline_passed).to(ended)
@doubting.upon(Publication.deadline_passed).to(ended)
def end_late(inputs: Publication, core: Core) -> None:
    wanted = core.report().wanted
    core.fail(
        f"The descriptor was not published in time (waiting for: {core.wait_for.value}): {len(wanted.holding)} of "
        f"{len(wanted.announced)} directories have it, {len(wanted.open)} have not answered."
    )


@unnamed.upon(Publication.gave_up).to(ended)
@uploading.upon(Publication.gave_up).to(ended)
@doubting.upon(Publication.gave_up).to(ended)
def end_given_up(inputs: Publication, core: Core, reason: str) -> None:
    core.fail(reason)


new_publication = builder.build()
