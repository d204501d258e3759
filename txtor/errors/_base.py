# -*- test-case-name: txtor.test.test_errors -*-
"""
What can go wrong with any Tor: the roots of the tree.
"""

from __future__ import annotations


class TorError(RuntimeError):
    """
    What went wrong with Tor; every error of txtor is one.
    """


class InvalidArgument(TorError, ValueError):
    """
    The caller gave what cannot be sent or used. Nothing was sent and nothing has changed.
    """


class UnknownOption(InvalidArgument, AttributeError, KeyError):
    """
    The running Tor has no such option. It is what ``hasattr`` and a mapping expect, too.

    :ivar option: the name that was asked for.
    """

    def __init__(self, option: str, hint: str = "") -> None:
        self.option = option
        super().__init__(f"This Tor has no option {option[:80]!r}.{hint and ' ' + hint}")

    __str__ = TorError.__str__  # that of a KeyError is a repr


class ProtocolViolation(TorError):
    """
    The peer broke the grammar of its protocol. The connection is dropped; the text says what was seen.
    """


class Disconnected(TorError):
    """
    The connection to Tor ended, or was never there.

    :ivar command: the keyword of the command that waited, or ``None``.
    """

    def __init__(self, reason: str = "The connection to Tor is closed.", command: str | None = None) -> None:
        self.reason = reason
        self.command = command
        super().__init__(reason if command is None else f"{reason} (during {command})")


class CommandTimeout(TorError):
    """
    Tor did not answer in the time that the caller gave. The command may still be carried out.
    """

    def __init__(self, command: str, seconds: float) -> None:
        self.command = command
        self.seconds = seconds
        super().__init__(f"Tor did not answer {command} in {seconds:g} s.")


class MissingExtra(TorError):
    """
    What was asked for needs a package that is not installed; the text says which extra of txtor brings it.
    """
