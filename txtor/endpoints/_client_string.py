# -*- test-case-name: txtor.test.endpoints.test_client_string -*-
"""
``tor:host:port[:options]`` for ``clientFromString``.

The options are a table. A word that is not in it is an error that names the nearest one that is: an option misspelt must not be
an option left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IStreamClientEndpoint, IStreamClientEndpointStringParserWithReactor
from twisted.plugin import IPlugin
from zope.interface import implementer

from txtor.errors import InvalidArgument

if TYPE_CHECKING:
    from txtor.socks import AnyIsolation

_YES = ("yes", "true", "on", "1")
_NO = ("no", "false", "off", "0")


def read_flag(name: str, text: str) -> bool:
    """
    Read ``yes`` or ``no``.

    :raises InvalidArgument: it is neither.
    """
    if text.lower() not in _YES + _NO:
        raise InvalidArgument(f"The option {name}= of a tor: string must be yes or no, not {text[:40]!r}.")
    return text.lower() in _YES


def read_port(name: str, text: str) -> int:
    """
    Read a port, 1 to 65535.

    :raises InvalidArgument: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise InvalidArgument(f"The {name} of a tor: string must be a number from 1 to 65535, not {text[:40]!r}.")
    return int(text)


def read_text(name: str, text: str) -> str:
    """
    Take the text as it is.
    """
    return text


def read_rule(name: str, text: str) -> str:
    """
    Read the name of an isolation rule.

    :raises InvalidArgument: it is none.
    """
    return _choose(text, ("connection", "destination", "none"), f"{name}=")


#: The options and how each is read.
OPTIONS: dict[str, Callable[[str, str], Any]] = {
    "socks": read_text,
    "socksHostname": read_text,
    "socksPort": read_port,
    "socksUsername": read_text,
    "socksPassword": read_text,
    "tls": read_flag,
    "isolation": read_rule,
    "isolationToken": read_text,
}


@implementer(IPlugin, IStreamClientEndpointStringParserWithReactor)
class TorClientStringParser:
    """
    The parser of ``tor:``, which Twisted finds as a plugin.

    ============================== ====================================================================================
    option                         meaning
    ============================== ====================================================================================
    ``socks=``                     the string of an endpoint for the SocksPort, its colons escaped: ``unix\\:/run/tor/socks``
    ``socksHostname= socksPort=``  the same for TCP; the host is ``127.0.0.1`` if it is not given
    ``socksUsername=``             what to authenticate with, as ``socksPassword=``
    ``tls=``                       ``yes``: speak TLS, and verify the certificate; ``no`` is the default
    ``isolation=``                 ``connection``, ``destination`` or ``none``; see `txtor.socks.Isolation`
    ``isolationToken=``            a token instead of a rule; see `txtor.socks.IsolationToken`
    ============================== ====================================================================================
    """

    prefix = "tor"

    # Positional, so that "reactor=" in a string is a wrong option like any other.
    def parseStreamClient(  # type: ignore[override]
        self, reactor: Any, /, *args: Any, **kwargs: Any
    ) -> IStreamClientEndpoint:
        """
        Make the endpoint for a string.

        :param reactor: for the connections to the SOCKS port; which Interface it needs depends on the string.
        :raises InvalidArgument: the string is wrong; the text says what, and the right spelling of an option.
        """
        from ._client import TorClientEndpoint  # Twisted loads this module in every program

        host, port = _destination(args, kwargs)
        options = read_options(kwargs)
        return TorClientEndpoint(
            host,
            read_port("port", port),
            _socks_endpoint(reactor, options),
            tls=options.get("tls", False),
            socks_username=options.get("socksUsername"),
            socks_password=options.get("socksPassword"),
            reactor=reactor,
            isolation=_isolation(options),
        )


def read_options(given: Mapping[str, str]) -> dict[str, Any]:
    """
    Read every option that was given.

    :raises InvalidArgument: there is no such option, or it cannot have the value.
    """
    return {name: OPTIONS[_choose(name, tuple(OPTIONS), "The option")](name, text) for name, text in given.items()}


def _choose(word: str, words: tuple[str, ...], what: str) -> str:
    """
    A word of a list, or an error that names the one that was probably meant.
    """
    if word in words:
        return word
    by_lower = {each.lower(): each for each in words}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
    meant = f" Did you mean {by_lower[near[0]]!r}?" if near else ""
    raise InvalidArgument(f"{what} {word[:40]!r} of a tor: string is none of: {', '.join(words)}.{meant}")


def _destination(args: tuple[str, ...], options: dict[str, str]) -> tuple[str, str]:
    """
    The host and the port, which stand first or have names. They are taken out of the options.
    """
    if len(args) > 2:
        raise InvalidArgument(
            f"A tor: string is tor:host:port and options with names; {args[2][:40]!r} is too much. "
            "A colon inside a value is written \\:."
        )
    given = dict(zip(("host", "port"), args, strict=False))
    for name in ("host", "port"):
        if name in given and name in options:
            raise InvalidArgument(f"The {name} of a tor: string is given twice.")
        if name not in given and name not in options:
            raise InvalidArgument(f"A tor: string needs a {name}: tor:host:port")
    return given.get("host") or options.pop("host", ""), given.get("port") or options.pop("port", "")


def _socks_endpoint(reactor: Any, options: Mapping[str, Any]) -> Any:
    """
    Where the SocksPort is, or ``None`` where the string does not say.
    """
    named = [name for name in ("socksHostname", "socksPort") if name in options]
    if "socks" in options:
        if named:
            raise InvalidArgument(f"The options socks= and {named[0]}= of a tor: string both say where the SocksPort is.")
        return options["socks"]
    if not named:
        return None
    if "socksPort" not in options:
        raise InvalidArgument("The option socksHostname= of a tor: string needs socksPort= as well.")
    from twisted.internet.abstract import isIPAddress, isIPv6Address
    from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint

    host = options.get("socksHostname", "127.0.0.1")
    if isIPAddress(host):
        return TCP4ClientEndpoint(reactor, host, options["socksPort"])
    if isIPv6Address(host):
        return TCP6ClientEndpoint(reactor, host, options["socksPort"])
    return HostnameEndpoint(reactor, host, options["socksPort"])


def _isolation(options: Mapping[str, Any]) -> AnyIsolation:
    """
    The isolation that the options name.
    """
    from txtor.socks import Isolation, IsolationToken

    if "isolationToken" in options:
        if "isolation" in options:
            raise InvalidArgument("The options isolation= and isolationToken= of a tor: string exclude each other.")
        return IsolationToken(options["isolationToken"])
    rule = options.get("isolation", "none")
    return None if rule == "none" else Isolation(rule)
