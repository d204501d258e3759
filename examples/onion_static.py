"""
Publish a folder as an onion site.

    python onion_static.py ENDPOINT FOLDER [KEY_FILE [SECONDS]]

The key is kept in KEY_FILE, which is made if it is not there: the address is the same the next time.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.task import deferLater, react
from twisted.web.server import Site
from twisted.web.static import File

from txtor import connect
from txtor.control import ControlEndpoint
from txtor.onion import OnionKeyFile


# begin main
async def main(
    reactor: Any, control_endpoint: ControlEndpoint, folder: str, key_file: str | None = None, seconds: str | float = "600"
) -> None:
    """
    Listen, and wait.
    """
    key = OnionKeyFile(key_file) if key_file else None
    async with await connect(reactor, control_endpoint) as tor:
        port = await tor.create_onion_endpoint(80, key).listen(Site(File(folder)))
        print(f"http://{port.getHost().onion_uri}/")
        try:
            await deferLater(reactor, float(seconds))
        finally:
            await port.stopListening()  # which removes the service, too
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
