"""
What Twisted finds of txtor: the parsers of endpoint strings.
"""

from txtor.endpoints import TorClientStringParser

tor_client_string_parser = TorClientStringParser()
