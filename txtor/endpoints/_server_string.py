# -*- test-case-name: txtor.test.endpoints.test_server_string -*-
"""
``onion:80[:options]`` for ``serverFromString``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IStreamServerEndpoint, IStreamServerEndpointStringParser
from twisted.plugin import IPlugin
from zope.interface import implementer

from txtor.errors import InvalidArgument

from ._string_options import Reader, one_of, read_flag, read_options, read_port, read_text, take_positional

if TYPE_CHECKING:
    from txtor.onion import DiskTerms, OnionTerms


def read_seconds(prefix: str, name: str, text: str) -> float | None:
    """
    Read a number of seconds; 0 is no limit.

    :raises InvalidArgument: it is none.
    """
    if not (text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 12):
        raise InvalidArgument(f"The option {name}= of an {prefix}: string must be a number of seconds, not {text[:40]!r}.")
    return float(text) or None


def read_number(prefix: str, name: str, text: str) -> int:
    """
    Read a whole number.

    :raises InvalidArgument: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidArgument(f"The option {name}= of an {prefix}: string must be a whole number, not {text[:40]!r}.")
    return int(text)


def read_list(prefix: str, name: str, text: str) -> list[str]:
    """
    Read words with commas between them.

    :raises InvalidArgument: there is none.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise InvalidArgument(f"The option {name}= of an {prefix}: string is empty.")
    return words


#: The options and how each is read.
OPTIONS: Mapping[str, Reader] = {
    "localPort": read_port,
    "local": read_text,
    "tor": one_of("launch", "system"),
    "controlPort": read_text,
    "dataDirectory": read_text,
    "hiddenServiceDir": read_text,
    "groupReadable": read_flag,
    "privateKey": read_text,
    "privateKeyFile": read_text,
    "clients": read_list,
    "version": one_of("3"),
    "singleHop": read_flag,
    "maxStreams": read_number,
    "pow": read_flag,
    "introductionPoints": read_number,
    "wait": one_of("first", "replicas", "majority", "all", "none"),
    "timeout": read_seconds,
}

#: Options that become arguments of both kinds of services, and those of services with files alone.
_COMMON = {"wait": "wait", "timeout": "timeout", "maxStreams": "max_streams", "pow": "pow_enabled"}
_OF_FILES = {"groupReadable": "group_readable", "introductionPoints": "introduction_points"}

#: Options that exclude each other.
_EXCLUSIVE = (
    ("localPort", "local"),
    ("controlPort", "tor"),
    ("controlPort", "dataDirectory"),
    ("hiddenServiceDir", "privateKey"),
    ("hiddenServiceDir", "privateKeyFile"),
    ("hiddenServiceDir", "singleHop"),
    ("hiddenServiceDir", "clients"),
    ("privateKey", "privateKeyFile"),
)


@implementer(IPlugin, IStreamServerEndpointStringParser)
class OnionServerStringParser:
    """
    The parser of ``onion:``, which Twisted finds as a plugin: ``twist web --listen onion:80``.

    Without ``controlPort=`` and ``tor=`` a Tor is launched, which all strings that say the same share. While somebody listens, a
    Tor that ends is launched again, or connected to as soon as it is back, and the service published again at the same address.

    ======================= ===========================================================================================
    option                  meaning
    ======================= ===========================================================================================
    ``localPort=``          the port of 127.0.0.1 to listen on; any free one by default
    ``local=``              the string of an endpoint to listen on, its colons escaped: ``unix\\:/run/web.sock``
    ``controlPort=``        the Tor to use: a port of 127.0.0.1, or the string of an endpoint, its colons escaped
    ``tor=``                ``launch``: a Tor of our own, the default; ``system``: one that runs, at the usual places
    ``dataDirectory=``      where our own Tor keeps its data, which makes the next start faster; temporary by default
    ``privateKeyFile=``     the file with the key of the service. It is made, with a new key, if it is not there
    ``privateKey=``         the key itself, as ``ED25519-V3\\:...``; or ``DISCARD``: nobody has it, and the service is gone with
                            its Tor
    ``hiddenServiceDir=``   a directory in which Tor keeps the keys, as an absolute path
    ``groupReadable=``      ``yes``: let the group read the host name in it
    ``clients=``            the public keys of the clients that are let in, with commas between them
    ``singleHop=``          ``yes``: a service that does not hide where it is
    ``maxStreams=``         how many connections one client may have over a circuit; 0, the default, is no limit
    ``pow=``                ``yes``: clients must work when the service is busy
    ``introductionPoints=`` on how many relays clients find it, 3 to 20; belongs to ``hiddenServiceDir=``
    ``version=``            ``3``
    ``wait=``               listening waits for the ``first`` directory (the default), one of all ``replicas``, the
                            ``majority``, ``all``, or ``none``
    ``timeout=``            the seconds that this may take, 180 by default; 0 is no limit
    ======================= ===========================================================================================
    """

    prefix = "onion"

    # Positional, so that "reactor=" in a string is a wrong option like any other.
    def parseStreamServer(  # type: ignore[override]
        self, reactor: Any, /, *args: Any, **kwargs: Any
    ) -> IStreamServerEndpoint:
        """
        Make the endpoint for a string. Nothing is connected to, launched or opened.

        :raises InvalidArgument: the string is wrong; the text says what, and the right spelling of an option. It holds nothing
            of a key.
        """
        from ._server import OnionServerEndpoint  # Twisted loads this module in every program

        (text,) = take_positional(self.prefix, ("port",), args, kwargs)
        port = read_port(self.prefix, "port", text)
        options = read_options(self.prefix, OPTIONS, kwargs)
        for one, other in _EXCLUSIVE:
            if one in options and other in options:
                raise InvalidArgument(f"The options {one}= and {other}= of an onion: string exclude each other.")
        local, terms = _local(reactor, options), _terms(options)
        if "controlPort" in options:
            return OnionServerEndpoint.system_tor(reactor, _control(options["controlPort"]), port, terms, local)
        if options.get("tor") == "system":
            if "dataDirectory" in options:
                raise InvalidArgument("The option dataDirectory= of an onion: string is for a Tor that is launched.")
            return OnionServerEndpoint.system_tor(reactor, None, port, terms, local)
        launching = {"data_directory": options["dataDirectory"]} if "dataDirectory" in options else {}
        return OnionServerEndpoint.global_tor(reactor, port, terms, local, **launching)


def _local(reactor: Any, options: Mapping[str, Any]) -> Any:
    """
    Where to listen on this machine.
    """
    if "local" not in options:
        return options.get("localPort")
    from twisted.internet.endpoints import serverFromString

    try:
        return serverFromString(reactor, options["local"])
    except (ValueError, TypeError, LookupError) as error:
        raise InvalidArgument(f"The option local= of an onion: string is no endpoint: {error}") from error


def _control(text: str) -> str:
    return f"tcp:127.0.0.1:{read_port('onion', 'controlPort', text)}" if text.isdigit() else text


def _terms(options: Mapping[str, Any]) -> OnionTerms | DiskTerms:
    """
    What the options wish of the service.
    """
    from txtor.onion import DISCARD, DiskTerms, OnionKeyFile, OnionTerms

    common = {argument: options[name] for name, argument in _COMMON.items() if name in options}
    if "hiddenServiceDir" in options:
        files = {argument: options[name] for name, argument in _OF_FILES.items() if name in options}
        return DiskTerms(options["hiddenServiceDir"], **files, **common)
    for name in _OF_FILES:
        if name in options:
            raise InvalidArgument(f"The option {name}= of an onion: string belongs to hiddenServiceDir=.")
    key = options.get("privateKey")
    if key == "DISCARD":
        key = DISCARD
    elif "privateKeyFile" in options:
        key = OnionKeyFile(options["privateKeyFile"])
    return OnionTerms(key, clients=options.get("clients"), single_hop=options.get("singleHop"), **common)
