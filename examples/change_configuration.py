"""
Look at the configuration of the Tor of this machine and change it, all or nothing.

    python change_configuration.py ENDPOINT [OPTION=VALUE ...]

ENDPOINT is where Tor takes controllers, as tcp:127.0.0.1:9051. Without options nothing is changed. Tor forgets the changes when
it is started anew.
"""

from __future__ import annotations

import sys

from twisted.internet.task import react

from txtor import TorConfig, connect
from txtor.config import HiddenService
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.errors import TorError


# begin look
def look(config: TorConfig) -> None:
    """
    Values have the types that this Tor says they have.
    """
    print("A circuit takes new streams for", config.MaxCircuitDirtiness, "seconds")
    print("SocksPort:", ", ".join(config.SocksPort) or "as by default")
    for option, value in config.difference().items():
        print("not as by default:", option, value)
# end look


# begin change
async def change(config: TorConfig, options: dict[str, str]) -> None:
    """
    One SETCONF for all of them. If Tor refuses one, nothing has changed.
    """
    async with config.transaction() as changed:
        for option, value in options.items():
            changed[option] = value
# end change


# begin service
async def add_service(config: TorConfig, directory: str, port: int) -> None:
    """
    Another onion service; every option of those that there are stays as it is.
    """
    service = HiddenService(directory, [(80, f"127.0.0.1:{port}")], {"HiddenServiceMaxStreams": 100})
    config.HiddenServices.append(service)
    await config.save()
# end service


async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint | None = None, *assignments: str) -> None:
    """
    Connect, look, change, and look again.
    """
    options = {name: value for name, _, value in (assignment.partition("=") for assignment in assignments)}
    async with await connect(reactor, control_endpoint) as tor:
        config = await tor.get_config()
        look(config)
        # begin refused
        try:
            await change(config, options)
        except TorError as error:
            print("Nothing was changed:", error)
        # end refused
        for option in options:
            print("now", option, "is", config.get(option))


if __name__ == "__main__":
    react(main, sys.argv[1:])
