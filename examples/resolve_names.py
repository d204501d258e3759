"""
Have Tor look up names, over its SocksPort, so that nobody near sees them.

    python resolve_names.py SOCKS_ENDPOINT NAME_OR_ADDRESS [...]
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.task import react

from txtor.errors import HostUnreachableError
from txtor.names import TorHostnameResolver
from txtor.socks import resolve, resolve_ptr


# begin main
async def main(reactor: Any, socks_endpoint: str, *names: str) -> None:
    """
    Look up each one: the address of a name, the name of an address.
    """
    for name in names:
        look_up = resolve_ptr if isIPAddress(name) or isIPv6Address(name) else resolve
        try:
            print(name, await look_up(socks_endpoint, name, reactor=reactor))
        except HostUnreachableError:
            print(name, "is not known")
# end main


# begin install
def use_tor_for_all_names(reactor: Any, socks_endpoint: str) -> None:
    """
    From now on, whatever this reactor has to look up, Tor looks up.
    """
    reactor.installNameResolver(TorHostnameResolver(socks_endpoint, reactor=reactor))
# end install


if __name__ == "__main__":
    react(main, sys.argv[1:])
