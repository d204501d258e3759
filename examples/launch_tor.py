"""
Start a Tor of our own, and use it. It ends with this program, however that ends.

    python launch_tor.py [DATA_DIRECTORY]

With a data directory, which stays, the next start is faster.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import react

from txtor import launch
from txtor.errors import LaunchError
from txtor.process import Options


# begin main
async def main(reactor: Any, data_directory: str | None = None, config: Options | None = None) -> None:
    """
    Start a Tor, ask it something, and end it.

    :param config: more options of torrc.
    """

    def progress(percent: int, tag: str, summary: str) -> None:
        print(f"{percent:>3} % {summary}")

    try:
        tor = await launch(reactor, progress, data_directory=data_directory, config=config)
    except LaunchError as error:  # with what Tor said last, and its exit status
        raise SystemExit(str(error)) from error
    async with tor:  # a Tor that we launched ends with the block
        print("Tor", tor.version, "takes SOCKS at", await tor.protocol.get_info_single("net/listeners/socks"))
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
