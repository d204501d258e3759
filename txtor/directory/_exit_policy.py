# -*- test-case-name: txtor.test.directory.test_exit_policy -*-
"""
Exit policies: what a relay lets out, judged as tor judges it.

The first rule that matches decides, and what no rule matches is accepted. A policy of a server descriptor speaks of IPv4 alone;
there ``ipv6-policy``, a `PortSummary`, answers for IPv6. See dir-spec 2.1.1 and 2.1.3.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable, Iterator

from txtor.errors import InvalidArgument, MalformedDocument

from ._encoding import BadValue
from ._exit_rule import Dialect, ExitRule, read_rule
from ._policy_regions import accept_the_same
from ._policy_summary import summarize
from ._port_summary import REJECT_ALL, PortSummary
from ._ports import ALL_PORTS, Interval, meets, subtract, union

_SECTION = "dir-spec 2.1.3, exitpattern"
_MOST_LINES = 20_000

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Verdict(enum.Enum):
    """
    What a policy says of an address and a port. "Probably" is said where the address is unknown and matters.
    """

    ACCEPTED = "accepted"
    PROBABLY_ACCEPTED = "probably accepted"
    PROBABLY_REJECTED = "probably rejected"
    REJECTED = "rejected"


class ExitPolicy:
    """
    The rules of a relay about what may leave through it.

    :ivar rules: each an `ExitRule`; ``private`` and ``*`` of torrc stand for several.
    :ivar lines: the rules as they were written.
    :ivar ipv6: for a server descriptor the summary that answers for IPv6 addresses; else ``None``.
    """

    __slots__ = ("ipv6", "lines", "rules")

    def __init__(
        self, rules: Iterable[ExitRule], ipv6: PortSummary | None = None, lines: Iterable[str] | None = None
    ) -> None:
        self.rules = tuple(rules)
        self.ipv6 = ipv6
        self.lines = tuple(map(str, self.rules)) if lines is None else tuple(lines)

    @classmethod
    def parse(cls, text: str | Iterable[str]) -> ExitPolicy:
        """
        Read a policy in the form of torrc, in which ``GETINFO exit-policy/default`` answers as well.

        :param text: rules separated by commas or line ends, or an iterable of rules.
        :raises MalformedDocument: a rule is none; the line is its number, from 1. tor drops such a rule, or the whole list.
        """
        lines = _split(text)
        return cls(_read(lines, "torrc"), None, lines)

    @classmethod
    def from_getinfo(cls, text: str | Iterable[str]) -> ExitPolicy:
        """
        Read what tor says of its own policy: ``GETINFO exit-policy/full``, ``/ipv4``, ``/ipv6`` and ``/reject-private/relay``.
        There, as in a descriptor, ``*`` is IPv4, and rules for IPv6 begin with ``accept6`` and ``reject6``.

        :param text: rules separated by commas or line ends, or an iterable of rules.
        :raises MalformedDocument: a rule is none; the line is its number, from 1.
        """
        lines = _split(text)
        return cls(_read(lines, "getinfo"), None, lines)

    @classmethod
    def from_descriptor(cls, lines: Iterable[str], ipv6_policy: PortSummary | None = None) -> ExitPolicy:
        """
        Read the ``accept`` and ``reject`` lines of a server descriptor.

        :param lines: each with its keyword, in the descriptor's order.
        :param ipv6_policy: the descriptor's ``ipv6-policy``; without it all of IPv6 is rejected.
        :raises MalformedDocument: a line is no rule of a descriptor; the line is its number among these, from 1.
        """
        lines = tuple(lines)
        return cls(_read(lines, "descriptor"), REJECT_ALL if ipv6_policy is None else ipv6_policy, lines)

    # -- questions ----------------------------------------------------------------------------------------------------

    def evaluate(self, address: str | IPAddress | None, port: int) -> Verdict:
        """
        Judge an address and a port as tor does for a stream.

        :param address: an IPv4 or IPv6 address; ``None`` where it is unknown, as for a host name, which tor judges by the IPv4
            rules.
        :param port: 1 to 65535; port 0 is always rejected.
        :raises InvalidArgument: the address is none.
        """
        if not 1 <= port <= 65535:
            return Verdict.REJECTED
        if address is None:
            return self._evaluate_unknown(port)
        family, number = _address(address)
        if family == 6 and self.ipv6 is not None:
            return Verdict.PROBABLY_ACCEPTED if port in self.ipv6 else Verdict.REJECTED
        for rule in self.rules:
            if rule.min_port <= port <= rule.max_port and rule.covers(family, number):
                return Verdict.ACCEPTED if rule.is_accept else Verdict.REJECTED
        return Verdict.ACCEPTED

    def _evaluate_unknown(self, port: int) -> Verdict:
        accepts = rejects = False
        for rule in self.rules:
            if rule.family == 6 or not rule.min_port <= port <= rule.max_port:
                continue
            accepts, rejects = accepts or rule.is_accept, rejects or not rule.is_accept
            if rule.bits == 0 and rule.is_accept:
                return Verdict.PROBABLY_ACCEPTED if rejects else Verdict.ACCEPTED
            if rule.bits == 0:
                return Verdict.PROBABLY_REJECTED if accepts else Verdict.REJECTED
        return Verdict.PROBABLY_ACCEPTED if rejects else Verdict.ACCEPTED

    def can_exit_to(self, address: str | IPAddress | None = None, port: int | None = None, strict: bool = False) -> bool:
        """
        Whether the relay would let something out.

        :param address: an IPv4 or IPv6 address, or ``None`` for one that is not known.
        :param port: 1 to 65535, or ``None`` for one that is not known. Port 0 is no port and never allowed.
        :param strict: whether everything that the question leaves open must be allowed; else something of it is enough. For
            IPv6 a policy of a server descriptor is never that certain; of an unknown address it then judges IPv4.
        :raises InvalidArgument: the address is none.
        """
        if port is not None and not 1 <= port <= 65535:
            return False
        asked = ALL_PORTS if port is None else (Interval(port, port),)
        if address is not None:
            family, number = _address(address)
            if family == 6 and self.ipv6 is not None:
                return self.ipv6.can_exit_to(port=port, strict=strict)
            matching = (rule._replace(bits=0) for rule in self.rules if rule.covers(family, number))
            return _all_accepted(matching, family, asked) if strict else _some_accepted(matching, family, asked)
        families = (4,) if self.ipv6 is not None else (4, 6)
        if strict:
            return all(_all_accepted(self.rules, family, asked) for family in families)
        if self.ipv6 is not None and self.ipv6.can_exit_to(port=port):
            return True
        return any(_some_accepted(self.rules, family, asked) for family in families)

    @property
    def is_exiting_allowed(self) -> bool:
        """
        Whether anything at all may leave: some rule accepts a port before every address is rejected for it.
        """
        return self.can_exit_to()

    def summary(self, family: int = 4) -> PortSummary:
        """
        The short form, as authorities and relays write it into ``p``, ``p6`` and ``ipv6-policy``.

        :param family: 4 or 6.
        """
        if family == 6 and self.ipv6 is not None:
            return self.ipv6
        return summarize(self.rules, family)

    def decides_like(self, other: ExitPolicy) -> bool:
        """
        Whether two policies let out the same, however they are written; ``==`` says whether they have the same rules.

        Where a policy is of a server descriptor, which has only a summary for IPv6, the summaries of both are compared for IPv6.
        The time grows with the square of the number of rules: a hundred take some hundredths of a second, a thousand seconds.
        """
        if not accept_the_same(self.rules, other.rules, 4):
            return False
        if self.ipv6 is None and other.ipv6 is None:
            return accept_the_same(self.rules, other.rules, 6)
        return union(self.summary(6).accepted) == union(other.summary(6).accepted)

    # -- other policies -----------------------------------------------------------------------------------------------

    def strip_private(self) -> ExitPolicy:
        """
        This policy without the rules that reject all ports of a private network.
        """
        return self._keeping(
            [rule for rule in self.rules if rule.is_accept or not (rule.is_private and rule.is_port_wildcard)]
        )

    def strip_default(self) -> ExitPolicy:
        """
        This policy without tor's default rules, where they stand at its end.
        """
        families = {rule.family for rule in self.rules}
        default = tuple(rule for rule in DEFAULT_POLICY.rules if rule.family in families)
        if default and self.rules[-len(default) :] == default:
            return self._keeping(self.rules[: -len(default)])
        return self

    def _keeping(self, rules: Iterable[ExitRule]) -> ExitPolicy:
        kept = tuple(rules)
        return self if kept == self.rules else ExitPolicy(kept, self.ipv6)

    # -- as a value ---------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[ExitRule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __eq__(self, other: object) -> bool:
        """
        Whether two policies have the same rules, however these were written.
        """
        return (self.rules, self.ipv6) == (other.rules, other.ipv6) if isinstance(other, ExitPolicy) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.rules, self.ipv6))

    def __str__(self) -> str:
        return ", ".join(self.lines)

    def __repr__(self) -> str:
        return f"<ExitPolicy {str(self)[:120]}>"


def _split(text: str | Iterable[str]) -> tuple[str, ...]:
    if isinstance(text, str):
        text = [line for line in text.replace("\r", "").replace("\n", ",").split(",") if line.strip(" \t")]
    return tuple(text)


def _read(lines: Iterable[str], dialect: Dialect) -> Iterator[ExitRule]:
    for number, line in enumerate(lines, 1):
        try:
            if number > _MOST_LINES:
                raise BadValue(f"more than {_MOST_LINES} rules")
            yield from read_rule(line, dialect)
        except BadValue as error:
            raise MalformedDocument("exit policy", str(error), number, _SECTION) from None


def _address(address: str | IPAddress) -> tuple[int, int]:
    """
    An address as its family and number.
    """
    try:
        read = ipaddress.ip_address(address.strip("[]") if isinstance(address, str) else address)
    except ValueError:
        raise InvalidArgument(f"Not an IP address: {str(address)[:80]!r}") from None
    return read.version, int(read)


def _some_accepted(rules: Iterable[ExitRule], family: int, ports: tuple[Interval, ...]) -> bool:
    """
    Whether a rule accepts one of the ports before every address is rejected for it.
    """
    for rule in rules:
        if not ports:
            return False
        if rule.family != family:
            continue
        if rule.is_accept and meets(ports, rule.min_port, rule.max_port):
            return True
        if rule.bits == 0:
            ports = subtract(ports, rule.min_port, rule.max_port)
    return bool(ports)


def _all_accepted(rules: Iterable[ExitRule], family: int, ports: tuple[Interval, ...]) -> bool:
    """
    Whether no rule rejects one of the ports before every address is accepted for it.
    """
    for rule in rules:
        if not ports:
            return True
        if rule.family != family:
            continue
        if not rule.is_accept and meets(ports, rule.min_port, rule.max_port):
            return False
        if rule.bits == 0:
            ports = subtract(ports, rule.min_port, rule.max_port)
    return True


#: What tor uses where the operator says nothing, in torrc's form: for both families.
DEFAULT_POLICY = ExitPolicy.parse(
    "reject *:25,reject *:119,reject *:135-139,reject *:445,reject *:563,reject *:1214,reject *:4661-4666,"
    "reject *:6346-6429,reject *:6699,reject *:6881-6999,accept *:*"
)
