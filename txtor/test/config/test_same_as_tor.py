# -*- test-case-name: txtor.test.config.test_same_as_tor -*-
"""
What the configuration refuses before it is sent, a real Tor refuses as well; what it takes, Tor takes, and for the same value.
"""

from __future__ import annotations

from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from txtor.commands import SetConf
from txtor.config._kinds import kind_of
from txtor.config._units import BYTES, MILLISECONDS, SECONDS
from txtor.errors import InvalidArgument, TorRefused

from .test_on_tor import ConfigTestCase

INT_MAX = 2**31 - 1

#: How many texts are tried for each type.
EXAMPLES = 150

BLANKS = st.sampled_from(["", "", " ", "\t", "  "])
EDGES = [
    *[str(2**bits + more) for bits in (31, 32, 63, 64) for more in (-1, 0, 1)],
    *["007", "+5", "+ 5", "0x10", "1e3", "1_0", "٣", "1.5", "1.", ".5", "+.5", "-1.5", "1.0000001", "5 5", "5,", "--5", "."],
]
DIGITS = st.integers(-(2**65), 2**65).map(str) | st.integers(-9, 99).map(str) | st.sampled_from(EDGES)
WORDS = st.text(st.sampled_from("0123456789 .-+eExautosTRUEfl\tKMGBb"), max_size=8)


def padded(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """
    Texts with blanks around them.
    """
    return st.tuples(BLANKS, texts, BLANKS).map("".join)


def quantities(*units: str) -> st.SearchStrategy[str]:
    """
    Numbers with units, those that Tor knows and others.
    """
    return st.tuples(DIGITS, BLANKS, st.sampled_from([*units, "parsec", "k"])).map("".join)


TRUTHS = st.sampled_from(["0", "1", "2", "-1", "true", "TRUE", "False", "yes", "on", "auto", "AUTO", "Auto", "autos", "01", ""])
FLOATS = st.one_of(st.floats(-1e9, 1e9).map(lambda number: format(number, "f")), st.sampled_from(["1e5", "0x1p3", "5e-1"]))
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)

#: By option, texts to try. Tor sets no bounds to these options but those of their types.
OPTIONS = {
    "AvoidDiskWrites": padded(TRUTHS | WORDS),
    "ConnectionPadding": padded(TRUTHS | WORDS),
    "DoSConnectionConnectRate": padded(DIGITS | WORDS),
    "PathBiasCircThreshold": padded(DIGITS | WORDS),
    "CircuitPriorityHalflife": padded(DIGITS | FLOATS | WORDS),
    "SSLKeyLifetime": padded(DIGITS | quantities(*SECONDS) | WORDS),
    "MaxOnionQueueDelay": padded(DIGITS | quantities(*MILLISECONDS) | WORDS),
    "MaxUnparseableDescSizeToLog": padded(DIGITS | quantities(*BYTES) | WORDS),
    "TrackHostExits": PLAIN | st.lists(PLAIN, max_size=3).map(",".join),
    "ContactInfo": PLAIN,
    "DirPortFrontPage": PLAIN,
}


def collect(texts: st.SearchStrategy[str]) -> list[str]:
    """
    Texts, each once. They are sent all together: Hypothesis cannot wait for a Tor.
    """
    found: dict[str, None] = {}

    @settings(max_examples=EXAMPLES, database=None, phases=[Phase.generate])
    @given(texts)
    def add(text: str) -> None:
        found[text] = None

    add()
    return list(found)


class SameAsTorTests(ConfigTestCase):
    """
    Each type of options.
    """

    async def tor_has(self, option: str, *lines: str | None) -> Any:
        """
        What Tor makes of some lines, read as the configuration reads it, or `InvalidArgument` where it refuses them.
        """
        setting = self.protocol.send(SetConf([(option, line) for line in lines]))
        asking = self.protocol.get_conf_list(option)
        try:
            await setting
        except TorRefused:
            return InvalidArgument
        finally:
            told = await asking
        return kind_of(option, self.config.get_type(option)).read(option, [line for line in told if line])

    async def test_types(self) -> None:
        """
        What is taken is taken by Tor, in the form in which it is sent, for the value that is meant; what is refused is refused by
        Tor as well. An empty text clears an option of Tor's, and is no value here: `TorConfig.reset` is there for that.
        """
        differing = []
        for option, texts in OPTIONS.items():
            kind = kind_of(option, self.config.get_type(option))
            taken = 0
            for text in [*EDGES, *collect(texts)]:
                try:
                    meant = kind.write(option, text)
                except InvalidArgument:
                    if text.strip() and not (kind.name == "DataSize" and text.strip().startswith("-")):
                        has = await self.tor_has(option, text)
                        if has is not InvalidArgument:
                            differing.append((option, text, "refused", has))
                    continue
                taken += 1
                has = await self.tor_has(option, *[line for _, line in kind.pairs(option, meant)])
                if kind.name == "Integer" and meant > INT_MAX:
                    self.assertIs(has, InvalidArgument)  # Tor calls a type of 31 bits so, and one of 64: only it can tell
                elif has != (round(meant, 6) if isinstance(meant, float) else meant):  # Tor tells six places
                    differing.append((option, text, meant, has))
            self.assertGreater(taken, 5, option)
        self.assertEqual(differing, [])

    async def test_size_below_nothing(self) -> None:
        """
        Tor reads a size as strtoull(3) does, and takes some that are below zero for huge ones. txtor refuses what nobody means.
        """
        option, text = "MaxUnparseableDescSizeToLog", "-9947821605808363520"
        self.assertEqual(await self.tor_has(option, text), 2**64 + int(text))
        with self.assertRaises(InvalidArgument):
            kind_of(option, self.config.get_type(option)).write(option, text)
