# -*- test-case-name: txtor.test.commands.test_info_keys -*-
"""
What GETINFO can be asked, and the type of each answer: the keys of tor 0.4.9, and those that it answers without listing them.

Tor itself tells its keys under ``info/names``; one that is not here is read as text. See control-spec 3.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from txtor.errors import ProtocolViolation
from txtor.grammar import decode

from ._info_values import READERS


class InfoKey(NamedTuple):
    """
    A key of GETINFO.

    :ivar name: as ``"version"``. ``<fp>`` stands for one part between slashes, a ``*`` at the end for anything.
    :ivar kind: the form of the value, as ``"int"`` or ``"entry-guards"``.
    :ivar description: what it tells.
    """

    name: str
    kind: str
    description: str

    def matches(self, key: str) -> bool:
        """
        Whether a key that is asked is this one.
        """
        if self.name.endswith("*"):
            return key.startswith(self.name[:-1])
        if "<" not in self.name:
            return key == self.name
        parts, asked = self.name.split("/"), key.split("/")
        return len(parts) == len(asked) and all(
            part == found or (part[:1] == "<" and found) for part, found in zip(parts, asked, strict=True)
        )


_TABLE = """
accounting/bytes|read-written|Bytes of this accounting interval.
accounting/bytes-left|read-written|Bytes left in this accounting interval; zeros without accounting.
accounting/enabled|bool|Whether there is a limit on traffic.
accounting/hibernating|text|awake, soft, hard or exiting.
accounting/interval-end|time|When this accounting interval ends; 1970 without accounting.
accounting/interval-start|time|When it began.
accounting/interval-wake|time|When Tor wakes in it.
address|ip-address|Tor's own address, as far as it knows (551 where it does not).
address-mappings/all|address-mappings|All addresses that stand for others.
address-mappings/cache|address-mappings|Those that DNS told.
address-mappings/config|address-mappings|Those of torrc.
address-mappings/control|address-mappings|Those of MAPADDRESS.
address/v4|ip-address|Tor's own IPv4 address (551 where it does not know it).
address/v6|ip-address|Tor's own IPv6 address (551 where it does not know it).
bw-event-cache|bandwidths|The last BW events, while a controller is there; the oldest first.
circuit-status|circuits|Tor's own circuits, as CIRC events show them.
config-can-saveconf|bool|Whether SAVECONF works without FORCE.
config-defaults-file|text|The path of the torrc of defaults, which need not exist.
config-file|text|The path of torrc.
config-text|text|The torrc that SAVECONF would write.
config/*|text|What stands under config/.
config/defaults|config-defaults|The options that have defaults.
config/names|config-names|All options with their types.
consensus/*|text|What is told of the consensus.
consensus/valid-after|time-or-none|From when on the consensus is valid; nothing without one.
consensus/fresh-until|time-or-none|Until when it is fresh.
consensus/valid-until|time-or-none|Until when it is valid.
consensus/packages|lines|The packages that it recommends.
current-time/*|text|What stands under current-time/.
current-time/local|local-time|Tor's clock, in its own zone.
current-time/utc|time|Tor's clock.
desc-annotations/id/*|document|The annotations of a server descriptor, by fingerprint.
desc/all-recent|document|All server descriptors; none on a client that fetches microdescriptors.
desc/all-recent-extrainfo-hack|document|Server descriptors with their extra-infos.
desc/download-enabled|bool|Whether Tor fetches server descriptors.
desc/id/*|document|Server descriptors by fingerprint, joined by +.
desc/name/*|document|Server descriptors by nickname, joined by +.
dir/server/*|document|Server descriptors as a directory serves them: all, authority, fp/A+B or d/A+B.
dir/status-vote/current/consensus|document|The consensus, where Tor keeps it (else 551).
dir/status-vote/current/consensus-microdesc|document|The microdescriptor consensus, where Tor keeps it (else 551).
dir/status/*|document|Statuses of version 2, which are always empty.
dormant|bool|Whether Tor rests because nobody uses it.
downloads/bridge/*|text|What stands under downloads/bridge/.
downloads/bridge/<desc>|download-status|The download of a bridge's descriptor, by the bridge's fingerprint.
downloads/bridge/bridges|lines|The fingerprints of the bridges (551 without bridges).
downloads/cert/*|text|What stands under downloads/cert/.
downloads/cert/fp/<fp>|download-status|The download of an authority's certificate.
downloads/cert/fp/<fp>/<sk>|download-status|The same for one signing key.
downloads/cert/fp/<fp>/sks|lines|An authority's signing keys that have a download of their own.
downloads/cert/fps|lines|The authorities whose certificates have downloads.
downloads/desc/*|text|What stands under downloads/desc/.
downloads/desc/<desc>|download-status|The download of a server descriptor, by its digest.
downloads/desc/descs|lines|The digests of server descriptors (tor 0.4.9 aborts of it where it is a directory authority).
downloads/networkstatus/*|text|What stands under downloads/networkstatus/.
downloads/networkstatus/microdesc|download-status|The download of the microdescriptor consensus.
downloads/networkstatus/microdesc/bootstrap|download-status|The same at the start.
downloads/networkstatus/microdesc/running|download-status|The same later.
downloads/networkstatus/ns|download-status|The download of the consensus.
downloads/networkstatus/ns/bootstrap|download-status|The same at the start.
downloads/networkstatus/ns/running|download-status|The same later.
entry-guards|entry-guards|Tor's guards.
events/names|words|The events that SETEVENTS takes.
exit-policy/default|comma-list|The rules that follow those of torrc.
exit-policy/full|lines|All rules of this relay (552 on clients).
exit-policy/ipv4|lines|Those about IPv4.
exit-policy/ipv6|lines|Those about IPv6.
exit-policy/reject-private/default|comma-list|The rules of ExitPolicyRejectPrivate.
exit-policy/reject-private/relay|lines|Those about this relay's own addresses (552 on clients).
extra-info/digest/*|document|Extra-info documents by digest.
features/names|words|The features that USEFEATURE takes.
fingerprint|text|This relay's fingerprint (551 on clients).
helper-nodes|entry-guards|The old name of entry-guards.
hs/client/desc/id*|document|hs/client/desc/id/ADDRESS: the descriptor of an onion service, while Tor keeps it.
hs/service/desc/id/*|document|The descriptor of one of this Tor's own onion services.
info/names|info-names|The keys of GETINFO.
ip-to-country/*|text|The country of an IP address, two letters, or ?? where it is unknown.
ip-to-country/ipv4-available|bool|Whether Tor knows the countries of IPv4 addresses.
ip-to-country/ipv6-available|bool|Whether Tor knows the countries of IPv6 addresses.
limits/max-mem-in-queues|int|How many bytes Tor's queues may take.
md/all|document|All microdescriptors.
md/download-enabled|bool|Whether Tor fetches microdescriptors.
md/id/*|document|A microdescriptor by the relay's fingerprint.
md/name/*|document|A microdescriptor by the relay's nickname.
net/listeners/*|quoted|Where Tor listens: or, extor, dir, socks, trans, natd, httptunnel, dns, control or metrics.
network-liveness|text|up or down.
network-status|text|Obsolete: Tor always refuses it (552).
ns/all|document|The entries of all relays in the consensus.
ns/id/*|document|The entry of a relay by fingerprint.
ns/name/*|document|The entry of a relay by nickname.
ns/purpose/*|document|The entries of relays for a purpose: general, bridge or controller.
onions/current|lines|The onion services of this connection.
onions/detached|lines|The onion services of no connection.
orconn-status|or-connections|Connections to relays, as ORCONN events show them.
process/descriptor-limit|int|How many files Tor may open.
process/pid|int|Tor's process.
process/uid|int|Its user; -1 on Windows.
process/user|text|Its user's name; empty on Windows.
signal/names|words|The signals that SIGNAL takes.
sr/current|text|The shared random value in base64; empty where it is unknown.
sr/previous|text|The one before.
stats/ntor/*|text|What stands under stats/ntor/.
stats/ntor/assigned|int|ntor handshakes that were done.
stats/ntor/requested|int|ntor handshakes that were asked for.
stats/tap/*|text|What stands under stats/tap/.
stats/tap/assigned|int|TAP handshakes that were done.
stats/tap/requested|int|TAP handshakes that were asked for.
status/accepted-server-descriptor|bool|Whether an authority took this relay's descriptor.
status/bootstrap-phase|bootstrap-phase|How far Tor has started, as a STATUS_CLIENT event shows it.
status/circuit-established|bool|Whether Tor can be used.
status/clients-seen|clients-seen|The countries of a bridge's clients, as CLIENTS_SEEN events show them.
status/enough-dir-info|bool|Whether Tor knows enough relays to build circuits.
status/fresh-relay-descs|document|A new server descriptor and extra-info of this relay (551 on clients).
status/good-server-descriptor|bool|Whether all authorities took this relay's descriptor.
status/reachability-succeeded|bools|Whether this relay could be reached, by port: OR and DIR.
status/reachability-succeeded/dir|bool|Whether its directory port could be reached.
status/reachability-succeeded/or|bool|Whether its OR port could be reached.
status/version/current|text|recommended, obsolete, new, new in series, unrecommended, none recommended or unknown.
status/version/recommended|comma-list|The versions that the authorities recommend; ? alone where Tor does not know.
stream-status|streams|Tor's streams, as STREAM events show them, without keywords.
traffic/read|int|Bytes read since Tor started.
traffic/written|int|Bytes written since Tor started.
uptime|int|Seconds since Tor started.
version|text|Tor's version.
"""

#: All known keys of GETINFO, by name.
INFO_KEYS: Mapping[str, InfoKey] = MappingProxyType(
    {row.partition("|")[0]: InfoKey(*row.split("|")) for row in _TABLE.strip().split("\n")}
)

#: Those that stand for many, the more particular first.
_PATTERNS = sorted(
    (known for known in INFO_KEYS.values() if "*" in known.name or "<" in known.name),
    key=lambda known: (known.name.endswith("*"), known.name.count("<"), -len(known.name)),
)


def info_key(key: str) -> InfoKey | None:
    """
    What is known of a key.

    :param key: as it would be asked, as ``"ns/id/$..."``.
    :return: ``None`` where nothing is known.
    """
    known = INFO_KEYS.get(key)
    if known is not None:
        return known
    return next((pattern for pattern in _PATTERNS if pattern.matches(key)), None)


def parse_info(key: str, value: str | bytes) -> Any:
    """
    Read a value of GETINFO.

    The type is that of the key's `InfoKey.kind`: ``bool``, ``int``, an aware ``datetime`` (one without a zone for
    ``current-time/local`` alone) or ``None`` for a time that there is not, an address of `ipaddress`, text, a list of texts
    or of the tables' rows, a dictionary, events where the value is written as they are, and ``bytes`` for documents.

    :param key: as it was asked.
    :param value: as `GetInfo` or `GetInfoBytes` gave it.
    :return: the text for a key that is not known.
    :raises ProtocolViolation: the value has not the form that the key promises. Its text stays readable by `GetInfo`.

    See control-spec 3.9, GETINFO.
    """
    known = info_key(key)
    kind = "text" if known is None else known.kind
    if kind == "document" and isinstance(value, bytes):
        return value
    text = decode(value) if isinstance(value, bytes) else value
    try:
        return READERS[kind](text)
    except (ValueError, ProtocolViolation):
        raise ProtocolViolation(f"The value of GETINFO {key} cannot be read as {kind}: {text[:80]!r}") from None
