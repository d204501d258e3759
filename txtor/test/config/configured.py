"""
A configuration of a Tor in memory, for the tests beside.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.config import TorConfig
from txtor.testing import FakeTor

T = TypeVar("T")


class ConfiguredTestCase(SynchronousTestCase):
    """
    A Tor in memory and its configuration.

    :ivar tor: the Tor.
    :ivar protocol: the connection of the configuration.
    :ivar config: the configuration.
    """

    def setUp(self) -> None:
        """
        Read it. There is an option of a type that nobody knows.
        """
        self.tor = FakeTor()
        self.tor.configuration.types["FutureThing"] = "Hologram"
        self.tor.configuration.types["UseFuture"] = "Boolean+Auto"
        self.protocol = self.tor.connect()
        self.config: TorConfig = self.successResultOf(TorConfig.from_protocol(self.protocol))
        self.tor.received.clear()

    def await_(self, coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
        """
        The result of what needs to wait for nothing.
        """
        result: T = self.successResultOf(Deferred.fromCoroutine(coroutine))
        return result

    def save(self) -> None:
        """
        Save, and find that nothing is left to save.
        """
        self.successResultOf(self.config.save())
        self.assertFalse(self.config.needs_save())

    def sent(self, keyword: str) -> list[str]:
        """
        The commands that Tor got, with what they said behind the keyword.
        """
        return [line.partition(" ")[2] for line in self.tor.received if line.split(" ")[0] == keyword]

    def hold(self) -> Callable[[], None]:
        """
        Let Tor answer the configuration's commands only when the function that is returned is called.
        """
        connection: Any = self.tor.connections[0]
        usual = connection._answer
        held: list[Any] = []
        connection._answer = held.append

        def answer() -> None:
            connection._answer = usual
            for command in held:
                usual(command)

        return answer
