# -*- test-case-name: txtor.test.test_txtorcon -*-
"""
That a program for txtorcon finds what it knows: under the same name with the same arguments, or in the page on moving over.
"""

from __future__ import annotations

import inspect
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import txtor
from txtor import Tor, TorConfig

PAGE = pathlib.Path(txtor.__file__).parents[1] / "docs" / "coming-from-txtorcon.rst"

#: By name, the arguments of txtorcon 26.6 in their order.
FUNCTIONS = {
    "launch": "reactor progress_updates control_port data_directory socks_port non_anonymous_mode stdout stderr timeout "
    "tor_binary user connection_creator kill_on_stderr",
    "connect": "reactor control_endpoint password_function",
}
TOR = {
    "quit": "",
    "get_config": "",
    "create_state": "",
    "is_ready": "",
    "become_ready": "",
    "stream_via": "host port tls socks_endpoint",
    "web_agent": "pool socks_endpoint tls_context_factory",
    "dns_resolve": "hostname",
    "dns_resolve_ptr": "ip",
    "add_onion_authentication": "onion_host token",
    "remove_onion_authentication": "onion_host",
    "onion_authentication": "onion_host token",
    "create_onion_service": "ports private_key version progress await_all_uploads single_hop detach",
    "create_filesystem_onion_service": "ports onion_service_dir version group_readable progress await_all_uploads",
    "create_onion_endpoint": "port private_key version single_hop",
    "create_authenticated_onion_endpoint": "port auth private_key version",
    "create_filesystem_onion_endpoint": "port hs_dir group_readable version",
    "create_filesystem_authenticated_onion_endpoint": "port hs_dir auth group_readable version",
}
CONFIG = {
    "from_protocol": "protocol",
    "socks_endpoint": "reactor port",
    "create_socks_endpoint": "reactor socks_config",
    "attach_protocol": "",
    "get_type": "",
    "needs_save": "",
    "mark_unsaved": "",
    "save": "",
    "create_torrc": "",
    "config_args": "",
}
OPTIONS = ("HiddenServices", "EphemeralOnionServices")
ATTRIBUTES = ("protocol", "process", "version")


class NamesTests(SynchronousTestCase):
    """
    The tables above, against txtor and the page.
    """

    def setUp(self) -> None:
        """
        Read the page.
        """
        text = PAGE.read_text(encoding="utf-8")
        self.explained = set(re.findall(r"\w+", " ".join(re.findall(r"`+([^`]+)`+", text))))

    def explains(self, what: str, name: str) -> None:
        """
        What txtor does not have is on the page.
        """
        self.assertIn(name, self.explained, f"{what}: {name} is neither in txtor nor on {PAGE.name}")

    def check(self, owner: object, names: Mapping[str, str]) -> None:
        """
        Each name is there with its arguments, or is explained.
        """
        for name, arguments in names.items():
            function = getattr(owner, name, None)
            if function is None:
                self.explains(repr(owner), name)
            else:
                self.check_arguments(function, arguments.split())

    def check_arguments(self, function: Callable[..., Any], arguments: list[str]) -> None:
        """
        Each argument is taken by its name; those that txtor has stand in the same order.
        """
        known = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
        for argument in arguments:
            if argument not in known:
                self.explains(function.__qualname__, argument)
        order = [argument for argument in arguments if argument in known]
        self.assertEqual(order, [name for name in known if name in order], function.__qualname__)

    def test_functions(self) -> None:
        """
        ``connect`` and ``launch``.
        """
        self.check(txtor, FUNCTIONS)

    def test_launch_positions(self) -> None:
        """
        ``launch`` takes its arguments in the same places, as far as they mean the same.
        """
        known = list(inspect.signature(txtor.launch).parameters)
        self.assertEqual(known[:11], FUNCTIONS["launch"].split()[:11])

    def test_tor(self) -> None:
        """
        `Tor`: its methods, its attributes, and that a program may declare Interfaces on it.
        """
        self.check(Tor, TOR)
        tor = Tor(None, txtor.TorControlProtocol())  # type: ignore[arg-type]  # nothing is connected
        for name in ATTRIBUTES:
            self.assertTrue(hasattr(tor, name), name)
        self.assertTrue(hasattr(tor, "__dict__"))

    def test_config(self) -> None:
        """
        `TorConfig`.
        """
        self.check(TorConfig, CONFIG)
        from txtor.testing import FakeTor

        config: TorConfig = self.successResultOf(TorConfig.from_protocol(FakeTor().connect()))
        for name in OPTIONS:
            if name not in config:
                self.explains("TorConfig", name)
