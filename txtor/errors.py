# -*- test-case-name: txtor.test.test_errors -*-
"""
Every error that txtor raises, in one tree.

A caller who wants one ``except`` takes `TorError`. The caller's own mistake is `InvalidArgument`, found before a byte is
sent; Tor's refusal is `TorRefused`, with a subclass for each status of control-spec 4; a peer that breaks the grammar is
`ProtocolViolation`. No error holds a password, a cookie or a private key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


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


# -- refusals by Tor: control-spec 4 ----------------------------------------------------------------------------------


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


# -- authentication and finding a control port: control-spec 5 --------------------------------------------------------


class AuthenticationError(TorError):
    """
    We could not authenticate; the subclass is the cause and the text says what would help.

    :ivar tried: the method that Tor refused, or ``None`` where nothing was sent that it could refuse.
    :ivar untried: the methods that are left. Tor hangs up after a refusal, so they need a new connection.
    """

    tried: str | None = None
    untried: tuple[str, ...] = ()


class NoUsableMethod(AuthenticationError):
    """
    Tor offers no method that txtor knows.

    :ivar methods: what Tor offers.
    """

    def __init__(self, methods: Sequence[str]) -> None:
        self.methods = tuple(methods)
        offered = ", ".join(self.methods) or "none"
        super().__init__(f"Tor offers no authentication method that txtor knows (it offers: {offered}).")


class PlainCookieNotAllowed(AuthenticationError):
    """
    Tor offers COOKIE without SAFECOOKIE, which would show the cookie to whatever listens there.
    """

    def __init__(self) -> None:
        super().__init__(
            "Tor offers only COOKIE authentication, which shows the cookie file to whoever listens there. "
            "Pass allow_plain_cookie=True if you are sure that it is Tor."
        )


class CookieUnreadable(AuthenticationError):
    """
    The cookie file cannot be read, or is not what a cookie file is.

    :ivar path: the file, as Tor names it.
    :ivar problem: why, with the file's mode and group where they are known.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"The cookie file {path} cannot be used: {problem}")


class IncorrectCookie(AuthenticationError):
    """
    Tor did not take the cookie: the file is stale, or another Tor's.
    """


class ServerHashMismatch(AuthenticationError):
    """
    Whatever answered does not know the cookie, so it is not the Tor that wrote the file. No proof was sent.
    """

    def __init__(self) -> None:
        super().__init__(
            "What listens on the control port does not know the cookie: it is not the Tor that wrote the cookie file "
            "(or the file is stale). Nothing was sent to it."
        )


class PasswordRequired(AuthenticationError):
    """
    Tor wants a password and none was given.
    """

    def __init__(self) -> None:
        super().__init__(
            "Tor wants a password (HashedControlPassword) and none was given. Pass password=, or add the line "
            "'CookieAuthentication 1' to torrc."
        )


class PasswordUnavailable(AuthenticationError):
    """
    The caller's function failed to give a password; the cause is chained.
    """


class IncorrectPassword(AuthenticationError):
    """
    Tor did not take the password.
    """

    def __init__(self) -> None:
        super().__init__("Tor did not take the password: it does not match HashedControlPassword in torrc.")


class ControlPortNotFound(TorError):
    """
    No control port could be used.

    :ivar attempts: for each place tried, in order, the place and what happened there.
    """

    def __init__(self, attempts: Sequence[tuple[str, Exception]], hint: str = "") -> None:
        self.attempts = tuple(attempts)
        tried = "".join(f"\n  {place}: {error}" for place, error in self.attempts)
        super().__init__(f"No control port of Tor could be used. Tried:{tried}{hint and chr(10) + hint}")


# -- running tor ------------------------------------------------------------------------------------------------------


class LaunchError(TorError):
    """
    tor did not start.

    :ivar output: the last lines that it printed.
    :ivar exit_status: its exit status, or ``None`` when it still ran or a signal ended it.
    """

    def __init__(self, reason: str, output: Sequence[str] = (), exit_status: int | None = None) -> None:
        self.reason = reason
        self.output = tuple(output)
        self.exit_status = exit_status
        said = "".join(f"\n  {line}" for line in self.output)
        super().__init__(f"{reason}{said and ' Tor said:' + said}")


class TorNotFound(LaunchError):
    """
    There is no tor binary.

    :ivar places: where it was looked for.
    """

    def __init__(self, places: Sequence[str]) -> None:
        self.places = tuple(places)
        super().__init__(
            f"No tor binary was found (looked in: {', '.join(self.places)}). Install it, for example with "
            "'apt-get install tor', 'dnf install tor' or 'brew install tor', or pass tor_binary=."
        )


# -- SOCKS: RFC 1928 6 and Tor's socks-extensions ---------------------------------------------------------------------


class SocksError(TorError):
    """
    A SOCKS server did not do what was asked.

    :ivar reply_code: the REP byte of the answer, or ``None`` where there was no answer of that kind.
    """

    reply_code: int | None = None


class SocksServerUnreachable(SocksError):
    """
    No connection to the SOCKS server could be made. The error of the endpoint is chained.
    """


class SocksPortNotFound(SocksServerUnreachable):
    """
    No SOCKS server was named, and none listens where Tor usually does.

    :ivar attempts: for each place tried, in order, the place and what happened there.
    """

    def __init__(self, attempts: Sequence[tuple[str, Exception]]) -> None:
        self.attempts = tuple(attempts)
        tried = "".join(f"\n  {place}: {error}" for place, error in self.attempts)
        super().__init__(f"No SOCKS port of Tor was found; give one, or start Tor. Tried:{tried}")


class SocksConnectionLost(SocksError):
    """
    The connection to the SOCKS server ended before it had answered.
    """


class SocksProtocolViolation(SocksError, ProtocolViolation):
    """
    The answer is not SOCKS5, or not an answer to what was asked: most likely something else listens there.
    """


class SocksAuthenticationError(SocksError):
    """
    The server does not take user names and passwords, takes nothing else, or did not take the one that was sent.
    """


class GeneralServerFailureError(SocksError):
    """
    1: Tor failed in a way that has no code of its own; a circuit died, or none could be built.
    """

    reply_code = 1


class ConnectionNotAllowedError(SocksError):
    """
    2: the rules forbid it: no exit policy allows the target, or Tor refuses internal addresses.
    """

    reply_code = 2


class NetworkUnreachableError(SocksError):
    """
    3: the exit has no route to the target's network.
    """

    reply_code = 3


class HostUnreachableError(SocksError):
    """
    4: the name does not resolve, or the host cannot be reached.
    """

    reply_code = 4


class ConnectionRefusedError(SocksError):  # noqa: A001  # the name that programs know from txtorcon
    """
    5: the target refused the connection.
    """

    reply_code = 5


class TtlExpiredError(SocksError):
    """
    6: the target did not answer in time.
    """

    reply_code = 6


class CommandNotSupportedError(SocksError):
    """
    7: the server does not know the command; one that is not Tor's knows no RESOLVE.
    """

    reply_code = 7


class AddressTypeNotSupportedError(SocksError):
    """
    8: the server does not take this type of address, or the port takes no names or no addresses of the kind.
    """

    reply_code = 8


class OnionDescriptorNotFound(SocksError):
    """
    X'F0': no directory has the onion service's descriptor: the service is not up, or never was.
    """

    reply_code = 0xF0


class OnionDescriptorInvalid(SocksError):
    """
    X'F1': the onion service's descriptor cannot be read, or its signature is wrong.
    """

    reply_code = 0xF1


class OnionIntroductionFailed(SocksError):
    """
    X'F2': no introduction point of the onion service took the introduction.
    """

    reply_code = 0xF2


class OnionRendezvousFailed(SocksError):
    """
    X'F3': the onion service did not come to the rendezvous in time.
    """

    reply_code = 0xF3


class OnionClientAuthorizationMissing(SocksError):
    """
    X'F4': the onion service wants client authorization and Tor has no key for it.
    """

    reply_code = 0xF4


class OnionClientAuthorizationWrong(SocksError):
    """
    X'F5': Tor's key for the onion service's client authorization is wrong, or no longer accepted.
    """

    reply_code = 0xF5


class OnionAddressInvalid(SocksError):
    """
    X'F6': the onion address is not one: its checksum, key or encoding is wrong.
    """

    reply_code = 0xF6


class OnionIntroductionTimedOut(SocksError):
    """
    X'F7': every introduction to the onion service ran out of time.
    """

    reply_code = 0xF7


_BY_REPLY_CODE: dict[int, tuple[type[SocksError], str]] = {
    1: (GeneralServerFailureError, "Tor could not make the connection (general failure)"),
    2: (ConnectionNotAllowedError, "the connection is not allowed, by exit policies or by Tor's own rules"),
    3: (NetworkUnreachableError, "the network of the target is unreachable"),
    4: (HostUnreachableError, "the name does not resolve, or the host is unreachable"),
    5: (ConnectionRefusedError, "the target refused the connection"),
    6: (TtlExpiredError, "the target did not answer in time"),
    7: (CommandNotSupportedError, "the SOCKS server does not support the command"),
    8: (AddressTypeNotSupportedError, "the SOCKS server does not support this type of address"),
    0xF0: (OnionDescriptorNotFound, "the descriptor of the onion service was not found"),
    0xF1: (OnionDescriptorInvalid, "the descriptor of the onion service is invalid"),
    0xF2: (OnionIntroductionFailed, "the introduction to the onion service failed"),
    0xF3: (OnionRendezvousFailed, "the rendezvous with the onion service failed"),
    0xF4: (OnionClientAuthorizationMissing, "the onion service wants client authorization, and Tor has no key for it"),
    0xF5: (OnionClientAuthorizationWrong, "Tor's client authorization for the onion service is wrong or revoked"),
    0xF6: (OnionAddressInvalid, "the onion address is invalid"),
    0xF7: (OnionIntroductionTimedOut, "the introduction to the onion service timed out"),
}


def socks_error(code: int, target: str) -> SocksError:
    """
    The error for a reply code: its own subclass, or `SocksError` where no specification names one.

    :param code: the REP byte of the answer, which is not 0.
    :param target: what was asked for, as ``"example.com:80"``.

    See RFC 1928 6, Replies, and tor's manual, ExtendedErrors of SocksPort.
    """
    cause, words = _BY_REPLY_CODE.get(code, (SocksError, "the SOCKS server answered with an unknown code"))
    error = cause(f"{target}: {words} (SOCKS reply X'{code:02X}').")
    error.reply_code = code
    return error


# -- onion services and documents -------------------------------------------------------------------------------------


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


class ClientAuthorizationNeeded(CannotVerify):
    """
    An onion service's descriptor is good as far as anybody can read it; the rest needs the key of a client that is let in.
    """


class ClientKeyNotAccepted(VerificationFailed):
    """
    An onion service does not let in the client whose key was given, or no longer.
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


# -- documents through a Tor and from directory servers -----------------------------------------------------------------


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
