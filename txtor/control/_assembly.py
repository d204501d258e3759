# -*- test-case-name: txtor.test.control.test_assembly -*-
"""
From reply lines to whole replies and events: an Automat machine without I/O.

The control port interleaves nothing, but a filter in front of it may: an event may stand in the middle of a reply, and then it is
an event and not a part of the reply. So a reply and an event can be open at the same time, each ended by its own end line.
A reply or event of a single line needs no memory and does not come here when nothing is open. See control-spec 2.3.
"""

from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects
from txtor.grammar import Reply, ReplyLine


@dataclass(frozen=True)
class ReplyAssembled:
    """
    A whole reply, which belongs to the oldest command that waits.
    """

    reply: Reply


@dataclass(frozen=True)
class EventAssembled:
    """
    A whole event, which belongs to no command.
    """

    event: Reply


@dataclass(frozen=True)
class Overflowed:
    """
    What is open has grown over the bound on memory; its first line says what it was going to be.
    """

    first_line: ReplyLine


class Assembly(Protocol):
    """
    What can come from the peer, one input for each line or data block.
    """

    def reply_continued(self, line: ReplyLine) -> None:
        "A MidReplyLine or DataReplyLine of a reply came."

    def reply_ended(self, line: ReplyLine) -> None:
        "An EndReplyLine of a reply came."

    def event_continued(self, line: ReplyLine) -> None:
        "A MidReplyLine or DataReplyLine of an event came."

    def event_ended(self, line: ReplyLine) -> None:
        "An EndReplyLine of an event came."


@dataclass
class Core(Effects[ReplyAssembled | EventAssembled | Overflowed]):
    """
    The lines of what is open, and what is complete.

    :ivar limit: how many bytes of text and data one reply or event may hold.
    """

    limit: int
    reply: list[ReplyLine] = field(default_factory=list)
    event: list[ReplyLine] = field(default_factory=list)
    reply_size: int = 0
    event_size: int = 0

    @property
    def at_rest(self) -> bool:
        """
        Whether nothing is open.
        """
        return not self.reply and not self.event


def _size(line: ReplyLine) -> int:
    return len(line.text) + (0 if line.data is None else len(line.data)) + 6


builder = TypeMachineBuilder(Assembly, Core)
resting = builder.state("resting")
in_reply = builder.state("in_reply")
in_event = builder.state("in_event")
in_both = builder.state("in_both")


@resting.upon(Assembly.reply_continued).to(in_reply)
@in_reply.upon(Assembly.reply_continued).loop()
@in_event.upon(Assembly.reply_continued).to(in_both)
@in_both.upon(Assembly.reply_continued).loop()
def keep_reply_line(inputs: Assembly, core: Core, line: ReplyLine) -> None:
    core.reply.append(line)
    core.reply_size += _size(line)
    if core.reply_size > core.limit:
        core.effects.append(Overflowed(core.reply[0]))


@resting.upon(Assembly.event_continued).to(in_event)
@in_reply.upon(Assembly.event_continued).to(in_both)
@in_event.upon(Assembly.event_continued).loop()
@in_both.upon(Assembly.event_continued).loop()
def keep_event_line(inputs: Assembly, core: Core, line: ReplyLine) -> None:
    core.event.append(line)
    core.event_size += _size(line)
    if core.event_size > core.limit:
        core.effects.append(Overflowed(core.event[0]))


@resting.upon(Assembly.reply_ended).loop()
@in_reply.upon(Assembly.reply_ended).to(resting)
@in_event.upon(Assembly.reply_ended).loop()
@in_both.upon(Assembly.reply_ended).to(in_event)
def complete_reply(inputs: Assembly, core: Core, line: ReplyLine) -> None:
    core.reply.append(line)
    core.effects.append(ReplyAssembled(Reply(core.reply)))
    core.reply, core.reply_size = [], 0


@resting.upon(Assembly.event_ended).loop()
@in_reply.upon(Assembly.event_ended).loop()
@in_event.upon(Assembly.event_ended).to(resting)
@in_both.upon(Assembly.event_ended).to(in_reply)
def complete_event(inputs: Assembly, core: Core, line: ReplyLine) -> None:
    core.event.append(line)
    core.effects.append(EventAssembled(Reply(core.event)))
    core.event, core.event_size = [], 0


new_assembly = builder.build()
