# -*- test-case-name: txtor.test.events.test_words -*-
"""
The words that Tor 0.4.9 is known to use in events, spelled as on the wire.

An attribute of an event is plain text, so that a word which only a newer Tor knows is a value like any other. The members here
are text too: ``event.status == CircuitStatus.BUILT`` and ``event.status == "BUILT"`` are the same question.
"""

from __future__ import annotations

from enum import Enum


class Keyword(str, Enum):
    """
    A set of words. Each member is the text that it stands for, also where it is formatted.
    """

    def __str__(self) -> str:
        return str.__str__(self.value)

    def __format__(self, format_spec: str) -> str:
        return str.__format__(self.value, format_spec)



class CircuitStatus(Keyword):
    """
    The statuses of a circuit. ``GUARD_WAIT`` is told by ``GETINFO circuit-status`` alone. See control-spec 4.1.1.
    """

    LAUNCHED = "LAUNCHED"
    BUILT = "BUILT"
    GUARD_WAIT = "GUARD_WAIT"
    EXTENDED = "EXTENDED"
    FAILED = "FAILED"
    CLOSED = "CLOSED"


class CircuitPurpose(Keyword):
    """
    What circuits are for. Purposes that Tor has no name for are ``UNKNOWN_`` and a number. See control-spec 4.1.1.
    """

    GENERAL = "GENERAL"
    HS_CLIENT_HSDIR = "HS_CLIENT_HSDIR"
    HS_CLIENT_INTRO = "HS_CLIENT_INTRO"
    HS_CLIENT_REND = "HS_CLIENT_REND"
    HS_SERVICE_HSDIR = "HS_SERVICE_HSDIR"
    HS_SERVICE_INTRO = "HS_SERVICE_INTRO"
    HS_SERVICE_REND = "HS_SERVICE_REND"
    TESTING = "TESTING"
    CONTROLLER = "CONTROLLER"
    MEASURE_TIMEOUT = "MEASURE_TIMEOUT"
    HS_VANGUARDS = "HS_VANGUARDS"
    PATH_BIAS_TESTING = "PATH_BIAS_TESTING"
    CIRCUIT_PADDING = "CIRCUIT_PADDING"
    CONFLUX_UNLINKED = "CONFLUX_UNLINKED"
    CONFLUX_LINKED = "CONFLUX_LINKED"
    SERVER = "SERVER"


class BuildFlag(Keyword):
    """
    How a circuit was built. See control-spec 4.1.1.
    """

    ONEHOP_TUNNEL = "ONEHOP_TUNNEL"
    IS_INTERNAL = "IS_INTERNAL"
    NEED_CAPACITY = "NEED_CAPACITY"
    NEED_UPTIME = "NEED_UPTIME"


class HSState(Keyword):
    """
    What an onion service's circuit has come to. See control-spec 4.1.1.
    """

    HSCI_CONNECTING = "HSCI_CONNECTING"
    HSCI_INTRO_SENT = "HSCI_INTRO_SENT"
    HSCI_DONE = "HSCI_DONE"
    HSCR_CONNECTING = "HSCR_CONNECTING"
    HSCR_ESTABLISHED_IDLE = "HSCR_ESTABLISHED_IDLE"
    HSCR_ESTABLISHED_WAITING = "HSCR_ESTABLISHED_WAITING"
    HSCR_JOINED = "HSCR_JOINED"
    HSSI_CONNECTING = "HSSI_CONNECTING"
    HSSI_ESTABLISHED = "HSSI_ESTABLISHED"
    HSSR_CONNECTING = "HSSR_CONNECTING"
    HSSR_JOINED = "HSSR_JOINED"
    OR_HSSI_ESTABLISHED = "OR_HSSI_ESTABLISHED"
    OR_HSCR_ESTABLISHED = "OR_HSCR_ESTABLISHED"
    OR_HS_R_JOINED = "OR_HS_R_JOINED"


class CircuitReason(Keyword):
    """
    Why a circuit ended. ``DESTROYED`` has the far end's reason as its remote reason. See control-spec 4.1.1.
    """

    NONE = "NONE"
    TORPROTOCOL = "TORPROTOCOL"
    INTERNAL = "INTERNAL"
    REQUESTED = "REQUESTED"
    HIBERNATING = "HIBERNATING"
    RESOURCELIMIT = "RESOURCELIMIT"
    CONNECTFAILED = "CONNECTFAILED"
    OR_IDENTITY = "OR_IDENTITY"
    CHANNEL_CLOSED = "CHANNEL_CLOSED"
    OR_CONN_CLOSED = "OR_CONN_CLOSED"
    FINISHED = "FINISHED"
    TIMEOUT = "TIMEOUT"
    DESTROYED = "DESTROYED"
    NOPATH = "NOPATH"
    NOSUCHSERVICE = "NOSUCHSERVICE"
    MEASUREMENT_EXPIRED = "MEASUREMENT_EXPIRED"
    IP_NOW_REDUNDANT = "IP_NOW_REDUNDANT"
    ORIGIN = "ORIGIN"


class CircuitMinorChange(Keyword):
    """
    What CIRC_MINOR tells of. See control-spec 4.1.19.
    """

    PURPOSE_CHANGED = "PURPOSE_CHANGED"
    CANNIBALIZED = "CANNIBALIZED"


class ORStatus(Keyword):
    """
    The statuses of a connection to a relay. See control-spec 4.1.3.
    """

    NEW = "NEW"
    LAUNCHED = "LAUNCHED"
    CONNECTED = "CONNECTED"
    FAILED = "FAILED"
    CLOSED = "CLOSED"


class ORReason(Keyword):
    """
    Why a connection to a relay ended. See control-spec 4.1.3.
    """

    MISC = "MISC"
    DONE = "DONE"
    CONNECTREFUSED = "CONNECTREFUSED"
    IDENTITY = "IDENTITY"
    CONNECTRESET = "CONNECTRESET"
    TIMEOUT = "TIMEOUT"
    NOROUTE = "NOROUTE"
    IOERROR = "IOERROR"
    RESOURCELIMIT = "RESOURCELIMIT"
    PT_MISSING = "PT_MISSING"
    TLS_ERROR = "TLS_ERROR"
    UNKNOWN = "UNKNOWN"


class ConnType(Keyword):
    """
    What a connection carries. See control-spec 4.1.21.
    """

    OR = "OR"
    DIR = "DIR"
    EXIT = "EXIT"


class GuardStatus(Keyword):
    """
    What became of a guard. See control-spec 4.1.11.
    """

    NEW = "NEW"
    UP = "UP"
    DOWN = "DOWN"
    BAD = "BAD"
    GOOD = "GOOD"
    DROPPED = "DROPPED"
    GOOD_L2 = "GOOD_L2"
    BAD_L2 = "BAD_L2"


class Severity(Keyword):
    """
    How much a log message or status matters. See control-spec 4.1.5 and 4.1.10.
    """

    DEBUG = "DEBUG"
    INFO = "INFO"
    NOTICE = "NOTICE"
    WARN = "WARN"
    ERR = "ERR"


class BuildTimeoutChange(Keyword):
    """
    Why Tor's estimate of how long circuits take has changed. See control-spec 4.1.16.
    """

    COMPUTED = "COMPUTED"
    RESET = "RESET"
    SUSPENDED = "SUSPENDED"
    DISCARD = "DISCARD"
    RESUME = "RESUME"


class SignalName(Keyword):
    """
    Signals that Tor tells of when it acts on them. See control-spec 4.1.17.
    """

    RELOAD = "RELOAD"
    DUMP = "DUMP"
    DEBUG = "DEBUG"
    NEWNYM = "NEWNYM"
    CLEARDNSCACHE = "CLEARDNSCACHE"
    HEARTBEAT = "HEARTBEAT"
    ACTIVE = "ACTIVE"
    DORMANT = "DORMANT"


class TransportType(Keyword):
    """
    Whether a transport serves the client or the bridge. See control-spec 4.1.20.
    """

    CLIENT = "client"
    SERVER = "server"


class HSDescAction(Keyword):
    """
    What happened to an onion service's descriptor. See control-spec 4.1.25.
    """

    CREATED = "CREATED"
    UPLOAD = "UPLOAD"
    UPLOADED = "UPLOADED"
    REQUESTED = "REQUESTED"
    RECEIVED = "RECEIVED"
    FAILED = "FAILED"
    IGNORE = "IGNORE"


class HSDescReason(Keyword):
    """
    Why fetching or uploading an onion service's descriptor failed. See control-spec 4.1.25.
    """

    BAD_DESC = "BAD_DESC"
    NOT_FOUND = "NOT_FOUND"
    QUERY_REJECTED = "QUERY_REJECTED"
    QUERY_NO_HSDIR = "QUERY_NO_HSDIR"
    QUERY_RATE_LIMITED = "QUERY_RATE_LIMITED"
    UNEXPECTED = "UNEXPECTED"
    UPLOAD_REJECTED = "UPLOAD_REJECTED"


class Liveness(Keyword):
    """
    Whether Tor can reach the network. See control-spec 4.1.27.
    """

    UP = "UP"
    DOWN = "DOWN"
