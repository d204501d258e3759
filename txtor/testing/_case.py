# -*- test-case-name: txtor.test.testing.test_shared -*-
"""
A test case of trial on the private network.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.trial.unittest import TestCase

from txtor._deferred import deferred

from ._network_view import NetworkView, NodeView
from ._repair import repair
from ._shared import START, shared_network


class TorNetworkTestCase(TestCase):
    """
    Tests on a private Tor network, which is shared by the whole run.

    Where there is no tor binary, the tests fail and say how to install it. What a test leaves behind in a client of the network
    is repaired before the next begins: guards that it took for unreachable are chosen anew, and streams that it left to a
    controller which is gone are its own again.

    :ivar network: the network.
    :ivar reactor: the reactor that trial runs on.
    """

    #: Seconds, for each of set-up, test and clean-up. The first set-up of a run may have to start the network.
    timeout = START + 30

    network: NetworkView[NodeView]
    reactor: Any

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a Deferred
        """
        Get the network. Where you override this, await it, or return a Deferred that waits for it.
        """
        # trial has installed a reactor and runs this test on it; importing it here could only find the same one.
        self.reactor = sys.modules["twisted.internet.reactor"]
        self.network = await shared_network(self.reactor)
        await repair(self.reactor, self.network.clients)
