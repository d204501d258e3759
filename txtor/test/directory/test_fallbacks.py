# -*- test-case-name: txtor.test.directory.test_fallbacks -*-
"""
The list of fallback directories.
"""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import FallbackList
from txtor.errors import MalformedDocument

A, B = "A" * 40, "B" * 40
TEXT = f"""/* type=fallback */
/* version=4.0.0 */
/* timestamp=20210412000000 */
//
// Generated on: Thu, 07 Apr 2022 12:57:54 +0000

"192.0.2.21 orport=443 id={A}"
" ipv6=[2001:db8::92]:443"
/* nickname=One */
/* extrainfo=0 */
/* ===== */
,
"192.0.2.22:80 orport=9001 id={B}"
/* several
   lines */
/* nickname=Two */
/* ===== */
""".encode()


class FallbackListTests(SynchronousTestCase):
    """
    C strings between comments.
    """

    def test_entries(self) -> None:
        """
        Version 4: no directory port, and no separator behind the header.
        """
        document = FallbackList.parse(TEXT)
        self.assertEqual(dict(document.header), {"type": "fallback", "version": "4.0.0", "timestamp": "20210412000000"})
        first, second = document.entries
        self.assertEqual((first.address, first.dir_port, first.or_port, first.fingerprint), ("192.0.2.21", 0, 443, A))
        self.assertEqual((first.ipv6, dict(first.keywords)), (("2001:db8::92", 443), {"nickname": "One", "extrainfo": "0"}))
        self.assertEqual((second.dir_port, second.ipv6, second.keywords["nickname"]), (80, None, "Two"))
        self.assertEqual(bytes(document), TEXT)

    def test_separator_behind_header(self) -> None:
        """
        Version 2 and 3: a separator ends the header, and an entry may be without its own.
        """
        text = f'/* type=fallback */\n/* ===== */\n/* nickname=One */\n"192.0.2.1:80 orport=1 id={A}"\n'
        document = FallbackList.parse(text.encode())
        self.assertEqual((dict(document.header), document.entries[0].keywords["nickname"]), ({"type": "fallback"}, "One"))

    def test_refused(self) -> None:
        """
        What is neither comment nor string, and an entry that lacks something, is told with its line.
        """
        for old, new in (
            (b"/* several", b"several"), (b'id=BB', b'id="BB'), (b"orport=9001", b"orport=0"),
            (b"orport=9001 ", b""), (b"192.0.2.22:80", b"[::1]"), (b"id=BB", b"id=B"), (b"orport=9001", b"orport=1 orport=2"),
        ):  # fmt: skip
            with self.assertRaises(MalformedDocument) as caught:
                FallbackList.parse(TEXT.replace(old, new))
            self.assertGreaterEqual(caught.exception.line or 0, 13)

    @settings(max_examples=100)
    @given(st.integers(0, len(TEXT) - 1), st.sampled_from([b"", b"/*", b"*/", b'"', b"=====", b"\n", b"\0", b"\xff", b",", b":"]))
    def test_any_change(self, place: int, new: bytes) -> None:
        """
        With bytes changed it is a list or the declared error.
        """
        data = TEXT[:place] + new + TEXT[place + 1 :]
        with contextlib.suppress(MalformedDocument):
            self.assertEqual(bytes(FallbackList.parse(data)), data)
