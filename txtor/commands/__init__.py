"""
Tor's commands, each a value that knows how it is written and how its reply is read.

Pure: nothing here sends anything; `txtor.control` does. See control-spec 3.
"""

from ._authentication import AuthChallenge, AuthChallengeReply, Authenticate, ProtocolInfo, ProtocolInfoReply
from ._circuits import CloseCircuit, ExtendCircuit, SetCircuitPurpose
from ._command import MAX_COMMAND_SIZE, Command, Outcome
from ._configuration import GetConf, GetConfGroup, LoadConf, ResetConf, SaveConf, SetConf, Value
from ._info import GetInfo, GetInfoBytes
from ._info_keys import INFO_KEYS, InfoKey, info_key, parse_info
from ._info_values import ConfigDefault, ConfigName, EntryGuard, InfoName, ReadWritten
from ._names import AddressMapping, MapAddress, Resolve
from ._onion import AddOnion, AddOnionReply, DelOnion, HsFetch, HsPost, Port
from ._onion_client import OnionClientAuth, OnionClientAuthAdd, OnionClientAuthRemove, OnionClientAuthView
from ._process import DropGuards, DropOwnership, DropTimeouts, Quit, SetEvents, Signal, TakeOwnership, UseFeature
from ._raw import RawCommand
from ._routers import PostDescriptor, SetRouterPurpose
from ._streams import AttachStream, CloseStream, RedirectStream, StreamCloseReason

__all__ = [
    "INFO_KEYS",
    "MAX_COMMAND_SIZE",
    "AddOnion",
    "AddOnionReply",
    "AddressMapping",
    "AttachStream",
    "AuthChallenge",
    "AuthChallengeReply",
    "Authenticate",
    "CloseCircuit",
    "CloseStream",
    "Command",
    "ConfigDefault",
    "ConfigName",
    "DelOnion",
    "DropGuards",
    "DropOwnership",
    "DropTimeouts",
    "EntryGuard",
    "ExtendCircuit",
    "GetConf",
    "GetConfGroup",
    "GetInfo",
    "GetInfoBytes",
    "HsFetch",
    "HsPost",
    "InfoKey",
    "InfoName",
    "LoadConf",
    "MapAddress",
    "OnionClientAuth",
    "OnionClientAuthAdd",
    "OnionClientAuthRemove",
    "OnionClientAuthView",
    "Outcome",
    "Port",
    "PostDescriptor",
    "ProtocolInfo",
    "ProtocolInfoReply",
    "Quit",
    "RawCommand",
    "ReadWritten",
    "RedirectStream",
    "ResetConf",
    "Resolve",
    "SaveConf",
    "SetCircuitPurpose",
    "SetConf",
    "SetEvents",
    "SetRouterPurpose",
    "Signal",
    "StreamCloseReason",
    "TakeOwnership",
    "UseFeature",
    "Value",
    "info_key",
    "parse_info",
]
