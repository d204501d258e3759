"""
Start a Tor that goes on when this program ends, and find it again the next time.

    python leave_tor_running.py FILE
    python leave_tor_running.py FILE stop

The file remembers where its control port is.
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any

from twisted.internet.task import react

from txtor import Tor, connect, launch
from txtor.errors import Disconnected
from txtor.process import Options


# begin main
async def find_or_launch(reactor: Any, place: pathlib.Path, config: Options | None) -> Tor:
    """
    The Tor of the last time, if it is still there, or a new one.
    """
    if place.exists():
        try:
            return await connect(reactor, place.read_text(encoding="utf-8"))
        except Disconnected:
            print("The one of the last time has ended.")
    tor = await launch(reactor, config=config, wait="controlled")
    await tor.disown()  # until here it would have ended with this program
    place.write_text(tor.control_endpoint or "", encoding="utf-8")
    return tor


async def main(reactor: Any, file: str, what: str = "", config: Options | None = None) -> None:
    """
    Say which Tor it is, and leave it or end it.

    :param config: more options of torrc.
    """
    tor = await find_or_launch(reactor, pathlib.Path(file), config)
    print("Tor", tor.version, "is process", await tor.protocol.get_info_single("process/pid"))
    if what == "stop":
        await tor.quit()
    else:
        await tor.close()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
