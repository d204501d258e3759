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


@dataclass(frozen=True)
class UploadStarted:
    """
    HS_DESC UPLOAD: Tor sends a descriptor to a directory.

    :ivar address: the bare onion address.
    :ivar directory: the fingerprint of the directory.
    :ivar descriptor_id: which of the service's descriptors it is.
    """

    address: str
    directory: str
    descriptor_id: str


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
        return UploadStarted(address, directory.fingerprint, event.descriptor_id)
    if event.action == HSDescAction.FAILED:
        return UploadRefused(address, directory.fingerprint, event.descriptor_id, event.reason or "")
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


@dataclass
class Uploads:
    """
    The account for one service.
    """

    _open: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _unnamed: Counter[str] = field(default_factory=Counter)
    _holding: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _refusing: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def hear(self, news: UploadNews) -> bool:
        """
        Take in what happened to an upload of this service.

        :return: whether it was news: not the answer to a fetch, or to an upload that was never announced.
        """
        if isinstance(news, UploadStarted):
            self._open[news.directory].add(news.descriptor_id)
            self._refusing[news.descriptor_id].pop(news.directory, None)
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
            self._refusing[news.descriptor_id][news.directory] = news.reason
            self._holding[news.descriptor_id].discard(news.directory)
        self._settle(news.directory, running)
        return True

    def _settle(self, directory: str, running: set[str]) -> None:
        """
        Give names to the successes at a directory, when there are as many as there are uploads without an answer.
        """
        if self._unnamed[directory] >= len(running):
            for descriptor_id in running:
                self._holding[descriptor_id].add(directory)
            del self._open[directory]
            del self._unnamed[directory]

    def report(self, descriptor_id: str) -> DescriptorReport:
        """
        How far the publication of one descriptor is.
        """
        waiting = frozenset(directory for directory, running in self._open.items() if descriptor_id in running)
        holding = frozenset(self._holding.get(descriptor_id, ()))
        return DescriptorReport(holding, dict(self._refusing.get(descriptor_id, {})), waiting)
