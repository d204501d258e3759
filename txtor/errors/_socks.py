# -*- test-case-name: txtor.test.test_errors -*-
"""
What a SOCKS server answered: a class for each reply. See RFC 1928 6 and Tor's socks-extensions.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._base import ProtocolViolation, TorError


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
