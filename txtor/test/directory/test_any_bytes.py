"""
        Any bytes at all, in the place of the documents of relays and authorities: a value, or the one declared error.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    Document,
    ExtraInfo,
    KeyCertificate,
    Microdescriptor,
    ServerDescriptor,
    make_extra_info,
    make_key_certificate,
    make_microdescriptor,
    make_server_descriptor,
)
from txtor.errors import DocumentError, MalformedDocument
from txtor.test.directory.keys import relay_keys, rsa_key
from txtor.test.directory.samples import NOW
from txtor.test.directory.test_extra_info import LINES

EXTRA_INFO = make_extra_info(relay_keys(), nickname="test", published=NOW, lines=LINES)
DESCRIPTOR = make_server_descriptor(
    relay_keys(),
    nickname="test",
    address="127.0.0.1",
    or_port=9001,
    published=NOW,
    extra_info=EXTRA_INFO,
    exit_policy=["accept 1.2.3.0/24:80-90", "reject *:*"],
    lines=[
        "contact x",
        "family $00459AF0E9DED00E54A48B268126679F578F695A nick",
        "or-address [::1]:9001",
        "overload-general 1 2026-11-22 12:00:00",
        "ipv6-policy accept 80,443",
        "read-history 2026-11-22 12:00:00 (900 s) 1,2",
        "bridge-distribution-request moat",
    ],
)
CERTIFICATE = make_key_certificate(
    rsa_key(1024), rsa_key(1024, 1), published=NOW, expires=NOW + timedelta(days=9), address="127.0.0.1:80"
)
DOCUMENTS: list[Document] = [EXTRA_INFO, DESCRIPTOR, CERTIFICATE, make_microdescriptor(DESCRIPTOR)]

#: Bytes that mean something to one parser or another.
TELLING = [b"", b"\n", b"\r", b"\0", b" ", b"\t", b"-", b"@", b"=", b"%", b",", b"0", b"9" * 30, b"\xff", b"A", b"/"]
TELLING += [b"-----", b"opt "]


def mutated(data: st.DataObject, content: bytes) -> bytes:
    """
    A document with a few places replaced by something else.
    """
    changed = content
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        size = data.draw(st.sampled_from([0, 1, 1, 2, 8, 70]))
        changed = changed[:place] + data.draw(st.sampled_from(TELLING) | st.binary(max_size=3)) + changed[place + size :]
    return changed


def judge(document: Document) -> None:
    """
    Verify a document of any kind.
    """
    if isinstance(document, ExtraInfo):
        document.verify(DESCRIPTOR, now=NOW)
    elif isinstance(document, Microdescriptor):
        document.verify(DOCUMENTS[3].digest("sha256", encoding="raw"))
    else:
        assert isinstance(document, (ServerDescriptor, KeyCertificate))
        document.verify(now=NOW)


class AnyBytesTests(SynchronousTestCase):
    """
    Documents that something happened to.
    """

    @settings(max_examples=400)
    @given(st.data())
    def test_attributes(self, data: st.DataObject) -> None:
        """
        Every attribute of every document can be read or raises the one declared error.
        """
        original = data.draw(st.sampled_from(DOCUMENTS))
        kind = type(original)
        document = kind(mutated(data, original.content))
        for name in dir(kind):
            if name.startswith("_") or callable(getattr(kind, name)):
                continue
            try:
                getattr(document, name)
            except MalformedDocument as error:
                self.assertTrue(1 <= (error.line or 1) <= document.raw.count(b"\n") + 1)

    @settings(max_examples=300)
    @given(st.data())
    def test_verification(self, data: st.DataObject) -> None:
        """
        A document that verifies says what the original says, whatever happened to its bytes.
        """
        original = data.draw(st.sampled_from(DOCUMENTS))
        document = type(original)(mutated(data, original.content))
        try:
            judge(document)
        except DocumentError:
            return
        self.assertEqual(document.signed_range(), original.signed_range())

    @settings(max_examples=200)
    @given(st.data())
    def test_many(self, data: st.DataObject) -> None:
        """
        In a text of many documents of which one was changed, the others are read.
        """
        original = data.draw(st.sampled_from(DOCUMENTS))
        content = original.content
        found = list(type(original).parse_many(content + mutated(data, content) + b"\n" + content))
        self.assertEqual(found[-1], original)
        for one in found:
            self.assertIsInstance(one, (type(original), MalformedDocument))
