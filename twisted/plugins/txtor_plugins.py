"""
What Twisted finds of txtor: the parsers of endpoint strings, and the command of ``twist`` and ``twistd``.
"""

from twisted.application.service import ServiceMaker

from txtor.endpoints import OnionServerStringParser, TorClientStringParser

tor_client_string_parser = TorClientStringParser()

onion_server_string_parser = OnionServerStringParser()

tor_service_maker = ServiceMaker("txtor", "txtor.tap", "Keep a Tor at hand, and onion services published.", "txtor")
