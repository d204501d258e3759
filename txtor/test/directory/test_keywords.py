# -*- test-case-name: txtor.test.directory.test_keywords -*-
"""
Every keyword of dir-spec, as tor 0.4.9 writes and reads them, document by document, with the attribute that gives it.

A keyword that is new in the specification goes into this table and into the table of its document's class.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    Consensus,
    DetachedSignatures,
    Document,
    ExtraInfo,
    KeyCertificate,
    Microdescriptor,
    NetworkStatus,
    RouterStatus,
    ServerDescriptor,
    Vote,
    fields,
)
from txtor.test.directory.samples import sample

#: Keywords whose attribute is the keyword with ``_`` for ``-`` are only named.
SERVER_DESCRIPTOR = """
router identity-ed25519=identity_certificate master-key-ed25519=stated_master_key bandwidth platform published
fingerprint=stated_fingerprint hibernating=is_hibernating uptime onion-key onion-key-crosscert ntor-onion-key
ntor-onion-key-crosscert signing-key accept=exit_policy reject=exit_policy ipv6-policy=exit_policy_v6
overload-general router-sig-ed25519=ed25519_signature router-signature=signature contact
bridge-distribution-request family family-cert=family_certificates read-history write-history eventdns
caches-extra-info=is_extra_info_cache extra-info-digest hidden-service-dir=is_hidden_service_dir
protocols=link_and_circuit_protocols allow-single-hop-exits=allows_single_hop_exits or-address=or_addresses
tunnelled-dir-server=is_tunnelled_dir_server proto=protocols
"""
EXTRA_INFO = """
extra-info identity-ed25519=identity_certificate published read-history write-history ipv6-read-history ipv6-write-history
geoip-db-digest geoip6-db-digest geoip-start-time geoip-client-origins bridge-stats-end bridge-ips bridge-ip-versions
bridge-ip-transports dirreq-stats-end dirreq-v2-ips dirreq-v3-ips dirreq-v2-reqs dirreq-v3-reqs dirreq-v2-share
dirreq-v3-share dirreq-v2-resp dirreq-v3-resp dirreq-v2-direct-dl dirreq-v3-direct-dl dirreq-v2-tunneled-dl
dirreq-v3-tunneled-dl dirreq-read-history dirreq-write-history entry-stats-end entry-ips cell-stats-end
cell-processed-cells cell-queued-cells cell-time-in-queue cell-circuits-per-decile conn-bi-direct ipv6-conn-bi-direct
exit-stats-end exit-kibibytes-written exit-kibibytes-read exit-streams-opened hidserv-stats-end hidserv-v3-stats-end
hidserv-rend-relayed-cells hidserv-dir-onions-seen hidserv-rend-v3-relayed-cells hidserv-dir-v3-onions-seen
transport=transports transport-info padding-counts overload-ratelimits overload-fd-exhausted
router-sig-ed25519=ed25519_signature router-signature=signature
"""
MICRODESCRIPTOR = """
onion-key ntor-onion-key a=or_addresses family family-ids p=exit_policy p6=exit_policy_v6 id=identifiers pr=protocols
"""
KEY_CERTIFICATE = """
dir-key-certificate-version=version dir-address=address fingerprint dir-identity-key=identity_key dir-key-published=published
dir-key-expires=expires dir-signing-key=signing_key dir-key-crosscert=crosscert dir-key-certification=certification
"""
STATUS = """
network-status-version=flavour vote-status valid-after fresh-until valid-until voting-delay client-versions server-versions
package=packages known-flags recommended-client-protocols recommended-relay-protocols required-client-protocols
required-relay-protocols params=parameters shared-rand-previous-value=shared_randomness_previous
shared-rand-current-value=shared_randomness_current dir-source=sources contact=sources directory-footer=tokens
directory-signature=signatures
"""
CONSENSUS = "consensus-method vote-digest=sources bandwidth-weights"
VOTE = """
consensus-methods published flag-thresholds bandwidth-file-headers bandwidth-file-digest legacy-dir-key
shared-rand-participate=takes_part_in_shared_randomness shared-rand-commit=shared_randomness_commits
dir-key-certificate-version=certificate dir-address=certificate fingerprint=certificate dir-identity-key=certificate
dir-key-published=certificate dir-key-expires=certificate dir-signing-key=certificate dir-key-crosscert=certificate
dir-key-certification=certificate
"""
DETACHED_SIGNATURES = """
consensus-digest valid-after fresh-until valid-until additional-digest=additional_digests
additional-signature=additional_signatures directory-signature=signatures
"""
TABLE: dict[type[Document], str] = {
    ServerDescriptor: SERVER_DESCRIPTOR,
    ExtraInfo: EXTRA_INFO,
    Microdescriptor: MICRODESCRIPTOR,
    KeyCertificate: KEY_CERTIFICATE,
    Consensus: STATUS + CONSENSUS,
    Vote: STATUS + VOTE,
    DetachedSignatures: DETACHED_SIGNATURES,
}
#: Lines of an entry: of the four kinds of network status and of the control port.
ENTRY = (
    "r=nickname a=or_addresses s=flags v=version pr=protocols w=bandwidth p=exit_policy m=microdescriptor_digest "
    "id=ed25519_identity stats"
)

#: What no tor of 0.4.9 reads or writes: lines of old archives.
NOT_IN_TOR = {"geoip-start-time", "geoip-client-origins"}


def attributes(words: str) -> dict[str, str]:
    """
    By keyword, the attribute that gives it.
    """
    pairs = [word.partition("=") for word in words.split()]
    return {keyword: attribute or keyword.replace("-", "_") for keyword, _, attribute in pairs}


class KeywordTests(SynchronousTestCase):
    """
    The table above against the classes, and both against tor.
    """

    def test_every_keyword(self) -> None:
        """
        Each class reads these keywords and no others, and has the attribute.
        """
        for kind, words in TABLE.items():
            found = attributes(words)
            self.assertEqual(set(found), set(kind.grammar.rules), kind.__name__)
            for keyword, attribute in found.items():
                self.assertTrue(hasattr(kind, attribute), f"{kind.__name__}.{attribute}")
                field = getattr(kind, attribute)
                if isinstance(field, fields.Field):  # others are made of several keywords
                    same = [name for name, other in found.items() if other == attribute]
                    self.assertIn(field.keyword, same, f"{kind.__name__}.{attribute} does not read {keyword}")

    def test_every_line_of_an_entry(self) -> None:
        """
        The lines of a router status.
        """
        for attribute in attributes(ENTRY).values():
            self.assertTrue(hasattr(RouterStatus, attribute), attribute)

    def test_tor_knows_them(self) -> None:
        """
        Keywords are spelt as in the tor that is installed.
        """
        program = shutil.which("tor")
        assert program is not None, "tor is not installed"
        there = Path(program).read_bytes()
        keywords = {keyword for words in TABLE.values() for keyword in attributes(words) if len(keyword) > 2}
        self.assertEqual({word for word in keywords if word.encode("ascii") not in there}, NOT_IN_TOR)

    def test_tor_has_no_others(self) -> None:
        """
        Genuine documents hold nothing that has no attribute.
        """
        entry = attributes(ENTRY)
        for name, kind in {
            "network-1/server-descriptors": ServerDescriptor,
            "network-2/server-descriptors": ServerDescriptor,
            "network-2/extra-infos": ExtraInfo,
            "network-1/microdescs": Microdescriptor,
            "network-1/key-certificates": KeyCertificate,
            "network-2/consensus": Consensus,
            "network-2/consensus-microdesc": Consensus,
            "network-2/vote-auth000": Vote,
            "network-2/consensus-signatures": DetachedSignatures,
        }.items():
            for document in kind.parse_many(sample(name)):
                assert isinstance(document, Document)
                known = set(attributes(TABLE[kind])) | (set(entry) if isinstance(document, NetworkStatus) else set())
                lines = [re.split(rb"[ \n]", bytes(item), maxsplit=1)[0].decode("ascii") for item in document.items]
                self.assertEqual(set(lines) - known, set(), name)
