"""
Tests of CONF_CHANGED.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.events import ConfChangedEvent, event_from_reply
from txtor.grammar import Reply, ReplyLine, quote_cstring

from . import sample


def changed(*lines: str) -> dict[str, list[str] | None]:
    """
    What a CONF_CHANGED of some lines says.
    """
    event = event_from_reply(Reply([ReplyLine(650, line) for line in ("CONF_CHANGED", *lines)]))
    assert isinstance(event, ConfChangedEvent)
    return event.changed


class ConfChangedTests(SynchronousTestCase):
    """
    CONF_CHANGED.
    """

    def test_values(self) -> None:
        """
        Case 46: an option alone is unset, one that comes several times is a list, in order.
        """
        self.assertEqual(
            changed("ExitNodes", "SocksPort=9050", "Nickname=", "SocksPort=9052 IsolateDestPort", "OK"),
            {"ExitNodes": None, "SocksPort": ["9050", "9052 IsolateDestPort"], "Nickname": [""]},
        )

    def test_quoted(self) -> None:
        """
        Cases 17 and 46: a value is unescaped if it begins with a quote, and stays as it is otherwise.
        """
        self.assertEqual(
            changed(r'A="Ren\303\251 #"', r'A=a "q" \ b', r"A= it's ", "OK"),
            {"A": ["René #", 'a "q" \\ b', " it's "]},
        )

    def test_both(self) -> None:
        """
        An option that is named alone and with a value has the value.
        """
        self.assertEqual(changed("A", "A=1", "B=1", "B", "OK"), {"A": ["1"], "B": ["1"]})

    def test_closing_line(self) -> None:
        """
        Case 38: the closing line has no option; an option of that name, and a last line that says something, are not lost.
        """
        self.assertEqual(changed("OK"), {})
        self.assertEqual(changed("OK", "A=1", "OK"), {"OK": None, "A": ["1"]})
        self.assertEqual(changed("A=1", "B=2"), {"A": ["1"], "B": ["2"]})
        self.assertEqual(changed(), {})

    def test_genuine(self) -> None:
        """
        What a Tor sent.
        """
        (event,) = [event for event in map(event_from_reply, sample.events()) if isinstance(event, ConfChangedEvent)]
        self.assertEqual(event.changed, {"ContactInfo": ['hello "x" # y']})
        self.assertEqual(str(event), r'ContactInfo="hello \"x\" # y"')
        self.assertEqual(repr(event), "<ConfChangedEvent>")

    def test_own_dict(self) -> None:
        """
        Case 21: a caller may change what it was given.
        """
        event = ConfChangedEvent(Reply([ReplyLine(650, "CONF_CHANGED"), ReplyLine(650, "A=1"), ReplyLine(650, "OK")]))
        values = event.changed["A"]
        assert values is not None
        values.append("2")
        self.assertEqual(event.changed, {"A": ["1"]})

    @given(st.lists(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10), min_size=1))
    def test_round_trip(self, values: list[str]) -> None:
        """
        Quoted values come back, whatever they are.
        """
        self.assertEqual(changed(*[f"A={quote_cstring(value)}" for value in values], "OK"), {"A": values})
