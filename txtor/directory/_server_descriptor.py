# -*- test-case-name: txtor.test.directory.test_server_descriptor -*-
"""
Server descriptors: what a relay says of itself.

See dir-spec 2.1.1, Server descriptor format.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from txtor.errors import MalformedDocument

from ._encoding import address_port
from ._family import Family
from ._fields import Field, optional, present, repeated, required
from ._grammar import Grammar, Index, Rule, any_number, maybe, once
from ._port_summary import PortSummary
from ._readers import (
    argument,
    read_boolean,
    read_certificate,
    read_first_word,
    read_grouped_fingerprint,
    read_integer,
    read_key,
    read_object,
    read_rsa_key,
    read_text,
    read_time,
)
from ._server_lines import (
    read_bandwidth,
    read_exit_policy,
    read_extra_info_digest,
    read_ntor_crosscert,
    read_overload,
    read_protocols,
    read_router_line,
)
from ._server_verification import ServerDescriptorVerification, verify_server_descriptor
from ._signed import SignedDescriptor
from ._statistics import read_byte_history
from ._versions import TorVersion

_RULES: Mapping[str, Rule] = {
    "router": once(5),
    "identity-ed25519": maybe(0, "ED25519 CERT"),
    "master-key-ed25519": maybe(1),
    "bandwidth": once(3),
    "published": once(2),
    "platform": maybe(),
    "contact": maybe(),
    "fingerprint": maybe(1),
    "uptime": maybe(1),
    "hibernating": maybe(1),
    "onion-key": maybe(0, "RSA PUBLIC KEY"),
    "onion-key-crosscert": maybe(0, "CROSSCERT"),
    "ntor-onion-key": maybe(1),
    "ntor-onion-key-crosscert": maybe(1, "ED25519 CERT", exact=True),
    "signing-key": once(0, "RSA PUBLIC KEY"),
    "accept": any_number(1),
    "reject": any_number(1),
    "ipv6-policy": maybe(2),
    "proto": maybe(),
    "family": maybe(),
    "family-cert": any_number(0, "FAMILY CERT"),
    "or-address": any_number(1),
    "extra-info-digest": maybe(1),
    "overload-general": maybe(),
    "bridge-distribution-request": maybe(1),
    "caches-extra-info": maybe(),
    "hidden-service-dir": maybe(),
    "tunnelled-dir-server": maybe(),
    "allow-single-hop-exits": maybe(),
    "read-history": maybe(),
    "write-history": maybe(),
    "eventdns": maybe(1),
    "protocols": maybe(),
    "router-sig-ed25519": maybe(1),
    "router-signature": once(0, "SIGNATURE"),
}
_GRAMMAR = Grammar(
    "server descriptor",
    "dir-spec 2.1.1",
    _RULES,
    {0: "router", 1: "identity-ed25519", -2: "router-sig-ed25519", -1: "router-signature"},
    {
        "identity-ed25519": ("master-key-ed25519", "ntor-onion-key", "ntor-onion-key-crosscert", "router-sig-ed25519"),
        "router-sig-ed25519": ("identity-ed25519",),
        "onion-key-crosscert": ("onion-key",),
        "ntor-onion-key-crosscert": ("identity-ed25519",),
        "family-cert": ("identity-ed25519",),
    },
)
_RELAY_KEY_BITS = 1024


class ServerDescriptor(SignedDescriptor):
    """
    What a relay says of itself, signed.

    Absent lines are ``None``, or empty where there may be several. `verify` says whether to believe it.

    See dir-spec 2.1.1, Server descriptor format.
    """

    __slots__ = ()

    grammar = _GRAMMAR

    router = required("router", read_router_line)
    bandwidth = required("bandwidth", read_bandwidth)
    published = required("published", read_time)
    """
    When the relay made the descriptor.
    """

    platform = optional("platform", read_text)
    """
    Software and system, as ``"Tor 0.4.9.11 on Linux"``.
    """

    contact = optional("contact", read_text)
    """
    How to reach the operator. Any byte may be in it; those that are not UTF-8 are surrogates.
    """

    stated_fingerprint = optional("fingerprint", read_grouped_fingerprint)
    uptime = optional("uptime", read_integer(-(2**63)))
    """
    Seconds that the relay had been running; below zero in some archives of 2006.
    """

    is_hibernating = optional("hibernating", read_boolean)
    """
    Whether the relay has used up its allowance and sleeps; ``None`` where it does not say, which means that it does not.
    """

    onion_key = optional("onion-key", read_rsa_key(_RELAY_KEY_BITS))
    """
    The key of the old TAP handshake; relays since 0.4.9 may have none.
    """

    onion_key_crosscert = optional("onion-key-crosscert", read_object)
    ntor_onion_key = optional("ntor-onion-key", read_key(32))
    """
    The Curve25519 key of the ntor handshake, 32 bytes.
    """

    ntor_onion_key_crosscert = optional("ntor-onion-key-crosscert", read_ntor_crosscert)
    signing_key = required("signing-key", read_rsa_key(_RELAY_KEY_BITS))
    """
    The relay's RSA identity; the digest of it is the relay's fingerprint.
    """

    stated_master_key = optional("master-key-ed25519", read_key(32))
    exit_policy = Field("accept", read_exit_policy)
    """
    Where the relay lets streams leave the network, ``ipv6-policy`` included.
    """

    exit_policy_v6 = optional("ipv6-policy", lambda item: PortSummary.parse(" ".join(item.arguments)))
    protocols = optional("proto", read_protocols)
    """
    The subprotocols that the relay speaks; ``None`` where it does not say, or says it in a way that cannot be read.
    """

    family = optional("family", lambda item: Family(item.arguments))
    """
    The relays that it names as its family.
    """

    family_certificates = repeated("family-cert", read_certificate)
    or_addresses = repeated("or-address", lambda item: address_port(argument(item, 0)))
    """
    More addresses and ports where it listens, in order.
    """

    extra_info_digest = optional("extra-info-digest", read_extra_info_digest)
    overload_general = optional("overload-general", read_overload, checked=False)
    bridge_distribution_request = optional("bridge-distribution-request", read_first_word)
    """
    How a bridge wants to be handed out; ``"none"``, ``"any"`` or the name of a distributor, perhaps one that is unknown.
    """

    is_extra_info_cache = present("caches-extra-info")
    is_hidden_service_dir = present("hidden-service-dir")
    is_tunnelled_dir_server = present("tunnelled-dir-server")
    allows_single_hop_exits = present("allow-single-hop-exits")
    read_history = optional("read-history", read_byte_history, checked=False)
    write_history = optional("write-history", read_byte_history, checked=False)
    eventdns = optional("eventdns", read_boolean, checked=False)
    link_and_circuit_protocols = optional("protocols", read_text)

    def _check_structure(self, index: Index) -> None:
        fault = ""
        if "accept" not in index and "reject" not in index:
            fault = "there is neither accept nor reject"
        for keyword in ("accept6", "reject6"):
            if keyword in index:
                fault = f"{keyword} is no keyword of a server descriptor, and tor refuses it"
        if "identity-ed25519" in index and "onion-key" in index and "onion-key-crosscert" not in index:
            fault = "onion-key-crosscert is missing, which onion-key needs"
        if fault:
            raise MalformedDocument(self.grammar.document, fault, None, self.grammar.section)

    def verify(
        self, *, now: datetime, digest: str | None = None, fingerprint: str | None = None
    ) -> ServerDescriptorVerification:
        """
        Check everything that can be checked: fingerprint, keys, certificates, signatures and dates, in this order.

        Values on which none of this depends, as the exit policy, are read when somebody asks for them; `parse` has read them all.

        :param now: the time at which it must be good; for archives, the document's own.
        :param digest: the digest that a verified consensus lists for the relay, in hexadecimal.
        :param fingerprint: the relay's fingerprint there.
        :return: what was found.
        :raises VerificationFailed: something is wrong; the first thing that is.
        :raises MalformedDocument: it cannot be read.
        :raises InvalidArgument: the time is not aware.

        See dir-spec 2.1.1, Server descriptor format.
        """
        return verify_server_descriptor(self, now, digest, fingerprint)

    @property
    def nickname(self) -> str:
        return self.router.nickname

    @property
    def address(self) -> str:
        """
        Its IPv4 address.
        """
        return self.router.address

    @property
    def or_port(self) -> int:
        return self.router.or_port

    @property
    def dir_port(self) -> int | None:
        """
        Its directory port, or ``None`` where it has none.
        """
        return self.router.dir_port or None

    @property
    def fingerprint(self) -> str:
        """
        The relay's fingerprint: the digest of its RSA identity, 40 upper-case hexadecimal digits.
        """
        return self.signing_key.fingerprint

    @property
    def average_bandwidth(self) -> int:
        return self.bandwidth.average

    @property
    def burst_bandwidth(self) -> int:
        return self.bandwidth.burst

    @property
    def observed_bandwidth(self) -> int:
        return self.bandwidth.observed

    @property
    def tor_version(self) -> TorVersion | None:
        """
        The version in `platform`; ``None`` where it is not Tor, or cannot be read.
        """
        try:
            return TorVersion.from_platform(self.platform or "")
        except MalformedDocument:
            return None

    @property
    def operating_system(self) -> str | None:
        """
        What stands behind ``on`` in `platform`.
        """
        return (self.platform or "").partition(" on ")[2] or None
