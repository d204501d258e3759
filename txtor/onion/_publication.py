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

A service is published again every hour or two, and when its introduction points change. That is followed as long as the service
lives, and told when all directories have answered (`Renewed`). Which descriptor clients ask for changes with the time period, so
`Publication.named` may come again.
"""

import enum
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects
from txtor.errors import OnionPublishError

from ._ring import divide_directories
from ._uploads import DescriptorReport, UploadNews, Uploads, UploadStarted

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
    """In each of its places on the hash ring one directory has it. Where those are not known: as ALL."""
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
    :ivar places: of the replicas of the descriptor on the hash ring (`service_index`); empty where they are not known.
    """

    address: str
    descriptor_id: str
    places: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class PublicationReport:
    """
    How far the publication is.

    :ivar wanted: the descriptor that clients ask for, as of the last upload.
    :ivar published: whether it has been where it was wanted.
    :ivar replicas: the same as ``wanted``, for each place of the descriptor on the hash ring, of which clients try one after
        the other; empty where Tor does not tell the places of the directories. Where the consensus sets ``hsdir_n_replicas`` or
        ``hsdir_spread_store``, which the public network does not, this is not right.
    :ivar descriptors: every descriptor that was uploaded of late, by name (`blinded_public_key` in base64): of this time period
        and of the one before or behind it.
    """

    wanted: DescriptorReport
    published: bool
    replicas: tuple[DescriptorReport, ...] = ()
    descriptors: Mapping[str, DescriptorReport] = field(default_factory=dict)


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
class Renewed:
    """
    The service has been published again: all directories have answered.

    :ivar suffices: whether as many took it as was wished.
    """

    report: PublicationReport
    suffices: bool


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


Effect = Progress | Published | Renewed | AskForGrace | Unpublished


class Publication(Protocol):
    """
    What can happen to a publication.
    """

    def named(self, expected: Expected) -> None:
        "The address is known, and what is waited for; or clients ask for another descriptor now."

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
    renewing: bool = False

    def report(self) -> PublicationReport:
        """
        How far it is.
        """
        wanted = self.wanted
        descriptors = {each: self.uploads.report(each) for each in self.uploads.descriptors}
        return PublicationReport(wanted, self.published, tuple(map(wanted.among, self.replicas())), descriptors)

    @property
    def wanted(self) -> DescriptorReport:
        """
        How far the descriptor is that clients ask for.
        """
        return self.uploads.report(self.expected.descriptor_id if self.expected else "")

    def replicas(self) -> tuple[frozenset[str], ...]:
        """
        The directories of each replica, as far as they are known.
        """
        indexes = self.uploads.indexes(self.expected.descriptor_id) if self.expected else None
        return divide_directories(indexes, self.expected.places) if self.expected and indexes else ()

    def take_in(self, news: UploadNews) -> bool:
        """
        Account for news, if they are of this service.
        """
        if self.expected is None or news.address != self.expected.address or not self.uploads.hear(news):
            return False
        self.effects.append(Progress(news, self.report()))
        return True

    def begins_anew(self, news: UploadNews) -> bool:
        """
        Whether news tell that the descriptor is uploaded again, and not to the rest of the directories.
        """
        expected = self.expected
        if expected is None or not isinstance(news, UploadStarted):
            return False
        mine = (news.address, news.descriptor_id) == (expected.address, expected.descriptor_id)
        return mine and self.uploads.begins_anew(news)

    def suffices(self) -> bool:
        """
        Whether the wish is fulfilled.
        """
        wanted = self.wanted
        if self.wait_for is WaitFor.NONE:
            return True
        if self.wait_for is WaitFor.FIRST:
            return bool(wanted.holding)
        if self.wait_for is WaitFor.MAJORITY:
            return 2 * len(wanted.holding) > len(wanted.announced)
        if self.wait_for is WaitFor.REPLICAS and (replicas := self.replicas()):
            return bool(wanted.holding) and all(wanted.holding & replica for replica in replicas if replica)
        return bool(wanted.holding) and not wanted.open and not wanted.refusing

    def answered(self) -> bool:
        """
        Whether every announced upload of the wanted descriptor has been answered.
        """
        wanted = self.wanted
        return bool(wanted.announced) and not wanted.open

    def fail(self, reason: str) -> None:
        """
        Say that it is over, and what each directory said.
        """
        refusing: Mapping[str, str] = self.wanted.refusing
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
    _judge(inputs, core)


def _judge(inputs: Publication, core: Core) -> None:
    if core.suffices():
        inputs._suffice()
    elif core.answered():
        inputs._doubt()


@uploading.upon(Publication.heard).loop()
def judge(inputs: Publication, core: Core, news: UploadNews) -> None:
    if core.take_in(news):
        _judge(inputs, core)


@uploading.upon(Publication.named).loop()
def judge_anew(inputs: Publication, core: Core, expected: Expected) -> None:
    core.expected = expected
    _judge(inputs, core)


@uploading.upon(Publication._doubt).to(doubting)
def ask_for_grace(inputs: Publication, core: Core) -> None:
    core.effects.append(AskForGrace())


@doubting.upon(Publication.heard).loop()
def look_for_hope(inputs: Publication, core: Core, news: UploadNews) -> None:
    if core.take_in(news) and not core.answered():
        inputs._hope()


@doubting.upon(Publication.named).to(uploading)
def hope_for_another(inputs: Publication, core: Core, expected: Expected) -> None:
    core.expected = expected
    _judge(inputs, core)


@doubting.upon(Publication._hope).to(uploading)
def hope(inputs: Publication, core: Core) -> None:
    pass  # the next answer is judged there


@doubting.upon(Publication.grace_passed).to(ended)
def end_refused(inputs: Publication, core: Core) -> None:
    holding, total = len(core.wanted.holding), len(core.wanted.announced)
    core.fail(f"{holding} of {total} directories took the descriptor, which is not what was waited for ({core.wait_for.value}).")


@uploading.upon(Publication._suffice).to(published)
def publish(inputs: Publication, core: Core) -> None:
    core.published = True
    core.effects.append(Published(core.report()))


@published.upon(Publication.heard).loop()
def follow(inputs: Publication, core: Core, news: UploadNews) -> None:
    if core.begins_anew(news):
        core.renewing = True
    if core.take_in(news) and core.renewing and core.answered():
        core.renewing = False
        core.effects.append(Renewed(core.report(), core.suffices()))


@published.upon(Publication.named).loop()
def follow_another(inputs: Publication, core: Core, expected: Expected) -> None:
    if expected != core.expected:
        core.expected = expected
        core.renewing = bool(core.wanted.open)


@unnamed.upon(Publication.deadline_passed).to(ended)
@uploading.upon(Publication.deadline_passed).to(ended)
@doubting.upon(Publication.deadline_passed).to(ended)
def end_late(inputs: Publication, core: Core) -> None:
    wanted = core.wanted
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
