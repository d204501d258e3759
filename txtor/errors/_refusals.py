# -*- test-case-name: txtor.test.test_errors -*-
"""
What Tor refuses: a class for each status. See control-spec 4, Replies.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._base import TorError


class TorRefused(TorError):
    """
    Tor answered with a status that is not 2xx.

    :ivar status: three digits, as an integer.
    :ivar text: what Tor said, as it said it.
    :ivar command: the keyword of the command, as ``"GETINFO"``; never its arguments, which may be secret.
    :ivar lines: every line of the reply as ``(status, text)``, since one reply may hold several.
    """

    def __init__(self, status: int, text: str, command: str = "", lines: Sequence[tuple[int, str]] = ()) -> None:
        self.status = status
        self.text = text
        self.command = command
        self.lines = tuple(lines) or ((status, text),)
        super().__init__(f"{command}: {status} {text}" if command else f"{status} {text}")

    @property
    def code(self) -> int:
        """
        The status, under the name that txtorcon gave it.
        """
        return self.status


class ResourceExhausted(TorRefused):
    """
    451: Tor lacks the means now; later it may work.
    """


class ProtocolSyntaxError(TorRefused):
    """
    500: Tor could not read the command, as one that is too long. Tor closes the connection.
    """


class UnrecognizedCommand(TorRefused):
    """
    510: this Tor has no such command, or a filter between it and us does not let the command pass.
    """


class UnimplementedCommand(TorRefused):
    """
    511: the command is obsolete.
    """


class ArgumentSyntaxError(TorRefused):
    """
    512: an argument is missing or malformed, or newer than this Tor.
    """


class UnrecognizedArgument(TorRefused):
    """
    513: the argument is understood but not acceptable.
    """


class AuthenticationRequired(TorRefused):
    """
    514: the command needs authentication. Tor closes the connection.
    """


class BadAuthentication(TorRefused):
    """
    515: Tor did not take the proof. Tor closes the connection.
    """


class UnspecifiedTorError(TorRefused):
    """
    550: an error without a status of its own, as an onion address that is in use.
    """


class InternalTorError(TorRefused):
    """
    551: Tor could not do it, or does not know it now; another time it may.
    """


class UnrecognizedEntity(TorRefused):
    """
    552: there is no such option, key, event, circuit, stream, relay, signal or service.
    """


class InvalidConfigurationValue(TorRefused):
    """
    553: the option cannot take the value, cannot change while Tor runs, or Tor could not act on it.
    """


class InvalidDescriptor(TorRefused):
    """
    554: the descriptor is malformed, or its signature is wrong.
    """


class UnmanagedEntity(TorRefused):
    """
    555: the stream is not one that the controller may attach.
    """


_BY_STATUS: dict[int, type[TorRefused]] = {
    451: ResourceExhausted,
    500: ProtocolSyntaxError,
    510: UnrecognizedCommand,
    511: UnimplementedCommand,
    512: ArgumentSyntaxError,
    513: UnrecognizedArgument,
    514: AuthenticationRequired,
    515: BadAuthentication,
    550: UnspecifiedTorError,
    551: InternalTorError,
    552: UnrecognizedEntity,
    553: InvalidConfigurationValue,
    554: InvalidDescriptor,
    555: UnmanagedEntity,
}


def refusal(status: int, text: str, command: str = "", lines: Sequence[tuple[int, str]] = ()) -> TorRefused:
    """
    The error for a status: its own subclass, or `TorRefused` where the specification names none.

    See control-spec 4, Replies.
    """
    return _BY_STATUS.get(status, TorRefused)(status, text, command, lines)
