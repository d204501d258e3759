# -*- test-case-name: txtor.test.endpoints.test_client_string -*-
"""
``tor:`` strings.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any
from unittest import mock

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint, clientFromString
from twisted.internet.interfaces import IStreamClientEndpointStringParserWithReactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.plugin import IPlugin, getPlugins
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txtor.endpoints import TorClientEndpoint, TorClientStringParser
from txtor.endpoints._shared import SharedSocksEndpoint
from txtor.errors import InvalidArgument
from txtor.socks import Isolation, IsolationToken
from txtor.test.endpoints.programs import run

LIKELY = ["example", "80", "tls=yes", "socksPort=1", "launch=yes", "control=x"]


class StringTests(SynchronousTestCase):
    """
    From the string to the endpoint that it makes.
    """

    def made(self, string: str) -> Any:
        """
        What the endpoint is made with.
        """
        self.reactor = MemoryReactorClock()
        with mock.patch("txtor.endpoints._client.TorClientEndpoint") as endpoint:
            clientFromString(self.reactor, string)
        [call] = endpoint.mock_calls
        return call

    def expect(
        self,
        string: str,
        *,
        host: str = "example",
        port: int = 80,
        socks: object = None,
        tls: bool = False,
        username: str | None = None,
        password: str | None = None,
        isolation: object = None,
    ) -> None:
        """
        The string makes an endpoint with these.
        """
        expected = mock.call(
            host,
            port,
            socks,
            tls=tls,
            socks_username=username,
            socks_password=password,
            reactor=mock.ANY,
            isolation=isolation,
        )
        self.assertEqual(self.made(string), expected)

    def refused(self, string: str) -> str:
        """
        The text of the refusal.
        """
        return str(self.assertRaises(InvalidArgument, clientFromString, MemoryReactorClock(), string))

    def test_plugin(self) -> None:
        """
        Twisted finds the parser, and it is what it says.
        """
        found = [each for each in getPlugins(IStreamClientEndpointStringParserWithReactor) if each.prefix == "tor"]
        self.assertEqual([type(each) for each in found], [TorClientStringParser])
        verifyObject(IStreamClientEndpointStringParserWithReactor, found[0])
        verifyObject(IPlugin, found[0])

    def test_light(self) -> None:
        """
        A program that asks Twisted for its plugins loads nothing else of txtor.
        """
        program = (
            "import sys\n"
            "from twisted.plugin import getPlugins\n"
            "from twisted.internet.interfaces import IStreamClientEndpointStringParserWithReactor as parsers\n"
            "assert 'tor' in [each.prefix for each in getPlugins(parsers)]\n"
            "print(*sorted(name for name in sys.modules if name.startswith(('txtor.', 'automat'))))\n"
        )
        allowed = {"txtor._version", "txtor.errors", "txtor.endpoints", "txtor.endpoints._client_string"}
        allowed |= {"txtor.endpoints._server_string", "txtor.endpoints._string_options"}
        loaded = {name for name in run(program).split() if not name.startswith("txtor.errors.")}
        self.assertLessEqual(loaded, allowed)

    def test_plain(self) -> None:
        """
        A host and a port; they may have names, and the host may hold colons.
        """
        self.expect("tor:example:80")
        self.expect("tor:host=example:port=80")
        self.expect("tor:example:port=443", port=443)
        self.expect(r"tor:[2001\:db8\:\:1]:80", host="[2001:db8::1]")
        self.assertIsInstance(clientFromString(self.reactor, "tor:example:80"), TorClientEndpoint)

    def test_socks_port(self) -> None:
        """
        The SOCKS port by port, by host and port, as the string of an endpoint. Case 117.
        """
        for string, kind, host in (
            ("tor:x:80:socksPort=1080", TCP4ClientEndpoint, "127.0.0.1"),
            ("tor:x:80:socksHostname=10.0.0.1:socksPort=1080", TCP4ClientEndpoint, "10.0.0.1"),
            (r"tor:x:80:socksHostname=\:\:1:socksPort=1080", TCP6ClientEndpoint, "::1"),
        ):
            endpoint = self.made(string).args[2]
            self.assertIs(type(endpoint), kind)
            endpoint.connect(Factory.forProtocol(Protocol))
            self.assertEqual(self.reactor.tcpClients[-1][:2], (host, 1080))
        self.assertIsInstance(self.made("tor:x:80:socksHostname=proxy:socksPort=1080").args[2], HostnameEndpoint)
        self.expect(r"tor:example:80:socks=unix\:/run/tor/socks", socks="unix:/run/tor/socks")

    def test_credentials(self) -> None:
        """
        User name and password. Case 117.
        """
        self.expect(r"tor:example:80:socksUsername=me\:too:socksPassword=p=q", username="me:too", password="p=q")

    def test_tls(self) -> None:
        """
        A flag is yes or no, in some spellings.
        """
        for text, value in (("yes", True), ("True", True), ("1", True), ("no", False), ("OFF", False)):
            self.expect(f"tor:example:80:tls={text}", tls=value)
        self.assertIn("yes or no", self.refused("tor:example:80:tls=maybe"))

    def test_isolation(self) -> None:
        """
        A rule, or a token; a rule misspelt is not taken for a token.
        """
        self.expect("tor:example:80:isolation=connection", isolation=Isolation.PER_CONNECTION)
        self.expect("tor:example:80:isolation=destination", isolation=Isolation.PER_DESTINATION)
        self.expect("tor:example:80:isolation=none")
        self.expect("tor:example:80:isolationToken=connection", isolation=IsolationToken("connection"))
        self.assertIn("'connection'", self.refused("tor:example:80:isolation=conection"))

    def test_tor(self) -> None:
        """
        A Tor by its control port, or one of our own: strings that say the same have the same.
        """
        control = r"tor:x:80:control=unix\:/run/tor/control"
        one, launched = self.made(control).args[2], self.made("tor:x:80:launch=yes").args[2]
        self.assertIsInstance(one, SharedSocksEndpoint)
        self.assertIsInstance(launched, SharedSocksEndpoint)
        reactor = MemoryReactorClock()
        with mock.patch("txtor.endpoints._client.TorClientEndpoint") as endpoint:
            for string in (control, control, "tor:y:81:launch=1", "tor:y:81:launch=true"):
                clientFromString(reactor, string)
        first, second, third, fourth = (call.args[2] for call in endpoint.mock_calls)
        self.assertIs(first, second)
        self.assertIs(third, fourth)
        self.assertEqual(len({one, launched, first, third}), 4)
        self.expect("tor:example:80:launch=no")
        self.expect(r"tor:example:80:launch=no:socks=unix\:/s", socks="unix:/s")

    def test_twice(self) -> None:
        """
        A string that says in two ways where Tor is names both.
        """
        places = [r"socks=tcp\:127.0.0.1\:9050", "socksPort=9050", r"control=tcp\:127.0.0.1\:9051", "launch=yes"]
        for one, other in itertools.permutations(places, 2):
            text = self.refused(f"tor:example:80:{one}:{other}")
            for place in (one, other):
                self.assertIn(f"{place.partition('=')[0]}=", text)
            self.assertIn("both say where Tor is", text)

    def test_spelling(self) -> None:
        """
        An option that there is not is an error that names the one that was meant; among them words of Twisted's call.
        """
        misspelt = {"socksport": "socksPort", "socks_username": "socksUsername", "TLS": "tls", "isolate": "isolation"}
        misspelt |= {"controlPort": "control", "lunch": "launch"}
        for wrong, right in misspelt.items():
            self.assertIn(f"Did you mean {right!r}?", self.refused(f"tor:example:80:{wrong}=1"))
        for strange in ("zzzzzz", "reactor", "self", "args"):
            self.assertIn(f"{strange!r} of a tor: string is none of: socks,", self.refused(f"tor:example:80:{strange}=1"))

    def test_wrong(self) -> None:
        """
        Strings that say too little, too much, or two things at once.
        """
        for string in (
            "tor",
            "tor:example",
            "tor::80",
            "tor:example:",
            "tor:example:0",
            "tor:example:65536",
            "tor:example:http",
            "tor:example:80:9050",
            "tor:example:80:host=example",
            "tor:example:80:port=80",
            "tor:a b:80",
            "tor:expyuzz4wqqyqhjn.onion:80",
            "tor:example:80:socksPort=x",
            "tor:example:80:socksHostname=localhost",
            "tor:example:80:control=",
            "tor:example:80:control=nonsense",
            "tor:example:80:control=9051",
            "tor:example:80:launch=maybe",
            "tor:example:80:launch=",
            "tor:example:80:socks=nonsense",
            r"tor:example:80:socks=tcp\:127.0.0.1\:9050:socksPort=9050",
            "tor:example:80:isolation=none:isolationToken=t",
            "tor:example:80:isolationToken=",
            "tor:example:80:socksPassword=p",
            "tor:example:80:socksUsername=u:isolation=connection",
        ):
            self.refused(string)

    @settings(max_examples=150)
    @given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from(LIKELY)), max_size=6))
    def test_anything(self, parts: list[str]) -> None:
        """
        Any string makes an endpoint or is refused with the one error, given that Twisted itself can split it, which wants names
        of options in ASCII.
        """
        words = [part.replace("\\", "").replace(":", "") for part in parts]
        assume(all(word.partition("=")[0].isascii() for word in words if "=" in word))
        with contextlib.suppress(InvalidArgument):
            clientFromString(MemoryReactorClock(), ":".join(["tor", *words]))
