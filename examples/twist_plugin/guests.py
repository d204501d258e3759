"""
A service for twist and twistd that greets its guests: one that knows nothing of Tor, and can be an onion service.

    cd examples/twist_plugin
    PYTHONPATH=. twist guests --listen onion:80:privateKeyFile=guests.key

Twisted finds it by twisted/plugins/guests_plugin.py.
"""

from __future__ import annotations

from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import IService
from twisted.internet.endpoints import serverFromString
from twisted.python.usage import Options as UsageOptions
from twisted.web.resource import Resource
from twisted.web.server import Request, Site


# begin service
class Options(UsageOptions):
    """
    The command line.
    """

    optParameters = [["listen", "l", "tcp:8080:interface=127.0.0.1", "Where to listen, as an endpoint: onion:80 is one."]]  # noqa: N815


class Guests(Resource):
    """
    The page.
    """

    isLeaf = True  # noqa: N815  # Twisted's name
    count = 0

    def render_GET(self, request: Request) -> bytes:
        """
        Every path is the same page.
        """
        self.count += 1
        request.setHeader(b"content-type", b"text/plain")
        return b"You are guest number %d\n" % self.count


def makeService(options: Options) -> IService:
    """
    The service, which begins to listen when it starts, and removes the onion service when it stops.
    """
    from twisted.internet import reactor

    return StreamServerEndpointService(serverFromString(reactor, options["listen"]), Site(Guests()))
# end service
