# -*- test-case-name: txtor.test.directory.test_port_summary -*-
"""
The short form of an exit policy: the ports to which most addresses may be reached.
"""

from __future__ import annotations

from txtor.errors import MalformedDocument

from ._encoding import BadValue, integer
from ._ports import ALL_PORTS, Interval, complement, meets, union

_SECTION = "dir-spec 3.8.1, p"
_MOST_ENTRIES = 1000


class PortSummary:
    """
    A list of ports that are accepted, or one of ports that are rejected: ``accept 80,443``, ``reject 1-1023``.

    It says "probably" or "no" and never "certainly": addresses that the relay refuses are not in it. Two summaries are equal
    where they accept the same ports, however they are written.

    :ivar is_accept: whether the ports of the list are accepted; else they are rejected.
    :ivar ports: the ports of the list, as sorted intervals ``(first, last)``.
    :ivar text: the summary as it was read, or as tor would write it.

    See dir-spec 3.8.1, "p", 2.1.1, "ipv6-policy", and 3.3, "p6".
    """

    __slots__ = ("is_accept", "ports", "text")

    def __init__(self, is_accept: bool, ports: tuple[Interval, ...], text: str | None = None) -> None:
        self.is_accept = is_accept
        self.ports = union(ports)
        word = "accept" if is_accept else "reject"
        self.text = f"{word} {','.join(map(str, self.ports))}" if text is None else text

    @classmethod
    def parse(cls, text: str) -> PortSummary:
        """
        Read what stands after ``p``, ``p6`` or ``ipv6-policy``.

        Entries that do not begin with a digit are passed over, as tor does; they stay in `text`.

        :raises MalformedDocument: the first word is neither ``accept`` nor ``reject``, a range is reversed or ends above 65535,
            or no entry can be read.
        """
        word, _, listed = text.partition(" ")
        if word not in ("accept", "reject"):
            raise MalformedDocument("policy summary", f"neither accept nor reject: {word[:40]!r}", section=_SECTION)
        entries = listed.strip(" ").split(",", _MOST_ENTRIES)
        if len(entries) > _MOST_ENTRIES:
            raise MalformedDocument("policy summary", f"more than {_MOST_ENTRIES} entries", section=_SECTION)
        ports = [_read_entry(entry) for entry in entries if entry[:1].isascii() and entry[:1].isdigit()]
        if not ports:
            raise MalformedDocument("policy summary", "no ports", section=_SECTION)
        return cls(word == "accept", tuple(ports), text)

    @property
    def accepted(self) -> tuple[Interval, ...]:
        """
        The ports that are accepted, as sorted intervals ``(first, last)``.
        """
        return self.ports if self.is_accept else complement(self.ports)

    @property
    def is_exiting_allowed(self) -> bool:
        """
        Whether any port is accepted.
        """
        return bool(self.ports) if self.is_accept else self.ports != ALL_PORTS

    def can_exit_to(self, address: object = None, port: int | None = None, strict: bool = False) -> bool:
        """
        Whether a port is probably accepted.

        :param address: is not looked at; it stands here so that a summary can be asked as an `ExitPolicy` is.
        :param port: 1 to 65535, or ``None`` for any port at all. Port 0 is no port and never accepted.
        :param strict: whether only certainty counts. A summary is never certain, so the answer is then always ``False``.
        """
        if strict:
            return False
        if port is None:
            return self.is_exiting_allowed
        return 1 <= port <= 65535 and meets(self.ports, port, port) == self.is_accept

    def __contains__(self, port: int) -> bool:
        return self.can_exit_to(port=port)

    def __eq__(self, other: object) -> bool:
        return self.accepted == other.accepted if isinstance(other, PortSummary) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.accepted)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<PortSummary {self.text[:80]}>"


def _read_entry(entry: str) -> Interval:
    """
    One port or range of a summary; 0 is read as 1, since old relays began ranges there.
    """
    low, dash, high = entry.partition("-")
    try:
        first = integer(low, 0, 65535)
        last = integer(high, 0, 65535) if dash else first
    except BadValue as error:
        raise MalformedDocument("policy summary", str(error), section=_SECTION) from None
    if last < first:
        raise MalformedDocument("policy summary", f"a reversed range: {entry[:40]!r}", section=_SECTION)
    return Interval(max(first, 1), last)


#: What stands for a summary that is not there.
REJECT_ALL = PortSummary(False, ALL_PORTS)
