# -*- test-case-name: txtor.test.balance.test_machine -*-
"""
Keeping a front end published: an Automat machine without I/O.

Theory of operation
-------------------

It goes round: it looks at the back ends and the network, posts what is due, and waits. There are two descriptors, as of every
onion service, and each is due *everywhere* when it was never posted, when the introduction points that the back ends offer are
others, or after a while; else at those directories that should have it and do not, since they refused it, did not answer, or have
only now become responsible.

Where a back end is away, its introduction points are left out. Where all are, nothing is posted: the descriptors of before serve
clients that come meanwhile better than none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects
from txtor.errors import OnionPublishError
from txtor.onion import DescriptorReport, DescriptorSlot, DescriptorTerms, IntroductionPoint, OnionAddress

from ._health import BackEndHealth, BalancerHealth, BalancerStatus, PostedDescriptor

#: How long until the next round while clients find nothing, in seconds, if the interval is not shorter.
HURRY_SECONDS = 30.0


@dataclass(frozen=True)
class Found:
    """
    What a back end offers.

    :ivar points: its introduction points; none where it is away.
    :ivar error: what went wrong when it was looked at.
    """

    points: tuple[IntroductionPoint, ...] = ()
    error: Exception | None = None


@dataclass(frozen=True)
class Seen:
    """
    What a look has found.

    :ivar back_ends: what each offers.
    :ivar for_clients: where the descriptor belongs that clients ask for: which one it is, and its directories.
    :ivar other: the same of the other descriptor.
    :ivar terms: what the descriptors say besides.
    """

    back_ends: Mapping[OnionAddress, Found]
    for_clients: tuple[DescriptorSlot, frozenset[str]]
    other: tuple[DescriptorSlot, frozenset[str]]
    terms: DescriptorTerms


@dataclass(frozen=True)
class Look:
    """
    Look at the back ends and the network.
    """


@dataclass(frozen=True)
class Post:
    """
    Make a descriptor and post it.

    :ivar slot: which one.
    :ivar points: the introduction points in it.
    :ivar terms: what it says besides.
    :ivar directories: the fingerprints of those to which it goes.
    """

    slot: DescriptorSlot
    points: tuple[IntroductionPoint, ...]
    terms: DescriptorTerms
    directories: frozenset[str]


@dataclass(frozen=True)
class RoundOver:
    """
    Nothing is left to do in this round.
    """


@dataclass(frozen=True)
class Wait:
    """
    Wait before the next one.
    """

    seconds: float


@dataclass(frozen=True)
class StopWaiting:
    """
    The next one begins now, or never.
    """


@dataclass(frozen=True)
class GiveUp:
    """
    Give up what is under way: nobody wants to know what comes of it.
    """


Effect = Look | Post | RoundOver | Wait | StopWaiting | GiveUp


class Balancing(Protocol):
    """
    What is asked of a front end, and what happens to it.
    """

    def start_asked(self) -> None:
        "It shall begin."

    def stop_asked(self) -> None:
        "It shall end."

    def round_asked(self) -> None:
        "Nobody wants to wait for the next round."

    def looked(self, seen: Seen, now: float) -> None:
        "The look is over."

    def failed(self, error: Exception) -> None:
        "There was nothing to be seen, since there is no Tor or it has no consensus."

    def posted(self, outcome: DescriptorReport | Exception) -> None:
        "Directories have answered, or none took it."

    def wait_over(self) -> None:
        "It is time for the next round."

    def _post(self) -> None:
        "Decided by outputs only: a descriptor is due."

    def _rest(self) -> None:
        "Decided by outputs only: none is."


@dataclass
class Core(Effects[Effect]):
    """
    What is known and what is to be done.

    :ivar share: chooses which introduction points go into a descriptor.
    :ivar interval: between two rounds, in seconds.
    :ivar republish: after how many seconds a descriptor is posted anew.
    :ivar health: how it does.
    """

    share: Callable[[Mapping[OnionAddress, tuple[IntroductionPoint, ...]]], tuple[IntroductionPoint, ...]]
    interval: float
    republish: float
    health: BalancerHealth = field(default_factory=BalancerHealth)
    _due: list[Post] = field(default_factory=list)
    _offered: dict[DescriptorSlot, frozenset[bytes]] = field(default_factory=dict)
    _again: bool = False

    def change(self, **facts: object) -> None:
        """
        Note how it does.
        """
        self.health = replace(self.health, **facts)  # type: ignore[arg-type]  # the callers are below

    def _descriptor(self, slot: DescriptorSlot) -> PostedDescriptor:
        """
        How far a descriptor is published. The two change places with time.
        """
        known = [each for each in (self.health.for_clients, self.health.other) if each is not None and each.slot == slot]
        return known[0] if known else PostedDescriptor(slot)

    def take_in(self, seen: Seen, now: float) -> None:
        """
        Account for what was seen, and find out what is due.
        """
        points = {address: found.points for address, found in seen.back_ends.items() if found.points}
        offered = frozenset(point.auth_key for own in points.values() for point in own)
        descriptors = []
        for slot, directories in (seen.for_clients, seen.other):
            known = self._descriptor(slot)
            new = bool(offered) and (self._offered.get(slot) != offered or now - known.made >= self.republish)
            lacking = directories if new else directories - (known.wanted - known.lacking)
            made = now if new else known.made
            descriptors.append(
                replace(known, wanted=directories, holding=known.holding & directories, lacking=lacking, made=made)
            )
        self._offered = {each.slot: offered or self._offered.get(each.slot, offered) for each in descriptors}
        self._due = [
            Post(each.slot, self.share(points), seen.terms, each.lacking) for each in descriptors if offered and each.lacking
        ]
        health = {address: BackEndHealth(len(found.points), found.error) for address, found in seen.back_ends.items()}
        reasons = {address.hostname: str(each.error or "it has no introduction points") for address, each in health.items()}
        error = None if offered else OnionPublishError("None of the back ends is there.", reasons)
        self.change(back_ends=health, for_clients=descriptors[0], other=descriptors[1], error=error)

    def next_post(self) -> None:
        """
        Have the next descriptor posted.
        """
        self.effects.append(self._due[0])
        self.change(status=BalancerStatus.POSTING)

    def take_answer(self, outcome: DescriptorReport | Exception) -> bool:
        """
        Account for what came of posting one.

        :return: whether another is due.
        """
        post = self._due.pop(0)
        facts = self._descriptor(post.slot)
        if isinstance(outcome, Exception):
            refusing = outcome.reasons if isinstance(outcome, OnionPublishError) else {}
            posted = replace(facts, refusing=refusing, error=outcome)
        else:
            posted = replace(
                facts,
                holding=facts.holding | outcome.holding,
                lacking=facts.lacking - outcome.holding,
                refusing=outcome.refusing,
                introduction_points=len(post.points),
                error=None,
            )
        if self.health.for_clients is not None and self.health.for_clients.slot == post.slot:
            self.change(for_clients=posted)
        else:
            self.change(other=posted)
        return bool(self._due)

    def end_round(self) -> bool:
        """
        Wait for the next round, unless it is wanted at once.

        :return: whether it is.
        """
        self.effects.append(RoundOver())
        self.change(rounds=self.health.rounds + 1)
        again, self._again = self._again, False
        if not again:
            seconds = self.interval if self.health.is_published else min(self.interval, HURRY_SECONDS)
            self.effects.append(Wait(seconds))
        return again

    def ask_again(self) -> None:
        """
        Another round follows this one at once.
        """
        self._again = True

    def forget(self) -> None:
        """
        Nothing is under way any more.
        """
        self._again = False
        self._due.clear()
        self.change(status=BalancerStatus.STOPPED)


builder = TypeMachineBuilder(Balancing, Core)
stopped = builder.state("stopped")
looking = builder.state("looking")
posting = builder.state("posting")
waiting = builder.state("waiting")

looking.upon(Balancing.start_asked).loop().returns(None)
posting.upon(Balancing.start_asked).loop().returns(None)
waiting.upon(Balancing.start_asked).loop().returns(None)
stopped.upon(Balancing.stop_asked).loop().returns(None)
stopped.upon(Balancing.round_asked).loop().returns(None)


@stopped.upon(Balancing.start_asked).to(looking)
@waiting.upon(Balancing.wait_over).to(looking)
def look(inputs: Balancing, core: Core) -> None:
    core.effects.append(Look())
    core.change(status=BalancerStatus.LOOKING)


@waiting.upon(Balancing.round_asked).to(looking)
def look_now(inputs: Balancing, core: Core) -> None:
    core.effects += [StopWaiting(), Look()]
    core.change(status=BalancerStatus.LOOKING)


@looking.upon(Balancing.looked).loop()
def judge(inputs: Balancing, core: Core, seen: Seen, now: float) -> None:
    core.take_in(seen, now)
    if core._due:
        inputs._post()
    else:
        inputs._rest()


@looking.upon(Balancing.failed).loop()
def note_failure(inputs: Balancing, core: Core, error: Exception) -> None:
    core.change(error=error)
    inputs._rest()


@looking.upon(Balancing._post).to(posting)
@posting.upon(Balancing._post).to(posting)
def post(inputs: Balancing, core: Core) -> None:
    core.next_post()


@posting.upon(Balancing.posted).loop()
def note_answer(inputs: Balancing, core: Core, outcome: DescriptorReport | Exception) -> None:
    if core.take_answer(outcome):
        inputs._post()
    else:
        inputs._rest()


@looking.upon(Balancing._rest).to(waiting)
@posting.upon(Balancing._rest).to(waiting)
def rest(inputs: Balancing, core: Core) -> None:
    core.change(status=BalancerStatus.WAITING)
    if core.end_round():
        inputs.wait_over()


@looking.upon(Balancing.round_asked).loop()
@posting.upon(Balancing.round_asked).loop()
def remember_round(inputs: Balancing, core: Core) -> None:
    core.ask_again()


@looking.upon(Balancing.stop_asked).to(stopped)
@posting.upon(Balancing.stop_asked).to(stopped)
def give_up(inputs: Balancing, core: Core) -> None:
    core.forget()
    core.effects.append(GiveUp())


@waiting.upon(Balancing.stop_asked).to(stopped)
def stop_waiting(inputs: Balancing, core: Core) -> None:
    core.forget()
    core.effects.append(StopWaiting())


new_balancing = builder.build()
