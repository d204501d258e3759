# -*- test-case-name: txtor.test.testing.test_repair -*-
"""
What a test may have left behind in the Tors of a shared network, and what the next one would suffer from.

*Guards*: a Tor that ends a circuit before its first relay has answered takes that guard for unreachable; it is enough to remove
an onion service right after it was added. When all primary guards are, its circuits wait a minute or so for one to come back.

*Streams*: a controller that went away while it attached streams has left ``__LeaveStreamsUnattached`` set, and each stream waits
until SocksTimeout for somebody to attach it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from txtor._deferred import deferred
from txtor._tor import connect
from txtor.commands import DropGuards, parse_info
from txtor.control import TorControlProtocol

from ._network_view import NodeView

_OPTION = "__LeaveStreamsUnattached"

#: How often is looked whether a Tor has chosen guards, in seconds.
_PAUSE = 0.1


async def repair(reactor: Any, nodes: Iterable[NodeView]) -> None:
    """
    Have each Tor attach its streams itself; and if it takes a guard for unreachable, choose its guards anew. Circuits stay.

    See control-spec 3.13, ATTACHSTREAM, and 3.25, DROPGUARDS.

    :raises TorError: a Tor cannot be connected to.
    """
    await gatherResults([_repair(reactor, node) for node in nodes], consumeErrors=True)


@deferred
async def _repair(reactor: Any, node: NodeView) -> None:
    async with await connect(reactor, node.control_endpoint) as tor:
        if await tor.protocol.get_conf_single(_OPTION) == "1":
            await tor.protocol.reset_conf(_OPTION)
        if {"down", "unusable"} & set(await _guards(tor.protocol)):
            await tor.protocol.send(DropGuards())
            while not await _guards(tor.protocol):
                await deferLater(reactor, _PAUSE)


async def _guards(protocol: TorControlProtocol) -> list[str]:
    """
    How a Tor finds each of its guards.
    """
    key = "entry-guards"
    return [guard.status for guard in parse_info(key, await protocol.get_info_single(key))]
