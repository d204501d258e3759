# -*- test-case-name: txtor.test.onion.test_service -*-
"""
What all services have in common whose publication is followed.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ._address import OnionAddress
from ._publication import PublicationReport
from ._terms import ProgressListener
from ._watch import PublicationWatch


class FollowedService:
    """
    A service with an address, and what is known of its publication.

    :ivar address: its address.
    """

    address: OnionAddress
    _watch: PublicationWatch

    @property
    def hostname(self) -> str:
        """
        The address with ``.onion``.
        """
        return self.address.hostname

    @property
    def report(self) -> PublicationReport:
        """
        How far the publication is, and afterwards which directories have the descriptor and which do not.
        """
        return self._watch.report

    def when_published(self) -> Deferred[PublicationReport]:
        """
        A Deferred of the caller's own that fires when the service can be reached, or at once if it can.

        :raises OnionPublishError: no directory took the descriptor, or not in time, or the service was removed.
        :raises Disconnected: the control connection went away.
        """
        return self._watch.when_published()

    def add_progress_listener(self, listener: ProgressListener) -> None:
        """
        Call a function with percent, a word and a sentence for each step of every publication from now on. The words are
        ``upload_started``, ``upload_stored``, ``upload_refused``; ``published``, once; and whenever the service has been
        published again, which Tor does every hour or two and when introduction points change, ``republished``, or
        ``not_republished`` where fewer directories took it than was waited for. Then percent says how many they are.
        """
        self._watch.listeners.append(listener)

    def remove_progress_listener(self, listener: ProgressListener) -> None:
        """
        Call it no more. One that is not there is no error.
        """
        if listener in self._watch.listeners:
            self._watch.listeners.remove(listener)
