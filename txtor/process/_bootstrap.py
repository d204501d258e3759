# -*- test-case-name: txtor.test.process.test_bootstrap -*-
"""
From a process that has just started to a Tor that can be used: an Automat machine without I/O.

It is told what tor prints, what the control port says, and when anything ends; its effects say when to connect, what to report,
and how it ended. See control-spec 5.5 and 4.1.10, BOOTSTRAP.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects

#: How many of tor's warnings are remembered.
KEPT_WARNINGS = 20


@dataclass(frozen=True)
class BootstrapProgress:
    """
    How far a Tor has come.

    :ivar percent: 0 to 100; it never goes back.
    :ivar tag: the step, as ``"loading_descriptors"``.
    :ivar summary: the same in words.
    :ivar warnings: what tor has complained of since it started, the oldest first, at most twenty.
    """

    percent: int = 0
    tag: str = "starting"
    summary: str = "Starting"
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Connect:
    """
    The control port is open: connect to it.
    """


@dataclass(frozen=True)
class Report:
    """
    Tell the caller how far it has come.
    """

    progress: BootstrapProgress


@dataclass(frozen=True)
class Ready:
    """
    All that was waited for is there.
    """


@dataclass(frozen=True)
class Fail:
    """
    It is over.
    """

    reason: str


Effect = Connect | Report | Ready | Fail


class Bootstrap(Protocol):
    """
    What can happen while a Tor starts.
    """

    def listener_opened(self) -> None:
        "tor printed that it has opened the control port."

    def controlled(self) -> None:
        "We are connected and authenticated, and own the Tor."

    def progressed(self, percent: int, tag: str, summary: str) -> None:
        "tor told how far it has come, on its output or on the control port."

    def complained(self, warning: str) -> None:
        "tor warned of something."

    def failed(self, reason: str) -> None:
        "The process has ended, the control port cannot be used, or the time is over."

    def _suffice(self) -> None:
        "Decided by outputs: it has come as far as was asked for."


@dataclass
class Core(Effects[Effect]):
    """
    What was asked for, how far it has come, and what is to be done.

    :ivar threshold: at which percentage it is ready; 0 to be content with control.
    """

    threshold: int = 100
    progress: BootstrapProgress = field(default_factory=BootstrapProgress)
    heard: bool = False

    def note(self, percent: int, tag: str, summary: str) -> None:
        """
        Remember progress, which both sources tell, and report it once.
        """
        if percent > self.progress.percent or not self.heard:
            self.heard = True
            self.progress = replace(self.progress, percent=percent, tag=tag, summary=summary)
            self.effects.append(Report(self.progress))

    def warn(self, warning: str) -> None:
        """
        Remember a warning, which both sources tell, and report it once.
        """
        known = self.progress.warnings
        if not any(warning in earlier for earlier in known):
            self.progress = replace(self.progress, warnings=(*known, warning)[-KEPT_WARNINGS:])
            self.effects.append(Report(self.progress))


builder = TypeMachineBuilder(Bootstrap, Core)
starting = builder.state("starting")
connecting = builder.state("connecting")
bootstrapping = builder.state("bootstrapping")
ready = builder.state("ready")
over = builder.state("over")

connecting.upon(Bootstrap.listener_opened).loop().returns(None)
bootstrapping.upon(Bootstrap.listener_opened).loop().returns(None)
ready.upon(Bootstrap.listener_opened).loop().returns(None)  # as after a SETCONF of the caller's
ready.upon(Bootstrap.failed).loop().returns(None)  # it is the caller's now
over.upon(Bootstrap.listener_opened).loop().returns(None)
over.upon(Bootstrap.controlled).loop().returns(None)
over.upon(Bootstrap.progressed).loop().returns(None)
over.upon(Bootstrap.complained).loop().returns(None)
over.upon(Bootstrap.failed).loop().returns(None)


@starting.upon(Bootstrap.listener_opened).to(connecting)
def connect(inputs: Bootstrap, core: Core) -> None:
    core.effects.append(Connect())


@connecting.upon(Bootstrap.controlled).to(bootstrapping)
def control(inputs: Bootstrap, core: Core) -> None:
    if core.progress.percent >= core.threshold:
        inputs._suffice()


@starting.upon(Bootstrap.progressed).loop()
@connecting.upon(Bootstrap.progressed).loop()
@ready.upon(Bootstrap.progressed).loop()
def note(inputs: Bootstrap, core: Core, percent: int, tag: str, summary: str) -> None:
    core.note(percent, tag, summary)


@bootstrapping.upon(Bootstrap.progressed).loop()
def advance(inputs: Bootstrap, core: Core, percent: int, tag: str, summary: str) -> None:
    core.note(percent, tag, summary)
    if core.progress.percent >= core.threshold:
        inputs._suffice()


@starting.upon(Bootstrap.complained).loop()
@connecting.upon(Bootstrap.complained).loop()
@bootstrapping.upon(Bootstrap.complained).loop()
@ready.upon(Bootstrap.complained).loop()
def warn(inputs: Bootstrap, core: Core, warning: str) -> None:
    core.warn(warning)


@bootstrapping.upon(Bootstrap._suffice).to(ready)
def finish(inputs: Bootstrap, core: Core) -> None:
    core.effects.append(Ready())


@starting.upon(Bootstrap.failed).to(over)
@connecting.upon(Bootstrap.failed).to(over)
@bootstrapping.upon(Bootstrap.failed).to(over)
def fail(inputs: Bootstrap, core: Core, reason: str) -> None:
    core.effects.append(Fail(reason))


new_bootstrap = builder.build()
