# -*- test-case-name: txtor.test.test_interfaces -*-
"""
Every Interface of txtor that other programs may implement, in one place.
"""

from txtor.state import IAddressListener, IAddrListener, ICircuitListener, IRouterListener, IStreamAttacher, IStreamListener

__all__ = [
    "IAddrListener",
    "IAddressListener",
    "ICircuitListener",
    "IRouterListener",
    "IStreamAttacher",
    "IStreamListener",
]
