# -*- test-case-name: txtor.test.control.test_resolving -*-
"""
Look-ups over the control port: RESOLVE, whose answers are ADDRMAP events.

RESOLVE is answered with OK at once, and Tor only warns in its log when nobody listens for the answer. So we listen first. It is
for who has no SocksPort; over SOCKS a look-up needs no control port. See control-spec 3.20, RESOLVE, and 4.1.7.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txtor._deferred import deferred, forget_cancelled
from txtor.commands import Resolve
from txtor.errors import CommandTimeout, HostUnreachableError
from txtor.events import AddrMapEvent

from ._protocol import TorControlProtocol

#: How long to wait. Tor itself gives up on a look-up after two minutes (SocksTimeout).
PATIENCE = 130.0


@deferred
async def resolve(
    clock: IReactorTime, protocol: TorControlProtocol, name: str, reverse: bool = False, timeout: float = PATIENCE
) -> str:
    """
    Have Tor look up a name, or the name of an address.

    :param name: a host name; or with ``reverse`` an IPv4 address (for IPv6, tor looks up names of addresses over SOCKS only).
    :param timeout: seconds to wait for the answer.
    :return: the address, or the name.
    :raises HostUnreachableError: there is none, or the exit could not find it.
    :raises InvalidArgument: Tor cannot be asked for that; nothing was sent.
    :raises CommandTimeout: Tor did not tell in time.
    :raises Disconnected: the connection went away meanwhile.
    """
    command = Resolve((name,), reverse)
    wanted = {name.lower(), f"reverse[{name.lower()}]"}
    answer: Deferred[AddrMapEvent] = Deferred()

    def heard(event: AddrMapEvent) -> None:
        if (event.hostname or "").lower() in wanted and not answer.called:
            answer.callback(event)

    gone = protocol.when_disconnected()
    gone.addCallbacks(
        lambda reason: None if answer.called else answer.errback(reason),
        forget_cancelled,
    )

    def give_up(value: object, seconds: float) -> AddrMapEvent:
        raise CommandTimeout(command.keyword, seconds)

    try:
        await protocol.add_event_listener("ADDRMAP", heard)
        await protocol.send(command)
        event = await answer.addTimeout(timeout, clock, onTimeoutCancel=give_up)
    finally:
        gone.cancel()
        answer.addErrback(lambda failure: None)  # the end of the connection is told by the command, when it waits
        protocol.remove_event_listener("ADDRMAP", heard).addErrback(lambda failure: None)  # what follows is nobody's concern
    if event.destination is None or event.error is not None:
        raise HostUnreachableError(f"{name}: Tor found no answer.")
    return event.destination
