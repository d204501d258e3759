"""
Tests for ``txtor.directory._document``, ``_fields`` and ``_cuts``.
"""

from __future__ import annotations

import hashlib
import pickle
from datetime import datetime, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Annotation, Document, Item, fields, rules
from txtor.directory import encoding as small
from txtor.errors import InvalidArgument, MalformedDocument


class Note(Document):
    """
    A kind of document that exists in these tests alone.
    """

    __slots__ = ()

    grammar = rules.Grammar(
        "note",
        "test-spec 2",
        {
            "note": rules.once(1),
            "time": rules.maybe(2),
            "number": rules.any_number(1),
            "extra": rules.maybe(),
            "flag": rules.maybe(),
        },
        {0: "note"},
    )

    name = fields.required("note", lambda item: item.arguments[0])
    time = fields.optional("time", lambda item: small.time(item.text))
    numbers = fields.repeated("number", lambda item: small.integer(item.arguments[0]))
    extra = fields.optional("extra", lambda item: small.integer(item.text), checked=False)
    flag = fields.present("flag")


GOOD = b"note a\ntime 2026-11-22 13:00:00\nnumber 1\nnumber 2\nstrange thing\nflag\n"


class DocumentTests(SynchronousTestCase):
    """
    A document and its fields.
    """

    def test_fields(self) -> None:
        """
        Fields give the values of their keywords.
        """
        note = Note.parse(GOOD)
        self.assertEqual(note.name, "a")
        self.assertEqual(note.time, datetime(2026, 11, 22, 13, tzinfo=timezone.utc))
        self.assertEqual(note.numbers, (1, 2))
        self.assertTrue(note.flag)
        self.assertIsNone(note.extra)

    def test_absent(self) -> None:
        """
        What is absent is ``None``, empty or false.
        """
        note = Note.parse(b"note a\n")
        self.assertEqual((note.time, note.numbers, note.flag), (None, (), False))

    def test_read_once(self) -> None:
        """
        A value is read when it is asked for, and kept.
        """
        note = Note(GOOD)
        self.assertIs(note.time, note.time)

    def test_frozen(self) -> None:
        """
        A field cannot be set, and a document takes no other attributes.
        """
        note = Note(GOOD)
        with self.assertRaises(AttributeError):
            note.name = "b"
        with self.assertRaises(AttributeError):
            note.other = "b"  # type: ignore[attr-defined]

    def test_field_of_the_class(self) -> None:
        """
        Asked of the class, a field is itself and knows its keyword.
        """
        self.assertEqual((Note.name.keyword, Note.name.name), ("note", "name"))

    def test_parse_checks_values(self) -> None:
        """
        ``parse`` refuses a value that cannot be read, and says in which line; what is only cut refuses it when it is read.
        """
        data = GOOD.replace(b"number 2", b"number two")
        error = self.assertRaises(MalformedDocument, Note.parse, data)
        self.assertEqual((error.document, error.line, error.section), ("note", 4, "test-spec 2"))
        self.assertEqual(error.rule, "number: not a number: 'two'")
        note = Note(data)
        self.assertEqual(note.name, "a")
        with self.assertRaises(MalformedDocument):
            _ = note.numbers

    def test_parse_checks_structure(self) -> None:
        """
        A structure that is wrong makes every attribute unreadable; the items stay readable.
        """
        note = Note(GOOD + b"flag\n")
        with self.assertRaises(MalformedDocument):
            _ = note.name
        self.assertEqual(note.items[-1].keyword, "flag")

    def test_unchecked(self) -> None:
        """
        A field that tor does not look at spoils nothing but itself.
        """
        note = Note.parse(GOOD + b"extra many\n")
        with self.assertRaises(MalformedDocument):
            _ = note.extra
        self.assertEqual(note.items[-1].text, "many")

    def test_parse_wants_one(self) -> None:
        """
        ``parse`` takes exactly one document.
        """
        for data in [b"", b"\n", GOOD + GOOD, b"other\n", b"@type note 1.0\n"]:
            self.assertRaises(MalformedDocument, Note.parse, data)

    def test_items(self) -> None:
        """
        Items tell where they stand, annotations above them included.
        """
        note = Note.parse(b"@type note 1.0\n\n" + GOOD)
        item = note.items[1]
        self.assertEqual((item.keyword, item.line), ("time", 4))
        self.assertEqual(bytes(note)[item.start : item.end], bytes(item))
        self.assertEqual(note.item_at(1), item)
        self.assertEqual(b"".join(map(bytes, note.items)), note.content)

    def test_unrecognized(self) -> None:
        """
        Case 129: what txtor does not know is kept in order, objects included.
        """
        note = Note.parse(GOOD + b"newer\n-----BEGIN X-----\nAQID\n-----END X-----\n")
        self.assertEqual(note.unrecognized_lines, ("strange thing", "newer\n-----BEGIN X-----\nAQID\n-----END X-----"))

    def test_annotations(self) -> None:
        """
        Case 127: annotations are kept, unknown ones too, and are no part of the document.
        """
        note = Note.parse(b"@type note 1.0\n@new-word\n" + GOOD + b"\n\n")
        self.assertEqual(note.annotations, (Annotation("type", "note 1.0"), Annotation("new-word", "")))
        self.assertEqual(note.content, GOOD)
        self.assertEqual(bytes(note), b"@type note 1.0\n@new-word\n" + GOOD + b"\n\n")
        self.assertEqual(Note(GOOD).annotations, ())

    def test_normalize(self) -> None:
        """
        Case 127: a document that was converted to CR LF is refused, or normalised when that is asked for.
        """
        converted = GOOD.replace(b"\n", b"\r\n")
        error = self.assertRaises(MalformedDocument, Note.parse, converted)
        self.assertIn("CRLF", error.rule)
        self.assertEqual(bytes(Note.parse(converted, normalize=True)), GOOD)

    def test_digest(self) -> None:
        """
        A digest is over the document with one line end at its end, in three encodings.
        """
        for raw in [GOOD, GOOD[:-1], b"@type note 1.0\n" + GOOD + b"\n"]:
            self.assertEqual(Note(raw).digest(), hashlib.sha1(GOOD).hexdigest().upper())
        note = Note(GOOD)
        self.assertEqual(note.digest("sha256", encoding="raw"), hashlib.sha256(GOOD).digest())
        self.assertEqual(note.digest("sha3-256", "base64"), small.unpadded(hashlib.sha3_256(GOOD).digest()))
        self.assertRaises(InvalidArgument, note.digest, "md5")
        self.assertRaises(InvalidArgument, note.digest, "sha1", "octal")

    def test_value(self) -> None:
        """
        Documents are equal when their bytes are, can be keys, and can be pickled for another process.
        """
        note = Note(GOOD)
        self.assertEqual(note.name, "a")
        self.assertEqual(note, Note(GOOD))
        self.assertNotEqual(note, Note(GOOD + b"\n"))
        self.assertNotEqual(note, GOOD)
        self.assertEqual(len({note, Note(GOOD)}), 1)
        self.assertEqual(pickle.loads(pickle.dumps(note)).numbers, (1, 2))
        self.assertIn("Note", repr(note))


class ParseManyTests(SynchronousTestCase):
    """
    Texts of many documents.
    """

    def test_concatenated(self) -> None:
        """
        Documents stand one behind another, each with its annotations and the blank lines behind it; nothing is lost.
        """
        parts = [GOOD, b"@type note 1.0\n\nnote b\n\n\n", b"@source x\n@type y\nnote c\n", b"note d"]
        found = list(Note.parse_many(b"".join(parts)))
        self.assertEqual(list(map(bytes, filter(None, found))), parts)  # type: ignore[arg-type]

    def test_one_is_broken(self) -> None:
        """
        Case 19 of the documents, case 128: one of many that is broken is reported with its place, and the next one is read.
        """
        parts = [b"note %d\nnumber %d\n" % (n, n) for n in range(100)]
        parts[49] = b"note 49\nnumber 49\nnumber x\n"
        found = list(Note.parse_many(b"".join(parts)))
        (error,) = [one for one in found if isinstance(one, MalformedDocument)]
        self.assertEqual((found.index(error), error.line), (49, 49 * 2 + 3))
        self.assertEqual(len([one for one in found if isinstance(one, Note)]), 99)

    def test_places_of_several(self) -> None:
        """
        Each of several errors has its own place in the whole text.
        """
        found = list(Note.parse_many(b"rubbish\nnote\nnote a\nnote b\nnumber\n@only an annotation\n"))
        lines = [one.line for one in found if isinstance(one, MalformedDocument)]
        self.assertEqual(lines, [1, 2, 5, 6])

    def test_unchecked(self) -> None:
        """
        Without checks, documents are only cut: what is broken is told when it is read.
        """
        first, second = Note.parse_many(b"note\nnote b\n", check=False)
        assert isinstance(first, Note) and isinstance(second, Note)
        self.assertEqual(second.name, "b")
        with self.assertRaises(MalformedDocument):
            _ = first.name

    def test_nothing(self) -> None:
        """
        Where there is nothing there are no documents, and no error.
        """
        for data in [b"", b"\n", b"\n\n\n"]:
            self.assertEqual(list(Note.parse_many(data)), [])

    def test_annotations_alone(self) -> None:
        """
        Annotations without a document are one error and no document.
        """
        (error,) = Note.parse_many(b"@a b\n@c d\n")
        assert isinstance(error, MalformedDocument)
        self.assertIn("does not begin with note", error.rule)

    def test_longer_keyword(self) -> None:
        """
        A keyword that begins like the first one begins no document.
        """
        (note,) = Note.parse_many(b"note a\nnote-worthy b\nnotes c\n")
        assert isinstance(note, Note)
        self.assertEqual(note.unrecognized_lines, ("note-worthy b", "notes c"))

    def test_tab(self) -> None:
        """
        A tab behind the first keyword is as good as a space.
        """
        self.assertEqual(len(list(Note.parse_many(b"note a\nnote\tb\n"))), 2)

    @settings(max_examples=200)
    @given(
        st.lists(
            st.sampled_from([b"note a\n", b"note\n", b"@x y\n", b"\n", b"number 1\n", b"number x\n", b"noted\n", b"?\n", b"\0"]),
            max_size=12,
        )
    )
    def test_every_mixture(self, parts: list[bytes]) -> None:
        """
        Pieces in any order give documents and errors with places inside the text, and the pieces that are cut are the text.
        """
        data = b"".join(parts)
        cut = [one for one in Note.parse_many(data, check=False) if isinstance(one, Note)]
        self.assertEqual(b"".join(map(bytes, cut)), data if data.strip(b"\n") else b"")
        found = list(Note.parse_many(data))
        self.assertEqual(len(found), len(cut))
        for one in found:
            if isinstance(one, Note):
                self.assertTrue(one.name)
            else:
                self.assertTrue(1 <= (one.line or 1) <= data.count(b"\n") + 1)

    def test_types(self) -> None:
        """
        What comes is a document or an error, and items are items.
        """
        (note,) = Note.parse_many(GOOD)
        assert isinstance(note, Note)
        self.assertIsInstance(note.items[0], Item)
