"""
Read and change the options of a running Tor, as values of their types.

    python configure.py [ENDPOINT]
"""

from __future__ import annotations

import sys

from twisted.internet.task import react

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.errors import TorRefused


# begin main
async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint | None = None) -> None:
    """
    Look, change, and change back.
    """
    async with await connect(reactor, control_endpoint) as tor:
        config = await tor.get_config()
        kind = config.get_type("MaxCircuitDirtiness")
        print("MaxCircuitDirtiness is", config.MaxCircuitDirtiness, "seconds, of type", kind)

        async with config.transaction() as change:  # all of it, or nothing
            change.MaxCircuitDirtiness = "2 minutes"
            change.SafeLogging = "relay"
        print("Now it is", config.MaxCircuitDirtiness, "seconds")

        config.DataDirectory = "/nowhere"  # what is set one by one waits for save()
        try:
            await config.save()
        except TorRefused as error:
            print("Tor refused:", error.text)
        await config.reset("MaxCircuitDirtiness", "SafeLogging")
        print("And now", config.MaxCircuitDirtiness)
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
