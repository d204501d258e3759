# -*- test-case-name: txtor.test.endpoints.test_client_string -*-
"""
``tor:host:port[:options]`` for ``clientFromString``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IStreamClientEndpoint, IStreamClientEndpointStringParserWithReactor
from twisted.plugin import IPlugin
from zope.interface import implementer

from txtor.errors import InvalidArgument

from ._string_options import Reader, one_of, read_flag, read_options, read_port, read_text, take_positional

if TYPE_CHECKING:
    from txtor.socks import AnyIsolation

#: The options and how each is read.
OPTIONS: Mapping[str, Reader] = {
    "socks": read_text,
    "socksHostname": read_text,
    "socksPort": read_port,
    "socksUsername": read_text,
    "socksPassword": read_text,
    "control": read_text,
    "launch": read_flag,
    "tls": read_flag,
    "isolation": one_of("connection", "destination", "none"),
    "isolationToken": read_text,
}


@implementer(IPlugin, IStreamClientEndpointStringParserWithReactor)
class TorClientStringParser:
    """
    The parser of ``tor:``, which Twisted finds as a plugin.

    Nothing is connected to or launched before somebody connects. A string that does not say where Tor is tries the usual SOCKS
    ports of this machine.

    ============================== ====================================================================================
    option                         meaning
    ============================== ====================================================================================
    ``socks=``                     the string of an endpoint for the SocksPort, its colons escaped: ``unix\\:/run/tor/socks``
    ``socksHostname= socksPort=``  the same for TCP; the host is ``127.0.0.1`` if it is not given
    ``control=``                   the string of an endpoint for the control port of a Tor, its colons escaped. It is asked
                                   for its SocksPort over a connection that all strings share which name it
    ``launch=``                    ``yes``: launch a Tor, which all strings share that say this, and end it with the program
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

        host, port = take_positional(self.prefix, ("host", "port"), args, kwargs)
        options = read_options(self.prefix, OPTIONS, kwargs)
        return TorClientEndpoint(
            host,
            read_port(self.prefix, "port", port),
            _socks_endpoint(reactor, options),
            tls=options.get("tls", False),
            socks_username=options.get("socksUsername"),
            socks_password=options.get("socksPassword"),
            reactor=reactor,
            isolation=_isolation(options),
        )


#: What says where Tor is, and the options that say it.
_PLACES = {"socks": "socks", "socksHostname": "TCP", "socksPort": "TCP", "control": "control", "launch": "launch"}


def _socks_endpoint(reactor: Any, options: Mapping[str, Any]) -> Any:
    """
    Where the SocksPort is, or ``None`` where the string does not say.

    :raises InvalidArgument: the string says it twice, or not wholly.
    """
    named = [name for name in _PLACES if options.get(name, False) is not False]  # "launch=no" is as if it were not there
    for name in named[1:]:
        if _PLACES[name] != _PLACES[named[0]]:
            raise InvalidArgument(f"The options {named[0]}= and {name}= of a tor: string both say where Tor is.")
    if not named:
        return None
    if named[0] in ("control", "launch"):
        from ._shared import socks_of_control, socks_of_launched  # which needs the control port and all that is above it

        return socks_of_control(reactor, options["control"]) if named[0] == "control" else socks_of_launched(reactor)
    return options["socks"] if named[0] == "socks" else _tcp_endpoint(reactor, options)


def _tcp_endpoint(reactor: Any, options: Mapping[str, Any]) -> IStreamClientEndpoint:
    """
    The endpoint of a SocksPort on TCP. A host that is a name is looked up by this machine: it is a neighbour's.

    :raises InvalidArgument: there is no port.
    """
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
