# -*- test-case-name: txtor.test.directory.test_authorities -*-
"""
The directory authorities: whose signatures on a consensus count.

Whoever verifies says which they are: those that the connected Tor is configured with (its ``DirAuthority`` lines), or those of
the public network, which are data here with a date. See tor's manual, DirAuthority, and dir-spec 3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from txtor.errors import MalformedDocument
from txtor.grammar import format_address_port

from ._encoding import BadValue, address_port, fingerprint, nickname, port

_DOCUMENT, _SECTION = "DirAuthority line", "tor(1), DirAuthority"
_OPTIONS = ("DirAuthority", "AlternateDirAuthority", "AlternateBridgeAuthority")
_FLAGS = ("bridge", "no-v2", "hs", "no-hs", "v1", "no-v1")
_MOST = 256

#: When the list of the public network was read from tor, and from which one.
PUBLIC_NETWORK_DATE = date(2026, 11, 22)
PUBLIC_NETWORK_VERSION = "0.4.9.11"
_PUBLIC_NETWORK = """
moria1 orport=9201 v3ident=F533C81CEF0BC0267857C99B2F471ADF249FA232 128.31.0.39:9231 1A25C6358DB91342AA51720A5038B72742732498
tor26 orport=443 v3ident=2F3DF9CA0E5D36F2685A2DA67184EB8DCB8CBA8C ipv6=[2a02:16a8:662:2203::1]:443 217.196.147.77:80 \
FAA4BCA4A6AC0FB4CA2F8AD5A11D9E122BA894F6
dizum orport=443 v3ident=E8A9C45EDE6D711294FADF8E7951F4DE6CA56B58 45.66.35.11:80 7EA6EAD6FD83083C538F44038BBFA077587DD755
Serge orport=9001 bridge 66.111.2.131:9030 BA44A889E64B93FAA2B114E02C2A279A8555C533
gabelmoo orport=443 v3ident=ED03BB616EB2F60BEC80151114BB25CEF515B226 ipv6=[2001:638:a000:4140::ffff:189]:443 131.188.40.189:80 \
F2044413DAC2E02E3D6BCF4735A19BCA1DE97281
dannenberg orport=443 v3ident=0232AF901C31A04EE9848595AF9BB7620D4C5B2E ipv6=[2001:678:558:1000::244]:443 193.23.244.244:80 \
7BE683E65D48141321C5ED92F075C55364AC7123
maatuska orport=80 v3ident=49015F787433103580E3B66A1707A00E60F2D15B ipv6=[2001:67c:289c::9]:80 171.25.193.9:443 \
BD6A829255CB08E66FBE7D3748363586E46B3810
longclaw orport=443 v3ident=23D15D965BC35114467363C165C4F724B64B4F66 199.58.81.140:80 74A910646BCEEFBCD2E874FC1DC997430F968145
bastet orport=443 v3ident=27102BC123E7AF1D4741AE047E160C91ADC76B21 ipv6=[2620:13:4000:6000::1000:118]:443 204.13.164.118:80 \
24E2F139121D4394C54B5BCC368B3B411857C413
faravahar orport=443 v3ident=70849B868D606BAECFB6128C5E3D782029AA394F 216.218.219.41:80 E3E42D35F801C9D5AB23584E0025D56FE2B33396
"""


@dataclass(frozen=True)
class DirectoryAuthority:
    """
    A directory authority, as tor is configured with it.

    :ivar nickname: its name, or ``None``.
    :ivar address: its IPv4 address.
    :ivar dir_port: its directory port.
    :ivar fingerprint: of the relay that it is, 40 upper-case hexadecimal digits.
    :ivar v3ident: the identity with which it votes, likewise; ``None`` where it does not vote.
    :ivar or_port: its port for relays, or ``None``.
    :ivar ipv6: its IPv6 address and port for relays, or ``None``.
    :ivar is_bridge_authority: whether bridges upload their descriptors to it.
    :ivar options: what else the line says, as it says it.
    """

    nickname: str | None
    address: str
    dir_port: int
    fingerprint: str
    v3ident: str | None = None
    or_port: int | None = None
    ipv6: tuple[str, int] | None = None
    is_bridge_authority: bool = False
    options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, line: str) -> DirectoryAuthority:
        """
        Read the value of a ``DirAuthority`` option, with or without its name in front.

        :raises MalformedDocument: it is none.
        """
        found = line.replace("\t", " ").split()
        if found and found[0] in _OPTIONS:
            del found[0]
        try:
            return cls._read(found)
        except BadValue as error:
            raise MalformedDocument(_DOCUMENT, f"{error} in {line[:120]!r}", None, _SECTION) from None

    @classmethod
    def _read(cls, found: list[str]) -> DirectoryAuthority:
        # The address is the first word that begins with a digit; every word before it is the name or an option.
        place = next((place for place, word in enumerate(found) if place < 64 and word[:1].isdigit() and ":" in word), None)
        if place is None:
            raise BadValue("no address and port")
        address, dir_port = address_port(found[place])
        name, *options = found[:place] if place and "=" not in found[0] and found[0] not in _FLAGS else [None, *found[:place]]
        values: dict[str, str] = {}
        other = []
        for word in options:
            assert word is not None  # only the name may be missing
            key, equals, value = word.partition("=")
            if equals and key.lower() in ("orport", "v3ident", "ipv6"):
                values.setdefault(key.lower(), value)
            elif word != "bridge":
                other.append(word)
        return cls(
            None if name is None else nickname(name),
            address,
            dir_port,
            fingerprint("".join(found[place + 1 :])),
            fingerprint(values["v3ident"]) if "v3ident" in values else None,
            port(values["orport"]) if "orport" in values else None,
            address_port(values["ipv6"]) if "ipv6" in values else None,
            "bridge" in options,
            tuple(other),
        )


    def __str__(self) -> str:
        """
        The value of a ``DirAuthority`` option, as torrc and SETCONF take it.
        """
        words = [] if self.nickname is None else [self.nickname]
        words += [] if self.or_port is None else [f"orport={self.or_port}"]
        words += ["bridge"] if self.is_bridge_authority else []
        words += self.options
        words += [] if self.v3ident is None else [f"v3ident={self.v3ident}"]
        words += [] if self.ipv6 is None else [f"ipv6={format_address_port(*self.ipv6)}"]
        return " ".join([*words, format_address_port(self.address, self.dir_port), self.fingerprint])


class Authorities(Collection[DirectoryAuthority]):
    """
    The authorities that somebody knows.

    :ivar v3idents: the identities of those that vote, 40 upper-case hexadecimal digits each.
    """

    __slots__ = ("_all", "v3idents")

    def __init__(self, authorities: Iterable[DirectoryAuthority]) -> None:
        self._all = tuple(authorities)
        self.v3idents = frozenset(authority.v3ident for authority in self._all if authority.v3ident is not None)

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Authorities:
        """
        Read the values of ``DirAuthority`` options, as GETCONF gives them, or lines of a torrc that hold nothing else.

        :param lines: one for each authority; blank ones and comments are passed over.
        :raises MalformedDocument: one is no authority, or there are more than 256.
        """
        found = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if len(found) > _MOST:
            raise MalformedDocument(_DOCUMENT, f"more than {_MOST} authorities", None, _SECTION)
        return cls(map(DirectoryAuthority.parse, found))

    @classmethod
    def public_network(cls) -> Authorities:
        """
        The authorities of the public network, as tor 0.4.9.11 has them (see `PUBLIC_NETWORK_DATE`).
        """
        return cls.parse(_PUBLIC_NETWORK.strip().split("\n"))

    @property
    def majority(self) -> int:
        """
        How many of those that vote must have signed: more than half of all, whether they take part or not.
        """
        return len(self.v3idents) // 2 + 1

    def by_v3ident(self, identity: str) -> DirectoryAuthority | None:
        """
        The authority that votes with an identity, or ``None``.
        """
        return next((authority for authority in self._all if authority.v3ident == identity.upper()), None)

    def __contains__(self, authority: object) -> bool:
        return authority in self._all

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[DirectoryAuthority]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        return self._all == other._all if isinstance(other, Authorities) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all)

    def __repr__(self) -> str:
        return f"<Authorities {' '.join(authority.nickname or authority.fingerprint for authority in self._all)}>"
