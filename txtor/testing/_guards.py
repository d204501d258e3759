# -*- test-case-name: txtor.test.testing.test_guards -*-
"""
Guards of the Tors of a shared network that a test has left unreachable.

A Tor that ends a circuit before its first relay has answered takes that guard for unreachable: it is enough to remove an onion
service right after it was added. When all primary guards are, its circuits wait for a minute to see whether one comes back, and
whoever comes next waits with them. Guards that a relay's absence made unreachable are no better.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import gatherResults

from txtor._deferred import deferred
from txtor._tor import connect
from txtor.commands import DropGuards

from ._network_view import NodeView


async def restore_guards(reactor: Any, nodes: Iterable[NodeView]) -> None:
    """
    Have each Tor that takes a guard for unreachable choose its guards anew. Circuits stay.

    See control-spec 3.25, DROPGUARDS.

    :raises TorError: a Tor cannot be connected to.
    """
    await gatherResults([_restore(reactor, node) for node in nodes], consumeErrors=True)


@deferred
async def _restore(reactor: Any, node: NodeView) -> None:
    async with await connect(reactor, node.control_endpoint) as tor:
        guards = (await tor.protocol.get_info_single("entry-guards")).splitlines()
        if any(guard.split()[1] in ("down", "unusable") for guard in guards):
            await tor.protocol.send(DropGuards())
