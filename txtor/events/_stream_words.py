# -*- test-case-name: txtor.test.events.test_words -*-
"""
The words that Tor 0.4.9 is known to use of streams, spelled as on the wire.
"""

from __future__ import annotations

from ._words import Keyword


class StreamStatus(Keyword):
    """
    The statuses of a stream. See control-spec 4.1.2.
    """

    NEW = "NEW"
    NEWRESOLVE = "NEWRESOLVE"
    REMAP = "REMAP"
    SENTCONNECT = "SENTCONNECT"
    SENTRESOLVE = "SENTRESOLVE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CLOSED = "CLOSED"
    DETACHED = "DETACHED"
    CONTROLLER_WAIT = "CONTROLLER_WAIT"
    XOFF_SENT = "XOFF_SENT"
    XOFF_RECV = "XOFF_RECV"
    XON_SENT = "XON_SENT"
    XON_RECV = "XON_RECV"


class StreamReason(Keyword):
    """
    Why a stream ended. ``END`` has the exit's reason as its remote reason. See control-spec 4.1.2.
    """

    MISC = "MISC"
    RESOLVEFAILED = "RESOLVEFAILED"
    CONNECTREFUSED = "CONNECTREFUSED"
    EXITPOLICY = "EXITPOLICY"
    DESTROY = "DESTROY"
    DONE = "DONE"
    TIMEOUT = "TIMEOUT"
    NOROUTE = "NOROUTE"
    HIBERNATING = "HIBERNATING"
    INTERNAL = "INTERNAL"
    RESOURCELIMIT = "RESOURCELIMIT"
    CONNRESET = "CONNRESET"
    TORPROTOCOL = "TORPROTOCOL"
    NOTDIRECTORY = "NOTDIRECTORY"
    END = "END"
    CANT_ATTACH = "CANT_ATTACH"
    NET_UNREACHABLE = "NET_UNREACHABLE"
    SOCKS_PROTOCOL = "SOCKS_PROTOCOL"
    HTTP_PROTOCOL = "HTTP_PROTOCOL"
    PRIVATE_ADDR = "PRIVATE_ADDR"


class StreamSource(Keyword):
    """
    Where Tor has an address from that a stream was mapped to. See control-spec 4.1.2.
    """

    CACHE = "CACHE"
    EXIT = "EXIT"


class StreamPurpose(Keyword):
    """
    What a stream is for. See control-spec 4.1.2.
    """

    DIR_FETCH = "DIR_FETCH"
    DIR_UPLOAD = "DIR_UPLOAD"
    DNS_REQUEST = "DNS_REQUEST"
    USER = "USER"
    DIRPORT_TEST = "DIRPORT_TEST"


class ClientProtocol(Keyword):
    """
    How an application asked for a stream. See control-spec 4.1.2.
    """

    SOCKS4 = "SOCKS4"
    SOCKS5 = "SOCKS5"
    TRANS = "TRANS"
    NATD = "NATD"
    DNS = "DNS"
    HTTPCONNECT = "HTTPCONNECT"
    METRICS = "METRICS"
    UNKNOWN = "UNKNOWN"


class IsolationField(Keyword):
    """
    What keeps streams off one circuit when it differs. See control-spec 4.1.2.
    """

    CLIENTADDR = "CLIENTADDR"
    CLIENTPORT = "CLIENTPORT"
    DESTADDR = "DESTADDR"
    DESTPORT = "DESTPORT"
    SOCKS_USERNAME = "SOCKS_USERNAME"
    SOCKS_PASSWORD = "SOCKS_PASSWORD"
    CLIENT_PROTOCOL = "CLIENT_PROTOCOL"
    SESSION_GROUP = "SESSION_GROUP"
    NYM_EPOCH = "NYM_EPOCH"
