"""
Start a Tor of our own that enters its network through a bridge, perhaps with a pluggable transport.

    python launch_with_bridge.py "obfs4 192.0.2.3:80 FINGERPRINT cert=... iat-mode=0" "obfs4 exec /usr/bin/obfs4proxy"

The first is a bridge line as one gets it, the second says which program speaks its transport, where it has one.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import react

from txtor import launch
from txtor.process import BootstrapProgress


# begin main
async def main(reactor: Any, bridge: str, transport: str | None = None, *more: tuple[str, Any]) -> None:
    """
    Start a Tor that knows one bridge.

    :param more: more options of torrc.
    """

    def progress(reached: BootstrapProgress) -> None:
        print(f"{reached.percent:>3} % {reached.summary}", *reached.warnings[-1:])

    options = [("UseBridges", 1), ("Bridge", bridge), ("ClientTransportPlugin", transport), *more]  # None leaves one out
    async with await launch(reactor, config=options, progress=progress) as tor:
        print("Tor", tor.version, "goes through", *(await tor.protocol.get_conf_list("Bridge")))
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
