# -*- test-case-name: txtor.test.test_errors -*-
"""
What is wrong with a directory document, or with getting one. See dir-spec.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._base import TorError
from ._refusals import TorRefused


class DocumentError(TorError):
    """
    A directory document breaks a rule.

    :ivar document: the kind of document, as ``"server descriptor"``.
    :ivar rule: what is wrong, in words.
    :ivar line: the number of the line, the first being 1, or ``None`` where no single line is at fault.
    :ivar section: the section of the specification, as ``"dir-spec 2.1.1"``.
    """

    def __init__(self, document: str, rule: str, line: int | None = None, section: str = "") -> None:
        self.document = document
        self.rule = rule
        self.line = line
        self.section = section
        place = f", line {line}" if line is not None else ""
        super().__init__(f"{document}{place}: {rule}{section and f' ({section})'}")

    def __reduce__(self) -> tuple[Any, ...]:
        # Documents are read in other processes too, and their errors come back.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[DocumentError], args: tuple[str, ...], attributes: dict[str, Any]) -> DocumentError:
    """
    An error as it was before it was sent to another process.
    """
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class MalformedDocument(DocumentError):
    """
    The document cannot be read: its structure or a value breaks the grammar.
    """


class UnsupportedDocument(DocumentError):
    """
    The document is of a type or version that txtor does not read, or in an encoding that this Python has no decoder for.

    :ivar type: what it is, as ``"hidden-service-descriptor 1.0"``.
    """

    def __init__(self, document: str, rule: str, line: int | None = None, section: str = "", type: str = "") -> None:  # noqa: A002
        super().__init__(document, rule, line, section)
        self.type = type


class ObsoleteDocument(UnsupportedDocument):
    """
    The document is of a type that no Tor writes any more, as a version 2 network status. Its bytes can still be had.
    """


class VerificationFailed(DocumentError):
    """
    The document can be read but must not be believed: a signature, certificate, digest or date is wrong.
    """


class CannotVerify(DocumentError):
    """
    What would be needed to verify is missing, as a key certificate: the document is neither good nor bad.
    """


class MissingCertificates(CannotVerify):
    """
    Key certificates are missing, with which enough signatures on a consensus might be good.

    :ivar missing: for each, the identity of its authority and the digest of the signing key, in hexadecimal.
    """

    def __init__(self, document: str, rule: str, missing: Sequence[tuple[str, str]], section: str = "") -> None:
        self.missing = tuple(missing)
        named = "".join(f" {identity}-{key}" for identity, key in self.missing)
        super().__init__(document, f"{rule}:{named}", None, section)


class DocumentUnavailable(TorRefused):
    """
    The Tor that was asked does not have a directory document. The status is 250 where it answered, and with nothing.

    :ivar advice: with which option it would keep documents of the kind; empty where none is missing.
    """

    def __init__(
        self,
        status: int,
        text: str,
        command: str = "",
        lines: Sequence[tuple[int, str]] = (),
        advice: str = "",
    ) -> None:
        self.advice = advice
        super().__init__(status, text, command, lines)
        if advice:
            self.args = (f"{self.args[0]}\n{advice}",)


class DirectoryServerError(TorError):
    """
    A directory server was not reached, did not answer in time, refused, or sent nothing that was asked for.

    :ivar status: the status of its answer, as 404 where it does not have a document; ``None`` where that is not the reason.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(reason if status is None else f"{status} {reason}")


class DirectoryUnavailable(TorError):
    """
    No directory server sent what it was asked for.

    :ivar resource: the path that was asked for.
    :ivar failures: by server, in the order in which they were asked, what happened.
    """

    def __init__(self, resource: str, failures: Sequence[tuple[str, TorError]]) -> None:
        self.resource = resource
        self.failures = tuple(failures)
        told = "".join(f"\n  {server}: {error}" for server, error in self.failures)
        super().__init__(f"No directory server sent what was asked for ({resource[:120]}).{told}")
