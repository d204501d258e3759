"""
The configuration of a running Tor: typed options, transactions, onion services that stay whole, and the text of a torrc.

See control-spec 3.1 to 3.3, and tor(1).
"""

from ._checking import check_services, services_among
from ._draft import Draft
from ._items import ItemList
from ._memory import OptionMemory
from ._ports import PortLine, ServicePort, Target
from ._services import HiddenService
from ._socks_ports import ISocksReactor
from ._torconfig import TorConfig
from ._torrc import Torrc, TorrcLine

__all__ = [
    "Draft",
    "HiddenService",
    "ISocksReactor",
    "ItemList",
    "OptionMemory",
    "PortLine",
    "ServicePort",
    "Target",
    "TorConfig",
    "Torrc",
    "TorrcLine",
    "check_services",
    "services_among",
]
