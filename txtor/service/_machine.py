# -*- test-case-name: txtor.test.service.test_machine -*-
"""
Keeping one Tor at hand: an Automat machine without I/O.

It opens a Tor, has everything restored on it, and when it is lost begins again after a while, for as long as the service
runs. What an attempt that was given up still does is not told to the machine.
"""

from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects
from txtor.errors import TorError


@dataclass(frozen=True)
class Open:
    """
    Connect to the Tor, or launch it.
    """


@dataclass(frozen=True)
class Prepare:
    """
    Restore on it what the program had asked of the one before.
    """


@dataclass(frozen=True)
class Ready:
    """
    It can be used: tell those who wait.
    """


@dataclass(frozen=True)
class Lost:
    """
    It cannot be used any more: tell those who want to know.
    """

    error: TorError


@dataclass(frozen=True)
class Discard:
    """
    Give up what has been opened, or is being opened.
    """


@dataclass(frozen=True)
class Wait:
    """
    Wait before the next attempt.
    """

    failures: int
    error: TorError


@dataclass(frozen=True)
class StopWaiting:
    """
    The next attempt is not wanted any more, or is made now.
    """


@dataclass(frozen=True)
class Close:
    """
    Put everything away, and say when this is done.
    """


@dataclass(frozen=True)
class Stopped:
    """
    Everything is put away.
    """


Effect = Open | Prepare | Ready | Lost | Discard | Wait | StopWaiting | Close | Stopped


class Supervision(Protocol):
    """
    What is asked of the service, and what happens to its Tor.
    """

    def start_asked(self) -> None:
        "The service starts."

    def stop_asked(self) -> None:
        "The service stops."

    def retry_asked(self) -> None:
        "The program does not want to wait for the next attempt."

    def opened(self) -> None:
        "There is a Tor, and we may control it."

    def prepared(self) -> None:
        "All is restored."

    def failed(self, error: TorError) -> None:
        "It could not be opened, or went away before all was restored."

    def lost(self, error: TorError) -> None:
        "The connection has ended."

    def settled(self) -> None:
        "It has been good for a while."

    def wait_over(self) -> None:
        "It is time for the next attempt."

    def put_away(self) -> None:
        "Everything is closed."


@dataclass
class Core(Effects[Effect]):
    """
    How often it failed, and what is to be done.
    """

    failures: int = 0
    start_again: bool = False


builder = TypeMachineBuilder(Supervision, Core)
stopped = builder.state("stopped")
opening = builder.state("opening")
preparing = builder.state("preparing")
ready = builder.state("ready")
waiting = builder.state("waiting")
closing = builder.state("closing")

opening.upon(Supervision.start_asked).loop().returns(None)
preparing.upon(Supervision.start_asked).loop().returns(None)
ready.upon(Supervision.start_asked).loop().returns(None)
waiting.upon(Supervision.start_asked).loop().returns(None)
stopped.upon(Supervision.retry_asked).loop().returns(None)
opening.upon(Supervision.retry_asked).loop().returns(None)
preparing.upon(Supervision.retry_asked).loop().returns(None)
ready.upon(Supervision.retry_asked).loop().returns(None)
closing.upon(Supervision.retry_asked).loop().returns(None)


@stopped.upon(Supervision.start_asked).to(opening)
def start(inputs: Supervision, core: Core) -> None:
    core.failures = 0
    core.effects.append(Open())


@stopped.upon(Supervision.stop_asked).loop()
def stop_stopped(inputs: Supervision, core: Core) -> None:
    core.effects.append(Stopped())


@opening.upon(Supervision.opened).to(preparing)
def prepare(inputs: Supervision, core: Core) -> None:
    core.effects.append(Prepare())


@preparing.upon(Supervision.prepared).to(ready)
def announce(inputs: Supervision, core: Core) -> None:
    core.effects.append(Ready())


@ready.upon(Supervision.settled).loop()
def forget_failures(inputs: Supervision, core: Core) -> None:
    core.failures = 0


@opening.upon(Supervision.failed).to(waiting)
@preparing.upon(Supervision.failed).to(waiting)
def back_off(inputs: Supervision, core: Core, error: TorError) -> None:
    core.failures += 1
    core.effects += [Discard(), Wait(core.failures, error)]


@preparing.upon(Supervision.lost).to(waiting)
def back_off_early(inputs: Supervision, core: Core, error: TorError) -> None:
    core.failures += 1
    core.effects += [Discard(), Wait(core.failures, error)]


@ready.upon(Supervision.lost).to(waiting)
def lose(inputs: Supervision, core: Core, error: TorError) -> None:
    core.failures += 1
    core.effects += [Lost(error), Discard(), Wait(core.failures, error)]


@waiting.upon(Supervision.wait_over).to(opening)
def open_again(inputs: Supervision, core: Core) -> None:
    core.effects.append(Open())


@waiting.upon(Supervision.retry_asked).to(opening)
def open_now(inputs: Supervision, core: Core) -> None:
    core.effects += [StopWaiting(), Open()]


@opening.upon(Supervision.stop_asked).to(closing)
@preparing.upon(Supervision.stop_asked).to(closing)
@ready.upon(Supervision.stop_asked).to(closing)
def close(inputs: Supervision, core: Core) -> None:
    core.effects.append(Close())


@waiting.upon(Supervision.stop_asked).to(closing)
def close_waiting(inputs: Supervision, core: Core) -> None:
    core.effects += [StopWaiting(), Close()]


@closing.upon(Supervision.start_asked).loop()
def remember_start(inputs: Supervision, core: Core) -> None:
    core.start_again = True


@closing.upon(Supervision.stop_asked).loop()
def forget_start(inputs: Supervision, core: Core) -> None:
    core.start_again = False


@closing.upon(Supervision.put_away).to(stopped)
def finish(inputs: Supervision, core: Core) -> None:
    core.effects.append(Stopped())
    if core.start_again:
        core.start_again = False
        inputs.start_asked()


new_supervision = builder.build()
