# -*- test-case-name: txtor.test.config.test_example -*-
"""
The example of the documentation, run on a Tor in memory.
"""

from __future__ import annotations

import io
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from txtor.config import TorConfig
from txtor.test.test_examples import example
from txtor.testing import FakeTor


class ChangeConfigurationTests(SynchronousTestCase):
    """
    ``change_configuration.py``.
    """

    def setUp(self) -> None:
        """
        A Tor, and what is printed.
        """
        self.tor = FakeTor()
        self.output = io.StringIO()
        self.patch(__import__("sys"), "stdout", self.output)
        self.module = example("change_configuration")

    def run_main(self, *assignments: str) -> list[str]:
        """
        Run it, and get the lines that it prints.
        """
        main = self.module.main(MemoryReactorClock(), self.tor.endpoint(), *assignments)
        self.successResultOf(Deferred.fromCoroutine(main))
        lines = self.output.getvalue().splitlines()
        self.output.truncate(0)
        return lines

    def test_changed(self) -> None:
        """
        Options are changed and told.
        """
        printed = self.run_main("MaxCircuitDirtiness=20 minutes", "nickname=me")
        self.assertEqual(printed[:2], ["A circuit takes new streams for 600 seconds", "SocksPort: 9050"])
        self.assertEqual(printed[2:], ["now MaxCircuitDirtiness is 1200", "now nickname is me"])

    def test_refused(self) -> None:
        """
        Of changes of which one is refused, none is made.
        """
        printed = self.run_main("MaxCircuitDirtiness=20 minutes", "DataDirectory=/elsewhere")
        self.assertTrue(printed[2].startswith("Nothing was changed: SETCONF: 553 Transition not allowed"), printed)
        self.assertEqual(printed[3:], ["now MaxCircuitDirtiness is 600", "now DataDirectory is None"])

    def test_service(self) -> None:
        """
        A service is added, and told as what is not as by default.
        """
        config: TorConfig = self.successResultOf(TorConfig.from_protocol(self.tor.connect()))
        adding: Any = self.module.add_service(config, "/tmp/service", 8080)
        self.successResultOf(Deferred.fromCoroutine(adding))
        self.assertEqual(self.tor.configuration.get("HiddenServicePort"), ["80 127.0.0.1:8080"])
        self.assertIn("/tmp/service", self.run_main()[2])
