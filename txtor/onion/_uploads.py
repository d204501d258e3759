# -*- test-case-name: txtor.test.onion.test_uploads -*-
"""
The account of a service's uploads: which directory has which descriptor, which one refused it, which one has yet to answer.

Tor announces an upload with the descriptor and the directory, and says of a refusal which descriptor it was; of a success it
names the directory alone. A service uploads two descriptors, perhaps both to one directory. So while two uploads to a
directory are open, a success belongs to one of them, nobody knows which; when the other is answered, both are settled.

See control-spec 4.1.25, HS_DESC.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from txtor.events import HSDescAction, HSDescEvent

#: How many descriptors of a service are accounted for. It has two at a time, and another one after each time period.
DESCRIPTORS_KEPT = 4


@dataclass(frozen=True)
class UploadStarted:
    """
    HS_DESC UPLOAD: Tor sends a descriptor to a directory.

    :ivar address: the bare onion address.
    :ivar directory: the fingerprint of the directory.
    :ivar descriptor_id: which of the service's descriptors it is.
    :ivar index: the place of the directory on the hash ring, 32 bytes; ``None`` where it is not told.
    """

    address: str
    directory: str
    descriptor_id: str
    index: bytes | None = None


@dataclass(frozen=True)
class UploadStored:
    """
    HS_DESC UPLOADED: the directory took it.
    """

    address: str
    directory: str


@dataclass(frozen=True)
class UploadRefused:
    """
    HS_DESC FAILED: it did not, or could not be reached.

    :ivar reason: Tor's word, as ``"UPLOAD_REJECTED"``.
    """

    address: str
    directory: str
    descriptor_id: str
    reason: str


UploadNews = UploadStarted | UploadStored | UploadRefused


def upload_news(event: HSDescEvent) -> UploadNews | None:
    """
    What an event says of an upload; ``None`` where it is about something else, or too little is in it.

    A failed fetch looks like a refused upload. Which of them it was, `Uploads` knows.
    """
    address, directory = event.address, event.directory
    if address is None or directory is None or directory.fingerprint is None:
        return None
    if event.action == HSDescAction.UPLOADED:
        return UploadStored(address, directory.fingerprint)
    if event.descriptor_id is None:
        return None
    if event.action == HSDescAction.UPLOAD:
        return UploadStarted(address, directory.fingerprint, event.descriptor_id, _index(event.index))
    if event.action == HSDescAction.FAILED:
        return UploadRefused(address, directory.fingerprint, event.descriptor_id, event.reason or "")
    return None


def _index(text: str | None) -> bytes | None:
    try:
        return bytes.fromhex(text or "") or None
    except ValueError:
        return None


@dataclass(frozen=True)
class DescriptorReport:
    """
    How far the publication of one descriptor is.

    :ivar holding: the fingerprints of the directories that have it.
    :ivar refusing: by fingerprint, why a directory did not take it.
    :ivar open: the directories that have not answered.
    """

    holding: frozenset[str]
    refusing: Mapping[str, str]
    open: frozenset[str]

    @property
    def announced(self) -> frozenset[str]:
        """
        All directories that Tor has tried.
        """
        return self.holding | self.open | frozenset(self.refusing)

    def among(self, directories: frozenset[str]) -> DescriptorReport:
        """
        The same of certain directories alone.
        """
        refusing = {directory: reason for directory, reason in self.refusing.items() if directory in directories}
        return DescriptorReport(self.holding & directories, refusing, self.open & directories)


@dataclass
class _Descriptor:
    """
    The account of one descriptor.

    :ivar turn: how often it has been uploaded.
    :ivar tried: by directory, its place on the ring, and the turn in which it was tried last.
    """

    turn: int = 0
    tried: dict[str, tuple[bytes | None, int]] = field(default_factory=dict)
    holding: set[str] = field(default_factory=set)
    refusing: dict[str, str] = field(default_factory=dict)

    def announce(self, directory: str, index: bytes | None) -> set[str]:
        """
        It is sent to a directory. A directory that is tried again begins another turn, unless that has begun.

        :return: directories that are tried no longer: nothing has been said of them in the last two turns. Such a one was
            responsible before, and may still hold an older text.
        """
        self.refusing.pop(directory, None)
        outdated: set[str] = set()
        if directory in self.tried and self.tried[directory][1] == self.turn:
            self.turn += 1
            outdated = {each for each, (_, turn) in self.tried.items() if turn < self.turn - 1}
            for each in outdated:
                del self.tried[each]
                self.holding.discard(each)
                self.refusing.pop(each, None)
        self.tried[directory] = (index, self.turn)
        return outdated


@dataclass
class Uploads:
    """
    The account for one service, of the descriptors that were uploaded last.
    """

    _open: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _unnamed: Counter[str] = field(default_factory=Counter)
    _descriptors: dict[str, _Descriptor] = field(default_factory=dict)

    def hear(self, news: UploadNews) -> bool:
        """
        Take in what happened to an upload of this service.

        :return: whether it was news: not the answer to a fetch, or to an upload that was never announced.
        """
        if isinstance(news, UploadStarted):
            self._announce(news)
            return True
        running = self._open.get(news.directory, set())
        if isinstance(news, UploadStored):
            if not running:
                return False
            self._unnamed[news.directory] += 1
        else:
            if news.descriptor_id not in running:
                return False
            running.remove(news.descriptor_id)
            descriptor = self._descriptors[news.descriptor_id]
            descriptor.refusing[news.directory] = news.reason
            descriptor.holding.discard(news.directory)
        self._settle(news.directory)
        return True

    def _announce(self, news: UploadStarted) -> None:
        descriptor = self._descriptors.pop(news.descriptor_id, None) or _Descriptor()
        self._descriptors[news.descriptor_id] = descriptor  # the latest is the last one
        for directory in descriptor.announce(news.directory, news.index):
            self._close(directory, news.descriptor_id)
        self._open[news.directory].add(news.descriptor_id)
        if len(self._descriptors) > DESCRIPTORS_KEPT:
            oldest = next(iter(self._descriptors))
            for directory in self._descriptors[oldest].tried:
                self._close(directory, oldest)
            del self._descriptors[oldest]

    def _close(self, directory: str, descriptor_id: str) -> None:
        """
        Wait no longer for an answer.
        """
        if descriptor_id in self._open.get(directory, ()):
            self._open[directory].remove(descriptor_id)
            self._settle(directory)

    def _settle(self, directory: str) -> None:
        """
        Give names to the successes at a directory, when there are as many as there are uploads without an answer.
        """
        running = self._open[directory]
        if self._unnamed[directory] >= len(running):
            for descriptor_id in running:
                self._descriptors[descriptor_id].holding.add(directory)
            del self._open[directory]
            del self._unnamed[directory]

    @property
    def descriptors(self) -> tuple[str, ...]:
        """
        The names of the descriptors that were uploaded; the latest is the last one.
        """
        return tuple(self._descriptors)

    def begins_anew(self, news: UploadStarted) -> bool:
        """
        Whether an upload that has not been heard of yet is the first one of a turn: all that were announced before have been
        answered, or that directory was tried already.
        """
        report = self.report(news.descriptor_id)
        return not report.open or news.directory in report.announced

    def indexes(self, descriptor_id: str) -> Mapping[str, bytes] | None:
        """
        By directory, the places on the hash ring of those to which a descriptor was uploaded; ``None`` where one is not known.
        """
        tried = self._descriptors[descriptor_id].tried if descriptor_id in self._descriptors else {}
        known = {directory: index for directory, (index, _) in tried.items() if index is not None}
        return known if len(known) == len(tried) else None

    def report(self, descriptor_id: str) -> DescriptorReport:
        """
        How far the publication of one descriptor is.
        """
        waiting = frozenset(directory for directory, running in self._open.items() if descriptor_id in running)
        found = self._descriptors.get(descriptor_id)
        if found is None:
            return DescriptorReport(frozenset(), {}, frozenset())
        return DescriptorReport(frozenset(found.holding), dict(found.refusing), waiting)
