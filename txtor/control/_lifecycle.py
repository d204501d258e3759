# -*- test-case-name: txtor.test.control.test_lifecycle -*-
"""
The life of a connection, from its first byte to its end: an Automat machine without I/O.

It decides what the commands that wait, and those that come later, are told.
"""

from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects
from txtor.errors import Disconnected, ProtocolViolation, TorError


@dataclass(frozen=True)
class Close:
    """
    Let the transport write what it has and close it.
    """


@dataclass(frozen=True)
class Abort:
    """
    Close the transport at once: nothing that the peer says is worth reading.
    """


@dataclass(frozen=True)
class FailCommands:
    """
    Tell the commands that wait, and from now on those that come.
    """

    error: TorError


@dataclass(frozen=True)
class Lost:
    """
    Tell those who wait for the end.
    """

    reason: Disconnected


Effect = Close | Abort | FailCommands | Lost


class Lifecycle(Protocol):
    """
    What is asked of a connection, and what can happen to it.
    """

    def connected(self) -> None:
        "The transport is there."

    def close_asked(self) -> None:
        "The program closes the connection."

    def violated(self, error: ProtocolViolation) -> None:
        "The peer broke the grammar."

    def connection_lost(self, reason: str) -> None:
        "The transport is gone."


@dataclass
class Core(Effects[Effect]):
    """
    What is to be done.
    """


builder = TypeMachineBuilder(Lifecycle, Core)
unconnected = builder.state("unconnected")
open_ = builder.state("open")
closing = builder.state("closing")
broken = builder.state("broken")
lost = builder.state("lost")

unconnected.upon(Lifecycle.connected).to(open_).returns(None)
unconnected.upon(Lifecycle.close_asked).loop().returns(None)
closing.upon(Lifecycle.close_asked).loop().returns(None)
closing.upon(Lifecycle.violated).loop().returns(None)
broken.upon(Lifecycle.close_asked).loop().returns(None)
broken.upon(Lifecycle.violated).loop().returns(None)
lost.upon(Lifecycle.close_asked).loop().returns(None)
lost.upon(Lifecycle.violated).loop().returns(None)


@open_.upon(Lifecycle.close_asked).to(closing)
def close(inputs: Lifecycle, core: Core) -> None:
    core.effects.append(Close())


@open_.upon(Lifecycle.violated).to(broken)
def break_off(inputs: Lifecycle, core: Core, error: ProtocolViolation) -> None:
    core.effects += [FailCommands(error), Abort()]


@open_.upon(Lifecycle.connection_lost).to(lost)
def lose(inputs: Lifecycle, core: Core, reason: str) -> None:
    error = Disconnected(f"The connection to Tor was lost: {reason}")
    core.effects += [FailCommands(error), Lost(error)]


@closing.upon(Lifecycle.connection_lost).to(lost)
def end(inputs: Lifecycle, core: Core, reason: str) -> None:
    error = Disconnected("The connection to Tor was closed by this program.")
    core.effects += [FailCommands(error), Lost(error)]


@broken.upon(Lifecycle.connection_lost).to(lost)
def end_broken(inputs: Lifecycle, core: Core, reason: str) -> None:
    error = Disconnected("The connection was dropped because the peer broke the protocol.")
    core.effects += [FailCommands(error), Lost(error)]


new_lifecycle = builder.build()
