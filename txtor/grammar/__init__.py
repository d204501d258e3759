"""
The control port's grammar, in both directions: strings, data blocks, reply lines, arguments and tokens.

Pure functions over text. Text is ``str``, UTF-8 with ``surrogateescape``: `decode` and `encode` are each other's inverse for
every byte string. See control-spec 2.
"""

from ._arguments import Arguments, is_argument_key, parse_arguments, split_quoted, split_words, unquote_value
from ._checks import bare, check_line, fingerprint, identifier, option_name, relay
from ._data import stuff, unstuff
from ._reply import EVENT_STATUS, Reply, ReplyLine, format_reply, parse_reply_line
from ._strings import find_closing_quote, quote_cstring, quote_string, unquote_cstring, unquote_string
from ._text import decode, encode
from ._tokens import (
    RouterName,
    address_port_or_none,
    format_address_port,
    is_fingerprint,
    is_nickname,
    onion_address,
    parse_address_port,
    parse_time,
    router_name_or_none,
    time_or_none,
)

__all__ = [
    "EVENT_STATUS",
    "Arguments",
    "Reply",
    "ReplyLine",
    "RouterName",
    "address_port_or_none",
    "bare",
    "check_line",
    "decode",
    "encode",
    "find_closing_quote",
    "fingerprint",
    "format_address_port",
    "format_reply",
    "identifier",
    "is_argument_key",
    "is_fingerprint",
    "is_nickname",
    "onion_address",
    "option_name",
    "parse_address_port",
    "parse_arguments",
    "parse_reply_line",
    "parse_time",
    "quote_cstring",
    "quote_string",
    "relay",
    "router_name_or_none",
    "split_quoted",
    "split_words",
    "stuff",
    "time_or_none",
    "unquote_cstring",
    "unquote_string",
    "unquote_value",
    "unstuff",
]
