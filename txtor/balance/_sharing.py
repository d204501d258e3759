# -*- test-case-name: txtor.test.balance.test_sharing -*-
"""
Which introduction points of many back ends go into one descriptor, and what the descriptor says besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import TypeVar

from txtor.onion import DescriptorTerms, InnerLayer, IntroductionPoint

K = TypeVar("K")

#: No descriptor may have more introduction points.
MOST = 20


def share(points: Mapping[K, Sequence[IntroductionPoint]], random: Random, most: int = MOST) -> tuple[IntroductionPoint, ...]:
    """
    Take introduction points of all back ends in turn, until there are no more or there are enough.

    Of several at one relay only one is taken, since tor's clients know them by the relay and would never use the others. So that
    everybody has one who can, what a back end has taken may be exchanged for another of its own. Where not even one of each fits,
    chance decides whose do. The order tells nothing of where each is from.

    :param points: what each back end has.
    """
    options = {owner: {each.fingerprint or each.auth_key.hex(): each for each in own} for owner, own in points.items()}
    taken: dict[str, K] = {}

    def claim(owner: K, asked: set[str]) -> bool:
        """
        Take one more, if need be of a relay where another back end can do with another one.
        """
        for relay in random.sample(sorted(options[owner]), len(options[owner])):
            if relay in asked or taken.get(relay) == owner:
                continue
            asked.add(relay)
            if relay not in taken or claim(taken[relay], asked):
                taken[relay] = owner
                return True
        return False

    before = -1
    while before < len(taken) < most:
        before = len(taken)
        for owner in random.sample(list(options), len(options)):
            if len(taken) < most:
                claim(owner, set())
    found = [options[owner][relay] for relay, owner in taken.items()]
    random.shuffle(found)
    return tuple(found)


def common_terms(layers: Iterable[InnerLayer]) -> DescriptorTerms:
    """
    What may be said of all back ends: only what each of them says.

    What one says of its proof of work holds for itself alone, and is left out.

    :param layers: what their descriptors say.
    """
    said = list(layers)
    flows = {layer.flow_control for layer in said}
    return DescriptorTerms(
        is_single_onion_service=bool(said) and all(layer.is_single_onion_service for layer in said),
        flow_control=flows.pop() if len(flows) == 1 else None,
    )
