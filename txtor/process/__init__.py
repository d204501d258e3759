"""
Finding, starting and ending a tor of our own.
"""

from ._bootstrap import BootstrapProgress
from ._copying import Writable
from ._find import find_tor_binary
from ._launch import TIMEOUT_SECONDS, Launched, ProgressListener, check_seconds, launch_tor
from ._plan import LaunchOptions
from ._private import PrivateDirectory
from ._process import ILaunchReactor, TorProcess
from ._torrc import Options, OptionValue, format_torrc, option_pairs

__all__ = [
    "TIMEOUT_SECONDS",
    "BootstrapProgress",
    "ILaunchReactor",
    "LaunchOptions",
    "Launched",
    "OptionValue",
    "Options",
    "PrivateDirectory",
    "ProgressListener",
    "TorProcess",
    "Writable",
    "check_seconds",
    "find_tor_binary",
    "format_torrc",
    "launch_tor",
    "option_pairs",
]
