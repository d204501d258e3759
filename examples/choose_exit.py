"""
Build a circuit whose exit lets out a port, without some relays, and otherwise as Tor would choose.

    python choose_exit.py ENDPOINT PORT [RELAY_TO_AVOID ...]
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping

from twisted.internet.task import react

from txtor import PathRules, Router, connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.errors import InvalidArgument
from txtor.state import excluding, has_flags, lacks_flags


# begin rules
def not_a_number(router: Router) -> bool:
    """
    Any function from a relay to a bool is a condition.
    """
    return not (router.nickname or "").isdigit()


def rules_for(
    port: int, avoided: tuple[str, ...], families: Mapping[str, Collection[str]], one_subnet: bool = False
) -> PathRules:
    """
    What our path must be like.

    :param families: who is of one family with whom.
    :param one_subnet: whether relays of one subnet will do, as they must in a network on one machine.
    """
    return PathRules(
        length=3,
        exit_port=port,
        everywhere=[has_flags("Running", "Valid", "Fast"), excluding(avoided), not_a_number],
        conditions={-1: [lacks_flags("Authority")]},  # by hop, the last here
        distinct_subnets=not one_subnet,
        families=families,
    )
# end rules


# begin main
async def main(
    reactor: IConnectReactor, control_endpoint: ControlEndpoint, port: str | int, *avoided: str, one_subnet: bool = False
) -> None:
    """
    Build a circuit by rules.
    """
    async with await connect(reactor, control_endpoint) as tor:
        state = await tor.create_state()
        rules = rules_for(int(port), avoided, await state.routers.families(), one_subnet)
        try:
            circuit = await state.build_circuit(rules, purpose="controller")
        except InvalidArgument as error:
            print(error)
        else:
            await circuit.when_built()
            *_, last = circuit.path
            print("The exit is", last.name, "at", last.address)
            await circuit.close()
        await state.close()
# end main


if __name__ == "__main__":
    react(main, sys.argv[1:])
