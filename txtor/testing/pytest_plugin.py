# -*- test-case-name: txtor.test.testing.test_shared -*-
"""
A fixture for pytest: a private Tor network for the whole session, without a reactor.

Write ``pytest_plugins = ["txtor.testing.pytest_plugin"]`` in your ``conftest.py``, and let tests take ``tor_network``.
"""

from __future__ import annotations

import pytest

from txtor.errors import InvalidArgument, LaunchError

from ._network_view import NetworkView, NodeView
from ._shared import wait_for_shared_network


@pytest.fixture(scope="session")
def tor_network() -> NetworkView[NodeView]:
    """
    The private network of this session. Where there is no tor binary, the test fails and says how to install it.
    """
    try:
        return wait_for_shared_network()
    except (InvalidArgument, LaunchError) as error:
        pytest.fail(str(error), pytrace=False)
