"""
Connect to a Tor that wants a password, which is asked for at the terminal, and only if Tor wants one.

    python authenticate.py [ENDPOINT]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from getpass import getpass

from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.internet.threads import deferToThread

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.errors import AuthenticationError, ControlPortNotFound, IncorrectPassword


# begin prompt
def ask_at_terminal() -> Deferred[str]:
    """
    Ask for the password in a thread, so that the reactor goes on. txtor calls this only when a password is needed.
    """
    return deferToThread(getpass, "Tor's password: ")
# end prompt


# begin main
async def main(
    reactor: IConnectReactor,
    control_endpoint: ControlEndpoint | None = None,
    ask: Callable[[], Deferred[str]] = ask_at_terminal,
) -> None:
    """
    Connect, and tell a person what to do where that fails.
    """
    try:
        tor = await connect(reactor, control_endpoint, password=ask)
    except IncorrectPassword:
        print("That was not the password.")
    except (AuthenticationError, ControlPortNotFound) as error:
        print(error)
    else:
        async with tor:
            print("Authenticated to Tor", tor.version)
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
