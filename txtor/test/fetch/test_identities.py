# -*- test-case-name: txtor.test.fetch.test_identities -*-
"""
Tests of naming relays by their Ed25519 identities, with the genuine documents of a network in a `FakeTor`.
"""

from __future__ import annotations

from txtor.directory import Consensus, encoding
from txtor.errors import DocumentUnavailable, InvalidArgument, VerificationFailed
from txtor.test.directory.samples import NOW

from .test_documents import CONSENSUS, MICRODESC, MICROS, DirectoryCase


class IdentityTests(DirectoryCase):
    """
    Each document by the Ed25519 identity of its relay.
    """

    def setUp(self) -> None:
        super().setUp()
        assert self.descriptor.ed25519_master_key is not None
        self.identity = encoding.unpadded(self.descriptor.ed25519_master_key)
        statuses = MICRODESC.routers.values()
        # As a Tor that uses microdescriptors has it: 20 bytes of the microdescriptor's digest in the place of the descriptor's.
        for status in statuses:
            digest = encoding.base64(str(status.microdescriptor_digest), 32)[:20]
            old = bytes(CONSENSUS.routers[status.fingerprint])
            words = old.split(b" ")
            words[3] = encoding.unpadded(digest).encode("ascii")
            self.tor.info[f"ns/id/{status.fingerprint}"] = b" ".join(words)
        self.tor.info["ns/all"] = b"".join(self.tor.info[f"ns/id/{key}"] for key in MICRODESC.routers)  # type: ignore[misc]

    def test_spellings(self) -> None:
        """
        With and without padding, with and without the word.
        """
        for name in (self.identity, f"{self.identity}=", f"ed25519:{self.identity}"):
            found = self.result(self.directory.get_network_status(name))
            self.assertEqual(found.fingerprint, self.relay)

    def test_documents(self) -> None:
        """
        Microdescriptor, server descriptor and extra-info, verified or not.
        """
        for verify in (False, True):
            micro = self.result(self.directory.get_microdescriptor(self.identity, verify=verify, now=NOW))
            self.assertEqual(micro, MICROS[str(MICRODESC.routers[self.relay].microdescriptor_digest)])
            server = self.result(self.directory.get_server_descriptor(self.identity, verify=verify, now=NOW))
            self.assertEqual(server.content, self.descriptor.content)
            extra = self.result(self.directory.get_extra_info(self.identity, verify=verify, now=NOW))
            self.assertEqual(extra.fingerprint, self.relay)

    def test_server_descriptors_alone(self) -> None:
        """
        A Tor that has no microdescriptors has the identities in its server descriptors.
        """
        del self.tor.info["md/all"]
        self.assertEqual(self.result(self.directory.get_network_status(self.identity)).fingerprint, self.relay)

    def test_unknown(self) -> None:
        """
        An identity of nobody, and texts that are none.
        """
        error = self.error(self.directory.get_microdescriptor("A" * 43), DocumentUnavailable)
        self.assertIn("A" * 43, str(error))
        for text in ("A" * 42 + "B", "ed25519:", "ed25519:x", "A" * 45, "ed25519:" + "A" * 42 + "!"):
            self.error(self.directory.get_microdescriptor(text), InvalidArgument)

    def test_another(self) -> None:
        """
        Where Tor answers with the documents of a relay that has another identity they are refused.
        """
        other = next(key for key in MICRODESC.routers if key != self.relay)
        for key in (f"md/id/{self.relay}", f"desc/id/{self.relay}"):
            self.tor.info[key] = self.tor.info[key.replace(self.relay, other)]
        self.error(self.directory.get_microdescriptor(self.identity), VerificationFailed)
        self.error(self.directory.get_server_descriptor(self.identity), VerificationFailed)

    def test_not_agreed_on(self) -> None:
        """
        Where the authorities do not agree on the identity it is not the relay's, whatever its documents say.
        """
        doubted = Consensus(MICRODESC.raw.replace(b"\ns ", b"\ns NoEdConsensus "))
        self.assertIn("NoEdConsensus", doubted.routers[self.relay].flags)
        error = self.error(self.directory.get_microdescriptor(self.identity, verify=doubted), VerificationFailed)
        self.assertIn("do not agree", error.rule)
        by_fingerprint = self.result(self.directory.get_microdescriptor(self.relay, verify=doubted))
        self.assertEqual(by_fingerprint.ed25519_master_key, self.descriptor.ed25519_master_key)
