# -*- test-case-name: txtor.test.directory.test_consensus_diff -*-
"""
Consensus diffs: what turns the consensus of one hour into that of another.

A diff is a script for ed, of three commands, back to front, so that each counts lines as they were. It names the digest of what
it starts from and of what it ends with. It proves nothing: the result is verified as any consensus is. See dir-spec 4.6,
Consensus diffs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from dataclasses import dataclass, field

from txtor.errors import MalformedDocument, VerificationFailed
from txtor.grammar import decode

from ._consensus import Consensus
from ._consensus_edits import END, edits_between
from ._encoding import BadValue, hexadecimal
from ._router_index import run_slices

_DOCUMENT, _SECTION = "consensus diff", "dir-spec 4.6"
_HEADER = b"network-status-diff-version 1"
_COMMAND = re.compile(rb"([0-9]{1,9})(?:,([0-9]{1,9}|\$))?([acd])").fullmatch
_LONGEST_LINE = 1024 * 1024
_LONGEST_COMMAND = 128
#: After how many commands whoever reads or applies a diff in slices gets a turn.
_STEP = 1000


@dataclass(frozen=True)
class DiffCommand:
    """
    One command: put lines in the place of others.

    :ivar start: how many lines stand before those that are replaced.
    :ivar end: how many stand before those behind them; `start` where nothing is replaced.
    :ivar lines: what is put there.
    :ivar to_end: whether everything behind `start` is deleted; `end` is then beyond every line.
    """

    start: int
    end: int
    lines: tuple[bytes, ...] = ()
    to_end: bool = False


@dataclass(frozen=True)
class ConsensusDiff:
    """
    A consensus diff.

    :ivar from_digest: the SHA3-256 of what is signed of the consensus that it starts from, 64 upper-case hexadecimal digits.
    :ivar to_digest: the SHA3-256 of all of the consensus that it ends with.
    :ivar commands: in the order of the lines, which is not that of the text.

    See dir-spec 4.6, Consensus diffs.
    """

    from_digest: str
    to_digest: str
    commands: tuple[DiffCommand, ...] = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> ConsensusDiff:
        """
        Read a diff.

        :raises MalformedDocument: it breaks the grammar, or its commands are not back to front.
        """
        return run_slices(cls.parse_in_slices(data))

    @classmethod
    def parse_in_slices(cls, data: bytes) -> Generator[None, None, ConsensusDiff]:
        """
        The same in steps of some milliseconds.
        """
        lines = data.removesuffix(b"\n").split(b"\n")
        if len(lines) < 2 or lines[0] != _HEADER or b"\0" in data:
            raise _malformed("it does not begin with its version, or holds a NUL byte", 1)
        words = lines[1].split(b" ")
        if len(words) != 3 or words[0] != b"hash":
            raise _malformed("hash and two digests do not follow", 2)
        try:
            digests = [hexadecimal(decode(word), 32).hex().upper() for word in words[1:]]
        except BadValue as error:
            raise _malformed(str(error), 2) from None
        commands = yield from _read_commands(lines)
        return cls(digests[0], digests[1], tuple(reversed(commands)))

    def apply(self, base: Consensus) -> Consensus:
        """
        The consensus that the diff leads to. It is not verified: that is another step, as for any consensus.

        :param base: the one that it starts from.
        :raises VerificationFailed: it starts from another, or does not lead where it says.
        :raises MalformedDocument: the base has fewer lines than a command counts on, or the base cannot be read.
        """
        return run_slices(self.apply_in_slices(base))

    def apply_in_slices(self, base: Consensus) -> Generator[None, None, Consensus]:
        """
        The same in steps of some milliseconds.
        """
        if base.digest("sha3-256") != self.from_digest:
            raise VerificationFailed(_DOCUMENT, "it starts from another consensus", 2, _SECTION)
        yield
        lines = base.content.split(b"\n")[:-1]
        made: list[bytes] = []
        place = 0
        for count, command in enumerate(self.commands):
            if not count % _STEP:
                yield
            end = len(lines) if command.to_end else command.end
            if not command.start <= end <= len(lines) or (command.to_end and command.start == end):
                raise _malformed(f"a command for line {command.start + 1} of {len(lines)}")
            made += lines[place : command.start]
            made += command.lines
            place = end
        made += lines[place:]
        result = b"\n".join(made) + b"\n"
        yield
        if hashlib.sha3_256(result).hexdigest().upper() != self.to_digest:
            raise VerificationFailed(_DOCUMENT, "what it leads to is not what it says", 2, _SECTION)
        return Consensus(result)

    def __bytes__(self) -> bytes:
        """
        The diff as a directory sends it.
        """
        parts = [_HEADER, f"hash {self.from_digest} {self.to_digest}".encode("ascii")]
        for command in reversed(self.commands):
            parts.append(_write_address(command).encode("ascii"))
            if command.lines:
                parts += [*command.lines, b"."]
        return b"\n".join(parts) + b"\n"


def make_consensus_diff(base: Consensus, target: Consensus) -> ConsensusDiff:
    """
    The diff that leads from a consensus to another of the same flavour.

    :raises MalformedDocument: one of them cannot be read, or has a line that no diff can hold: a lone dot.
    """
    edits = edits_between(base, target)
    commands = [DiffCommand(start, end, tuple(lines), end == END) for start, end, lines in edits]
    if any(b"." in command.lines for command in commands):
        raise _malformed("a line that is a lone dot cannot be put into a diff")
    to_digest = hashlib.sha3_256(target.content).hexdigest().upper()
    return ConsensusDiff(base.digest("sha3-256"), to_digest, tuple(commands))


def _write_address(command: DiffCommand) -> str:
    """
    A command without its lines, as ed has it: the first line is 1, and what is appended stands behind the line that is named.
    """
    if command.to_end:
        return f"{command.start + 1},$d"
    if command.start == command.end:
        return f"{command.start}a"
    word = "c" if command.lines else "d"
    first = command.start + 1
    return f"{first}{word}" if first == command.end else f"{first},{command.end}{word}"


def _malformed(rule: str, line: int | None = None) -> MalformedDocument:
    return MalformedDocument(_DOCUMENT, rule, line, _SECTION)


def _read_commands(lines: list[bytes]) -> Generator[None, None, list[DiffCommand]]:
    """
    Read the commands in the order in which they stand, in slices.
    """
    found: list[DiffCommand] = []
    place, before = 2, END
    while place < len(lines):
        if not len(found) % _STEP:
            yield
        number, line = place + 1, lines[place]
        match = _COMMAND(line) if len(line) <= _LONGEST_COMMAND else None
        if match is None:
            raise _malformed(f"not a command: {decode(line[:60])!r}", number)
        command, last = _read_address(match, number)
        if last >= before:
            raise _malformed("commands are not back to front", number)
        before = max(command.start, last if match[3] == b"a" else command.start + 1)
        place += 1
        if match[3] != b"d":
            try:
                end = lines.index(b".", place)
            except ValueError:
                raise _malformed("the lines of the last command do not end", number) from None
            if end == place:
                raise _malformed("a command without lines", number)
            block = tuple(lines[place:end])
            if max(map(len, block)) > _LONGEST_LINE:
                raise _malformed(f"a line of more than {_LONGEST_LINE} bytes", number)
            command = DiffCommand(command.start, command.end, block)
            place = end + 1
        found.append(command)
    return found


def _read_address(match: re.Match[bytes], number: int) -> tuple[DiffCommand, int]:
    """
    Read the lines that a command is for.

    :return: the command without its lines, and the last line that it touches, counted from 1.
    """
    first, to, word = int(match[1]), match[2], match[3]
    if word == b"a":
        if to is not None:
            raise _malformed("lines are appended behind one line, not behind many", number)
        return DiffCommand(first, first), first
    if first == 0:
        raise _malformed("there is no line 0", number)
    if to == b"$":
        if word != b"d":
            raise _malformed("$ stands in a command that does not delete", number)
        return DiffCommand(first - 1, END, to_end=True), END - 1
    last = first if to is None else int(to)
    if to is not None and last <= first:
        raise _malformed("a range that is none", number)
    return DiffCommand(first - 1, last), last
