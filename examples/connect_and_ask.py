"""
Connect to the Tor of this machine and ask it what it is doing.

    python connect_and_ask.py [ENDPOINT]

ENDPOINT is where Tor takes controllers, as tcp:127.0.0.1:9051 or unix:/run/tor/control; without it the usual places are tried.
"""

from __future__ import annotations

import sys

from twisted.internet.task import react

from txtor import connect
from txtor.commands import parse_info
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.errors import TorError, TorRefused


# begin main
async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint | None = None) -> None:
    """
    Connect, ask, and leave.
    """
    async with await connect(reactor, control_endpoint) as tor:
        print("Tor", tor.version)
        values = await tor.protocol.get_info("traffic/read", "traffic/written")
        read, written = (parse_info(key, values[key]) for key in ("traffic/read", "traffic/written"))
        print(f"{read:,} bytes read, {written:,} written")
        print("SocksPort", await tor.protocol.get_conf_list("SocksPort"))
# end main
        # begin refusal
        try:
            print("This Tor's address is", await tor.protocol.get_info_single("address"))
        except TorRefused as error:
            print("Tor cannot tell its address:", error.status, error.text)
        # end refusal


# begin program
async def program(reactor: IConnectReactor, *arguments: str) -> None:
    """
    The same for a terminal: what goes wrong is one sentence, and no traceback.
    """
    try:
        await main(reactor, *arguments)
    except TorError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    react(program, sys.argv[1:])
# end program
