# -*- test-case-name: txtor.test.onion.test_service -*-
"""
What Tor is asked of services without files, and what it means by its refusals.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from txtor.commands import AddOnion, AddOnionReply, CloseCircuit, DelOnion
from txtor.control import TorControlProtocol
from txtor.errors import ArgumentSyntaxError, InvalidArgument, OnionAddressCollision, TorError, UnspecifiedTorError
from txtor.events import CircuitEvent

from ._address import OnionAddress

_log = Logger()


class HasProtocol(Protocol):
    """
    A `txtor.Tor`, or anything else that has a control connection.
    """

    @property
    def protocol(self) -> TorControlProtocol:
        """
        The connection.
        """


def protocol_of(tor: TorControlProtocol | HasProtocol) -> TorControlProtocol:
    """
    The control connection of what a program calls its Tor.

    :raises InvalidArgument: it has none.
    """
    found = tor if isinstance(tor, TorControlProtocol) else getattr(tor, "protocol", None)
    if not isinstance(found, TorControlProtocol):
        raise InvalidArgument(f"A Tor, or its control connection, is wanted; not {type(tor).__name__}.")
    return found


async def close_rendezvous(protocol: TorControlProtocol, address: OnionAddress) -> None:
    """
    Close the circuits to the clients of a service. They outlive it, and whoever has one would be let in by it as before.

    :raises TorRefused: Tor, or a filter, does not tell its circuits.
    """
    told = await protocol.get_info_single("circuit-status")
    for circuit in map(CircuitEvent, filter(None, told.splitlines())):
        if circuit.id and circuit.purpose == "HS_SERVICE_REND" and circuit.rend_query == address.bare:
            protocol.send(CloseCircuit(circuit.id)).addErrback(gone_already)


def gone_already(failure: Any) -> None:
    """
    Take it for what was wished that something which was to be ended could not be.
    """
    failure.trap(TorError)
    _log.debug("What was to be ended could not be: {failure}", failure=failure)


def forget_onion(protocol: TorControlProtocol, address: str) -> None:
    """
    End a service that nobody will ever hold. Its maker is told what went wrong without waiting for this.
    """
    protocol.send(DelOnion(address)).addErrback(gone_already)


def add_onion(protocol: TorControlProtocol, command: AddOnion) -> Deferred[AddOnionReply]:
    """
    Send ADD_ONION. What was sent cannot be taken back: when this is cancelled, the service is removed once Tor has made it.

    :raises OnionAddressCollision: the service runs already, on this Tor.
    :raises TorRefused: Tor does not take it.
    """
    caller: Deferred[AddOnionReply] = Deferred(lambda _: None)

    def added(reply: AddOnionReply) -> None:
        if caller.called:
            forget_onion(protocol, reply.service_id)
        else:
            caller.callback(reply)

    def refused(failure: Any) -> None:
        if not caller.called:
            caller.errback(_explained(failure.value, command))

    protocol.send(command).addCallbacks(added, refused)
    return caller


def _explained(error: Exception, command: AddOnion) -> Exception:
    """
    Tor's refusal, named for its cause.
    """
    if isinstance(error, UnspecifiedTorError) and "collision" in error.text.lower():
        return OnionAddressCollision(error.status, error.text, error.command, error.lines)
    asks_for_work = any(each is not None for each in (command.pow_enabled, command.pow_queue_rate, command.pow_queue_burst))
    if isinstance(error, ArgumentSyntaxError) and asks_for_work:
        text = f"{error.text} (proof of work was asked for, which ADD_ONION takes since Tor 0.4.9.2)"
        return ArgumentSyntaxError(error.status, text, error.command, error.lines)
    return error
