# -*- test-case-name: txtor.test.test_errors -*-
"""
What went wrong with an onion service. See rend-spec-v3.
"""

from __future__ import annotations

from collections.abc import Mapping

from ._base import InvalidArgument, TorError
from ._documents import CannotVerify, VerificationFailed
from ._refusals import UnspecifiedTorError


class OnionPublishError(TorError):
    """
    An onion service's descriptor did not reach the directories that were waited for.

    :ivar reasons: by directory, what Tor said of it.
    """

    def __init__(self, reason: str, reasons: Mapping[str, str] | None = None) -> None:
        self.reasons = dict(reasons or {})
        told = "".join(f"\n  {directory}: {why}" for directory, why in self.reasons.items())
        super().__init__(f"{reason}{told}")


class OnionFetchError(TorError):
    """
    No directory gave an onion service's descriptor: the service is not up, or Tor reaches none of them.

    :ivar reasons: by directory, what Tor said of it.
    """

    def __init__(self, reason: str, reasons: Mapping[str, str] | None = None) -> None:
        self.reasons = dict(reasons or {})
        told = "".join(f"\n  {directory}: {why}" for directory, why in self.reasons.items())
        super().__init__(f"{reason}{told}")


class OnionAddressCollision(UnspecifiedTorError):
    """
    550: the onion service of this key runs already on this Tor.
    """


class OnionKeyFileUnusable(InvalidArgument):
    """
    A file with a key of an onion service cannot be read or written, or must not be handed to Tor.

    :ivar path: the file or directory.
    :ivar problem: what is wrong with it; nothing of its content.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


class ClientAuthorizationNeeded(CannotVerify):
    """
    An onion service's descriptor is good as far as anybody can read it; the rest needs the key of a client that is let in.
    """


class ClientKeyNotAccepted(VerificationFailed):
    """
    An onion service does not let in the client whose key was given, or no longer.
    """
