# -*- test-case-name: txtor.test.onion.test_descriptor -*-
"""
Descriptors: the genuine one is read, every altered or forged one is refused.
"""

from __future__ import annotations

import base64
import pickle
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor import errors
from txtor.onion import (
    ClientAuthKey,
    DescriptorTerms,
    FlowControl,
    IntroductionPoint,
    OnionDescriptor,
    OnionDescriptorContent,
    OnionKey,
    PowParams,
    TimePeriod,
    make_onion_descriptor,
    subcredential,
)
from txtor.onion import _making as making
from txtor.onion._layers import INNER, OUTER, LayerKeys, client_keys

from .samples import GENUINE, GENUINE_ADDRESS, GENUINE_NOW, GENUINE_PERIOD, GENUINE_TIMING, KEY, NOW, PERIOD, point, random, slot

POINTS = [point(number) for number in (1, 2, 3)]


def replaced(data: bytes, pattern: bytes, by: bytes) -> bytes:
    """
    A text in which exactly one place was changed.
    """
    changed, count = re.subn(pattern, lambda _: by, data, count=1, flags=re.DOTALL)
    assert count == 1 and changed != data, pattern
    return changed


def signed(text: bytes, signing_key: Ed25519PrivateKey) -> bytes:
    """
    The text of a descriptor, up to its signature, signed again.
    """
    text = text[: text.index(b"\nsignature ") + 1]
    signature = base64.b64encode(signing_key.sign(b"Tor onion service descriptor sig v3" + text)).rstrip(b"=")
    return text + b"signature " + signature + b"\n"


class GenuineTests(SynchronousTestCase):
    """
    What tor 0.4.9.11 made.
    """

    def setUp(self) -> None:
        self.descriptor = OnionDescriptor.parse(GENUINE)

    def test_outside(self) -> None:
        """
        What anybody can read.
        """
        descriptor = self.descriptor
        self.assertEqual((descriptor.version, descriptor.lifetime, descriptor.revision_counter), (3, 180, 20077949))
        self.assertEqual(descriptor.descriptor_id, "/Dx5KhvvVj2VKV0mh+m7xWn7KpeMyt1VyEaoF9rFGcI")
        self.assertEqual(descriptor.signing_key_certificate.type_name, "BLINDED_ID_V_SIGNING")
        self.assertEqual(len(descriptor.superencrypted), 10048)
        self.assertEqual(bytes(descriptor), GENUINE)
        self.assertEqual(pickle.loads(pickle.dumps(descriptor)), descriptor)

    def test_decrypt(self) -> None:
        """
        Both layers, as far as the vector tells them.
        """
        content = self.descriptor.decrypt(GENUINE_ADDRESS, now=GENUINE_NOW, timing=GENUINE_TIMING)
        self.assertEqual((len(bytes(content.middle)), len(content.middle.clients)), (4508, 16))
        self.assertEqual(content.inner.pow_params.expires if content.inner.pow_params else None,
                         datetime(2026, 11, 22, 14, 54, 39, tzinfo=timezone.utc))  # fmt: skip
        self.assertEqual(content.inner.flow_control, FlowControl("1-2", 31))
        self.assertEqual(content.inner.create2_formats, (2,))
        self.assertEqual((content.inner.is_single_onion_service, content.inner.intro_auth_required), (False, None))
        self.assertEqual([each.addresses for each in content.introduction_points],
                         [("127.0.0.1:15100",), ("127.0.0.1:15002",), ("127.0.0.1:15103",)])  # fmt: skip
        self.assertEqual((content.dropped, content.authorized), ((), False))
        self.assertEqual(content.address, GENUINE_ADDRESS)

    def test_client_key_not_needed(self) -> None:
        """
        Who has a key that is not asked for reads what everybody reads.
        """
        content = self.descriptor.decrypt(
            str(GENUINE_ADDRESS), ClientAuthKey(b"\1" * 32), now=GENUINE_NOW, period=GENUINE_PERIOD
        )
        self.assertEqual((len(content.introduction_points), content.authorized), (3, False))

    def refused(self, *, data: bytes = GENUINE, **changed: object) -> errors.DocumentError:
        """
        It is refused; why.
        """
        arguments: dict[str, object] = {"address": GENUINE_ADDRESS, "now": GENUINE_NOW, "timing": GENUINE_TIMING, **changed}
        address = arguments.pop("address")
        decrypt = OnionDescriptor.parse(data).decrypt
        error: errors.VerificationFailed = self.assertRaises(errors.VerificationFailed, decrypt, address, **arguments)
        return error

    def test_other_address(self) -> None:
        """
        It is another service's. Case 122.
        """
        self.assertIn("not a descriptor of", str(self.refused(address=KEY.address)))

    def test_other_period(self) -> None:
        """
        It is of another period than was asked for, or than it is now.
        """
        self.assertIn("period", str(self.refused(period=GENUINE_PERIOD.next)))
        self.assertIn("period", str(self.refused(now=GENUINE_NOW - timedelta(minutes=8))))

    def test_expired(self) -> None:
        """
        Its certificate has expired, on the hour. Case 122.
        """
        end = datetime(2026, 11, 24, 19, tzinfo=timezone.utc)
        self.assertIn("expired", str(self.refused(now=end + timedelta(seconds=1), period=GENUINE_PERIOD)))
        OnionDescriptor.parse(GENUINE).verify(GENUINE_ADDRESS, now=end, period=GENUINE_PERIOD)

    def test_older_revision(self) -> None:
        """
        A newer one is held already; the same one may come again.
        """
        self.assertIn("older", str(self.refused(held_revision=20077950)))
        self.descriptor.verify(GENUINE_ADDRESS, now=GENUINE_NOW, timing=GENUINE_TIMING, held_revision=20077949)

    def test_arguments(self) -> None:
        """
        An address that is none, and a time without a zone.
        """
        self.assertRaises(errors.InvalidArgument, self.descriptor.verify, "x", now=GENUINE_NOW)
        self.assertRaises(errors.InvalidArgument, self.descriptor.verify, GENUINE_ADDRESS, now=datetime(2026, 11, 22))

    def test_each_bit(self) -> None:
        """
        One bit changed in certificate, revision, layers or signature, or anywhere else: refused.
        """
        for place in [*range(0, 480, 7), *range(480, len(GENUINE) - 90, 599), *range(len(GENUINE) - 90, len(GENUINE) - 1, 5)]:
            data = GENUINE[:place] + bytes([GENUINE[place] ^ 1]) + GENUINE[place + 1 :]
            try:
                descriptor = OnionDescriptor.parse(data)
                descriptor.decrypt(GENUINE_ADDRESS, now=GENUINE_NOW, timing=GENUINE_TIMING)
            except (errors.MalformedDocument, errors.VerificationFailed):
                continue
            self.fail(f"the bit at {place} may be changed: {data[place - 20 : place + 20]!r}")

    @settings(max_examples=300)
    @given(st.integers(0, len(GENUINE) - 1), st.integers(1, 255))
    def test_any_byte(self, place: int, change: int) -> None:
        """
        Any byte anywhere is another one: refused.
        """
        data = GENUINE[:place] + bytes([GENUINE[place] ^ change]) + GENUINE[place + 1 :]
        if data.rstrip(b" \n") == GENUINE.rstrip(b" \n"):
            return  # the end of the last line
        with self.assertRaises((errors.MalformedDocument, errors.VerificationFailed)):
            OnionDescriptor.parse(data).decrypt(GENUINE_ADDRESS, now=GENUINE_NOW, timing=GENUINE_TIMING)

    def test_structure(self) -> None:
        """
        Items missing, repeated, out of place, with values that are none; too many bytes; nothing at all.
        """
        certificate = re.search(rb"descriptor-signing-key-cert\n.*?-----END ED25519 CERT-----\n", GENUINE, re.DOTALL)
        assert certificate is not None
        for data in (
            b"",
            b"\0",
            GENUINE + GENUINE,
            GENUINE.replace(b"\n", b"\r\n"),
            GENUINE.replace(b"hs-descriptor 3", b"hs-descriptor 2"),
            GENUINE.replace(b"hs-descriptor 3", b"hs-descriptor 3 4"),
            GENUINE.replace(b"lifetime 180", b"lifetime 0"),
            GENUINE.replace(b"lifetime 180", b"lifetime 721"),
            GENUINE.replace(b"lifetime 180\n", b"lifetime 180\ndescriptor-lifetime 180\n"),
            GENUINE.replace(b"revision-counter 20077949", b"revision-counter -1"),
            GENUINE.replace(b"revision-counter 20077949", b"revision-counter 18446744073709551616"),
            GENUINE.replace(b"revision-counter 20077949", b"revision-counter 2_0"),
            GENUINE.replace(certificate.group(), b""),
            GENUINE.replace(b"\nsignature ", b"\nopt signature "),
            GENUINE.replace(b"\nsignature ", b"\nsignature\t"),
            GENUINE + b"more 1\n",
            replaced(GENUINE, rb"signature [^\n]*", b"signature AAAA"),
            replaced(GENUINE, rb"superencrypted\n.*-----END MESSAGE-----\n", b""),
            replaced(GENUINE, rb"hs-descriptor", b"x" * 40000 + b" 1\nhs-descriptor"),
            replaced(GENUINE, rb"superencrypted", b"x " + b"y" * 36000 + b"\nsuperencrypted"),
        ):
            self.assertRaises(errors.MalformedDocument, OnionDescriptor.parse, data)

    def test_unknown_lines(self) -> None:
        """
        A line of a newer Tor is kept and readable; it is signed like the others.
        """
        data = GENUINE.replace(b"superencrypted\n", b"novelty 5\nsuperencrypted\n")
        self.assertEqual(OnionDescriptor.parse(data).unrecognized_lines, ("novelty 5",))
        self.assertIn("signature", str(self.refused(data=data)))


class ForgedTests(SynchronousTestCase):
    """
    Descriptors that are right in all but one thing, made by who knows all keys but the service's.
    """

    def content(self, descriptor: OnionDescriptor, key: ClientAuthKey | None = None) -> OnionDescriptorContent:
        """
        Read a descriptor of the service of the vectors.
        """
        return descriptor.decrypt(KEY.address, key, now=NOW)

    def why(self, data: bytes) -> str:
        """
        Why it is refused.
        """
        return str(self.assertRaises(errors.VerificationFailed, self.content, OnionDescriptor.parse(data)))

    def made(self) -> tuple[bytes, Ed25519PrivateKey]:
        """
        A good descriptor and its signing key.
        """
        source = random(1)
        return bytes(make_onion_descriptor(KEY, POINTS, slot(), NOW, random=random(1))), Ed25519PrivateKey.from_private_bytes(
            source(32)
        )

    def test_attackers_blinded_key(self) -> None:
        """
        A descriptor that is right in itself, with a blinded key of the attacker's choice. Case 122.
        """
        attacker = OnionKey.generate()
        forged = make_onion_descriptor(attacker, POINTS, slot(), NOW)
        forged.verify(attacker.address, now=NOW)
        self.assertIn("not a descriptor of", self.why(bytes(forged)))

    def test_certificate_of_garbage(self) -> None:
        """
        The blinded key did not sign the certificate, while all else is right. Case 122.
        """
        data, signing_key = self.made()
        match = re.search(rb"-----BEGIN ED25519 CERT-----\n(.*?)-----END", data, re.DOTALL)
        assert match is not None
        certificate = base64.b64decode(match.group(1))
        for changed, why in (
            (certificate[:-64] + bytes(64), "signature"),
            (certificate[:1] + b"\4" + certificate[2:], "type"),
            (certificate[:39] + b"\0" + certificate[-64:], "does not name"),
        ):
            body = base64.encodebytes(changed).replace(b"\n", b"")
            lines = b"".join(body[at : at + 64] + b"\n" for at in range(0, len(body), 64))
            self.assertIn(why, self.why(signed(data.replace(match.group(1), lines), signing_key)))

    def test_signature(self) -> None:
        """
        Another key signed it, or nobody.
        """
        data, _ = self.made()
        self.assertIn("signature", self.why(signed(data, Ed25519PrivateKey.generate())))
        self.assertIn("signature", self.why(re.sub(rb"signature .*", b"signature " + b"A" * 86, data)))

    def test_layers(self) -> None:
        """
        One bit of salt, ciphertext or code of a layer was changed by who could sign it.
        """
        data, signing_key = self.made()
        match = re.search(rb"-----BEGIN MESSAGE-----\n(.*?)-----END", data, re.DOTALL)
        assert match is not None
        for place in (0, 15, 16, 5000, -33, -32, -1):
            blob = bytearray(base64.b64decode(match.group(1)))
            blob[place] ^= 1
            body = base64.b64encode(blob)
            lines = b"".join(body[at : at + 64] + b"\n" for at in range(0, len(body), 64))
            self.assertIn("first layer", self.why(signed(data.replace(match.group(1), lines), signing_key)))

    @settings(max_examples=150)
    @given(st.sampled_from([OUTER, INNER]), st.integers(0), st.integers(0, 7))
    def test_any_bit_of_a_layer(self, layer: bytes, place: int, bit: int) -> None:
        """
        Any bit of the encrypted layers was changed by one who could sign, and encrypt what is around: refused.
        """
        encrypt = LayerKeys.encrypt

        def changing(self: LayerKeys, text: bytes, salt: bytes, constant: bytes, cookie: bytes = b"") -> bytes:
            blob = bytearray(encrypt(self, text, salt, constant, cookie))
            if constant == layer:
                blob[place % len(blob)] ^= 1 << bit
            return bytes(blob)

        with patch.object(LayerKeys, "encrypt", changing):
            descriptor = make_onion_descriptor(KEY, POINTS, slot(), NOW, random=random(1))
        expected = errors.VerificationFailed if layer == OUTER else errors.ClientAuthorizationNeeded
        self.assertRaises(expected, self.content, descriptor)

    def with_texts(
        self,
        change_inner: Callable[[bytes], bytes] = bytes,
        change_middle: Callable[[bytes], bytes] = bytes,
        seed: int = 1,
        points: list[IntroductionPoint] = POINTS,
    ) -> OnionDescriptor:
        """
        A descriptor whose layers were changed before they were encrypted and signed.
        """
        encrypt = LayerKeys.encrypt

        def changing(self: LayerKeys, text: bytes, salt: bytes, constant: bytes, cookie: bytes = b"") -> bytes:
            return encrypt(self, (change_inner if constant == INNER else change_middle)(text), salt, constant, cookie)

        with patch.object(LayerKeys, "encrypt", changing):
            return make_onion_descriptor(KEY, points, slot(), NOW, random=random(seed))

    def malformed(self, descriptor: OnionDescriptor) -> str:
        """
        A layer breaks the grammar; how.
        """
        return str(self.assertRaises(errors.MalformedDocument, self.content, descriptor))

    def test_middle(self) -> None:
        """
        The first layer breaks the grammar, is empty, or has a type of authorization that is not known.
        """
        for before, after, why in (
            (rb"desc-auth-type x25519", b"desc-auth-type x448", "unknown type"),
            (rb"desc-auth-type x25519\n", b"", "desc-auth-type"),
            (rb"ephemeral-key [^\n]*", b"ephemeral-key AAAA", "ephemeral-key"),
            (rb"desc-auth-ephemeral-key [^\n]*\n", b"", "missing"),
            (rb"(auth-client [^\n]*\n){16}", b"", "missing"),
            (rb"auth-client [^\n]*", b"auth-client AAAA BBBB", "arguments"),
            (rb"encrypted\n.*", b"", "missing"),
            (rb"^.*$", b"\0", "empty"),
            (rb"-----BEGIN MESSAGE-----\n.*-----END", b"-----BEGIN MESSAGE-----\nAAAA\n-----END", "too few"),
        ):
            self.assertIn(why, self.malformed(self.with_texts(change_middle=lambda text: replaced(text, before, after))))

    def test_small_ephemeral_key(self) -> None:
        """
        An ephemeral key with which everybody has the same secret is refused.
        """
        zero = b"desc-auth-ephemeral-key " + base64.b64encode(bytes(32))
        descriptor = self.with_texts(change_middle=lambda text: replaced(text, rb"desc-auth-ephemeral-key [^\n]*", zero))
        error = self.assertRaises(errors.VerificationFailed, self.content, descriptor, ClientAuthKey(b"\1" * 32))
        self.assertIn("ephemeral", str(error))
        self.assertEqual(len(self.content(descriptor).introduction_points), 3)

    def test_inner(self) -> None:
        """
        The second layer breaks the grammar; two parameters of one proof of work among it.
        """
        seed = base64.b64encode(bytes(32))
        pow_line = b"pow-params v1 " + seed + b" 5 2026-11-22T14:54:39\n"
        for before, after, why in (
            (rb"create2-formats 2\n", b"", "create2-formats"),
            (rb"create2-formats 2", b"create2-formats 1 3", "ntor"),
            (rb"create2-formats 2", b"create2-formats x", "number"),
            (rb"flow-control 1-2 31", b"flow-control 1-2", "arguments"),
            (rb"flow-control 1-2 31", b"flow-control a-b 31", "flow-control"),
            (rb"flow-control 1-2 31\n", b"flow-control 1-2 31\nflow-control 1-2 31\n", "twice"),
            (rb"flow-control", pow_line + pow_line + b"flow-control", "twice"),
            (rb"flow-control", pow_line.replace(b" 5 ", b" 4294967296 ") + b"flow-control", "pow-params"),
            (rb"flow-control", pow_line.replace(b"T", b" ") + b"flow-control", "pow-params"),
            (rb"flow-control", b"pow-params v1 AAAA\nflow-control", "pow-params"),
            (rb"^.*$", b"", "too few"),
            (rb"^.*$", b"\0", "empty"),
        ):
            self.assertIn(why, self.malformed(self.with_texts(lambda text: replaced(text, before, after))))

    def test_unknown_in_layers(self) -> None:
        """
        Unknown lines of each layer, an unknown proof of work, further arguments: kept, and nothing is lost.
        """
        content = self.content(
            self.with_texts(
                lambda text: replaced(
                    text.replace(b"auth-key\n", b"gadget 7\nauth-key\n", 1),
                    rb"flow-control 1-2 31",
                    b"flow-control 1-2 31 x\npow-params v9 a b\nintro-auth-required a b\nnovelty",
                ),
                lambda text: replaced(text, rb"encrypted", b"surprise 1\nencrypted").rstrip(b"\0"),
            )
        )
        self.assertEqual(content.middle.unrecognized_lines, ("surprise 1",))
        self.assertEqual(content.inner.unrecognized_lines, ("novelty",))
        self.assertEqual(content.introduction_points[0].unrecognized_lines, ("gadget 7",))
        self.assertEqual((content.inner.pow_params, content.inner.intro_auth_required), (None, ("a", "b")))
        self.assertIn("pow-params v9 a b", [str(item) for item in content.inner.items])
        self.assertEqual(len(content.introduction_points), 3)

    def test_numbers_of_points(self) -> None:
        """
        A service may have no introduction point, or 20; 21 are refused.
        """
        self.assertEqual(self.content(make_onion_descriptor(KEY, [], slot(), NOW)).introduction_points, ())
        many = [point(number) for number in range(1, 21)]
        self.assertEqual(self.content(make_onion_descriptor(KEY, many, slot(), NOW)).introduction_points, tuple(many))
        self.assertRaises(errors.InvalidArgument, make_onion_descriptor, KEY, [*many, point(21)], slot(), NOW)
        once_more = self.with_texts(lambda text: text + text[text.index(b"\nintroduction-point") + 1 :], points=many[:11])
        self.assertIn("22 introduction points", self.malformed(once_more))

    def test_broken_point(self) -> None:
        """
        An introduction point that cannot be used is dropped with its reason; the others stay.
        """
        other = b"ntor " + base64.b64encode(point(9).enc_key)
        for before, after, why in (
            (rb"introduction-point [^\n]*", b"introduction-point AAAA", "link specifier"),
            (rb"introduction-point [^\n]*", b"introduction-point $", "base64"),
            (rb"onion-key ntor", b"onion-key rsa", "0 keys"),
            (rb"onion-key ntor [^\n]*", b"onion-key ntor AAAA", "onion-key"),
            (rb"auth-key", b"onion-key " + other + b"\nauth-key", "2 keys"),
            (rb"enc-key ntor [^\n]*", b"enc-key " + other, "another key"),
            (rb"enc-key ntor [^\n]*", b"enc-key ntor 7" + b"/" * 41 + b"8=", "enc-key"),
            (rb"auth-key\n.*?-----END ED25519 CERT-----\n", b"", "auth-key is missing"),
            (rb"enc-key-cert\n.*?-----END ED25519 CERT-----\n", b"", "enc-key-cert is missing"),
            (rb"-----BEGIN ED25519 CERT-----\n.*?-----END", b"-----BEGIN ED25519 CERT-----\nAAAA\n-----END", "certificate"),
            (rb"-----BEGIN ED25519 CERT-----\n.*?-----END", b"-----BEGIN X-----\nAAAA\n-----END", "object"),
            (rb"auth-key", b"\0", "auth-key is missing"),
        ):

            def change(text: bytes) -> bytes:
                rest, mark, last = text.rpartition(b"introduction-point ")
                return rest + replaced(mark + last, before, after)

            content = self.content(self.with_texts(change))
            self.assertEqual([each.auth_key for each in content.introduction_points], [each.auth_key for each in POINTS[:2]])
            (reason,) = content.dropped
            self.assertIn(why, str(reason))
            self.assertIn("introduction point 3", str(reason))

    def test_certificates_of_points(self) -> None:
        """
        The certificates of an introduction point are of their type, by the descriptor's signing key, and in time.
        """
        make = making._certificate

        def other_type(kind: int, key: bytes, expires: int, signer: bytes, sign: Callable[[bytes], bytes]) -> bytes:
            return make(0x0B if kind == 0x09 else kind, key, expires, signer, sign)

        def other_signer(kind: int, key: bytes, expires: int, signer: bytes, sign: Callable[[bytes], bytes]) -> bytes:
            if kind != 0x0B:
                return make(kind, key, expires, signer, sign)
            return make(kind, key, expires, KEY.public_key, KEY.sign)

        def unsigned(kind: int, key: bytes, expires: int, signer: bytes, sign: Callable[[bytes], bytes]) -> bytes:
            return make(kind, key, expires, signer, (lambda text: bytes(64)) if kind == 0x09 else sign)

        def past(kind: int, key: bytes, expires: int, signer: bytes, sign: Callable[[bytes], bytes]) -> bytes:
            return make(kind, key, expires - 60 if kind == 0x09 else expires, signer, sign)

        def swapped(kind: int, key: bytes, expires: int, signer: bytes, sign: Callable[[bytes], bytes]) -> bytes:
            return make(kind, POINTS[0].auth_key if kind == 0x0B else key, expires, signer, sign)

        def unnamed(kind: int, key: bytes, expires: int, signer: bytes, sign: Callable[[bytes], bytes]) -> bytes:
            good = make(kind, key, expires, signer, sign)
            return good if kind != 0x0B else good[:39] + b"\0" + sign(good[:39] + b"\0")

        def no_key(kind: int, key: bytes, expires: int, signer: bytes, sign: Callable[[bytes], bytes]) -> bytes:
            return make(kind, b"\1" + bytes(31) if kind == 0x09 else key, expires, signer, sign)

        for wrong, why in ((other_type, "type"), (unnamed, "does not name"), (no_key, "no key"),
                           (other_signer, "another signing key"), (unsigned, "signature"),
                           (past, "expired"), (swapped, "another key")):  # fmt: skip
            with patch.object(making, "_certificate", wrong):
                content = self.content(make_onion_descriptor(KEY, POINTS, slot(), NOW))
            self.assertEqual((content.introduction_points, len(content.dropped)), ((), 3))
            self.assertIn(why, str(content.dropped[0]))

    @settings(max_examples=60)
    @given(st.data())
    def test_any_inner(self, draw: st.DataObject) -> None:
        """
        Whatever a service puts into its layers, reading them gives a value or the declared error.
        """
        lines = st.sampled_from(
            [b"create2-formats 2", b"introduction-point AQAGfwAAASMp", b"onion-key ntor A", b"auth-key", b"enc-key ntor",
             b"-----BEGIN ED25519 CERT-----", b"-----END ED25519 CERT-----", b"pow-params v1", b"@x", b"", b"flow-control 1 1",
             b"introduction-point", b"single-onion-service"]
        )  # fmt: skip
        text = draw.draw(st.one_of(st.binary(max_size=80), st.lists(lines, max_size=12).map(b"\n".join)))
        middle = draw.draw(st.booleans())
        descriptor = self.with_texts(bytes if middle else lambda _: text, (lambda _: text or b"x") if middle else bytes)
        try:
            self.content(descriptor)
        except errors.DocumentError:
            pass


class AuthorizationTests(SynchronousTestCase):
    """
    Descriptors for certain clients.
    """

    def test_clients(self) -> None:
        """
        A client that is let in reads the points; another is not accepted; without a key one is needed. Case 104.
        """
        clients = [ClientAuthKey(bytes([number]) * 32) for number in range(1, 4)]
        descriptor = make_onion_descriptor(KEY, POINTS, slot(), NOW, clients=[each.public_key for each in clients])
        for client in clients:
            content = descriptor.decrypt(KEY.address, client, now=NOW)
            self.assertEqual((content.introduction_points, content.authorized), (tuple(POINTS), True))
            self.assertEqual(len(content.middle.clients), 16)
        error = self.assertRaises(
            errors.ClientKeyNotAccepted, descriptor.decrypt, KEY.address, ClientAuthKey(b"\7" * 32), now=NOW
        )
        self.assertIn("not accepted", str(error))
        self.assertIsInstance(error, errors.VerificationFailed)
        error = self.assertRaises(errors.ClientAuthorizationNeeded, descriptor.decrypt, KEY.address, now=NOW)
        self.assertIn("client authorization", str(error))
        self.assertIsInstance(error, errors.CannotVerify)
        self.assertEqual(descriptor.lifetime, 180)

    def test_hidden_number(self) -> None:
        """
        The number of clients is hidden in a multiple of 16, and their places are not told by their order.
        """
        clients = [ClientAuthKey(bytes([number]) * 32).public_key for number in range(1, 18)]
        places = set()
        for seed in range(4):
            descriptor = make_onion_descriptor(KEY, [], slot(), NOW, clients=clients, random=random(seed))
            content = descriptor.decrypt(KEY.address, ClientAuthKey(b"\1" * 32), now=NOW)
            self.assertEqual(len(content.middle.clients), 32)
            keys = {each.client_id: place for place, each in enumerate(content.middle.clients)}
            blinded = KEY.blind(PERIOD).public_key
            seed_bytes = ClientAuthKey(b"\1" * 32).exchange(content.middle.ephemeral_key)
            places.add(keys[client_keys(subcredential(KEY.public_key, blinded), seed_bytes)[0]])
        self.assertGreater(len(places), 1)


class MakingTests(SynchronousTestCase):
    """
    Descriptors that txtor makes. On what tor says to them see the tests on a real Tor.
    """

    def test_shape(self) -> None:
        """
        One that txtor makes of the same service is as long as tor's, line by line; its first layer is padded before it is
        encrypted. Case 123.
        """
        content = OnionDescriptor.parse(GENUINE).decrypt(GENUINE_ADDRESS, now=GENUINE_NOW, timing=GENUINE_TIMING)
        terms = DescriptorTerms(pow_params=content.inner.pow_params)
        ours = make_onion_descriptor(KEY, content.introduction_points, slot(), NOW, terms=terms, revision=12345678)
        self.assertEqual(len(bytes(ours)), len(GENUINE))
        self.assertEqual([(item.keyword, len(bytes(item))) for item in ours.items],
                         [(item.keyword, len(bytes(item))) for item in OnionDescriptor.parse(GENUINE).items])  # fmt: skip
        self.assertEqual(len(ours.superencrypted), 10_048)
        again = ours.decrypt(KEY.address, now=NOW)
        self.assertEqual([(item.keyword, len(bytes(item))) for item in again.middle.items],
                         [(item.keyword, len(bytes(item))) for item in content.middle.items])  # fmt: skip
        self.assertEqual(bytes(again.inner), bytes(content.inner))
        self.assertEqual(again.introduction_points, content.introduction_points)

    def test_padding(self) -> None:
        """
        A first layer of more than 10,000 bytes is padded to 20,000. Case 123.
        """
        many = [point(number) for number in range(1, 13)]
        descriptor = make_onion_descriptor(KEY, many, slot(), NOW)
        self.assertEqual(len(descriptor.superencrypted), 20_048)
        keys = LayerKeys(descriptor.blinded_key or b"", subcredential(KEY.public_key, descriptor.blinded_key or b""),
                         descriptor.revision_counter)  # fmt: skip
        self.assertIsNotNone(keys.decrypt(descriptor.superencrypted, OUTER))

    def test_terms(self) -> None:
        """
        What a descriptor says beside its points, and what it cannot say.
        """
        pow_params = PowParams(b"s" * 32, 77, datetime(2026, 11, 22, tzinfo=timezone.utc))
        terms = DescriptorTerms(60, True, None, pow_params)
        descriptor = make_onion_descriptor(KEY, POINTS, slot(), NOW, terms=terms)
        inner = descriptor.decrypt(KEY.address, now=NOW).inner
        self.assertEqual((descriptor.lifetime, inner.is_single_onion_service, inner.flow_control, inner.pow_params),
                         (60, True, None, pow_params))  # fmt: skip
        for bad in (
            DescriptorTerms(0),
            DescriptorTerms(721),
            DescriptorTerms(flow_control=FlowControl("1\nx", 31)),
            DescriptorTerms(flow_control=FlowControl("1-2", 0)),
            DescriptorTerms(pow_params=PowParams(b"", 1, NOW)),
            DescriptorTerms(pow_params=PowParams(b"s" * 32, -1, NOW)),
            DescriptorTerms(pow_params=PowParams(b"s" * 32, 1, datetime(2026, 1, 1))),
        ):
            self.assertRaises(errors.InvalidArgument, make_onion_descriptor, KEY, POINTS, slot(), NOW, terms=bad)

    def test_revision(self) -> None:
        """
        The revision grows with the time, as Tor's does; another may be given.
        """
        first = make_onion_descriptor(KEY, [], slot(), NOW)
        second = make_onion_descriptor(KEY, [], slot(), NOW + timedelta(seconds=1))
        self.assertLess(first.revision_counter, second.revision_counter)
        self.assertEqual(make_onion_descriptor(KEY, [], slot(), NOW, revision=7).revision_counter, 7)
        for revision in (-1, 2**64):
            self.assertRaises(errors.InvalidArgument, make_onion_descriptor, KEY, [], slot(), NOW, revision=revision)

    def test_certificates(self) -> None:
        """
        The certificates live for 54 hours, from the next full hour on, and each descriptor has a signing key of its own.
        """
        first, second = (make_onion_descriptor(KEY, POINTS, slot(), NOW) for _ in range(2))
        self.assertEqual(first.signing_key_certificate.expires, datetime(2016, 4, 15, 18, tzinfo=timezone.utc))
        self.assertNotEqual(first.signing_key_certificate.key, second.signing_key_certificate.key)

    def test_too_many_clients(self) -> None:
        """
        A descriptor has a greatest length.
        """
        clients = [ClientAuthKey(number.to_bytes(32, "big")).public_key for number in range(1, 600)]
        self.assertRaises(errors.InvalidArgument, make_onion_descriptor, KEY, POINTS, slot(), NOW, clients=clients)

    @settings(max_examples=15)
    @given(st.binary(min_size=32, max_size=32), st.integers(0, 2**33), st.integers(0, 5), st.integers(0, 40))
    def test_round_trip(self, seed: bytes, when: int, points: int, clients: int) -> None:
        """
        A descriptor of any key, time, points and clients is read as it was made.
        """
        now = datetime(1971, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=when)
        key, place = OnionKey.from_seed(seed), slot(now)
        members = [ClientAuthKey(number.to_bytes(32, "big")) for number in range(1, clients + 1)]
        own = [point(number) for number in range(1, points + 1)]
        made = make_onion_descriptor(key, own, place, now, clients=[each.public_key for each in members], random=random())
        content = OnionDescriptor.parse(bytes(made)).decrypt(key.address, members[-1] if members else None, now=now)
        self.assertEqual((content.introduction_points, content.authorized), (tuple(own), bool(members)))
        other_period = TimePeriod(place.period.number + 1)
        self.assertRaises(errors.VerificationFailed, made.verify, key.address, now=now, period=other_period)
