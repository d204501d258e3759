# -*- test-case-name: txtor.test.grammar.test_data -*-
"""
Data blocks: lines between a head and a line that holds one dot. See control-spec 2.1.1, CmdData, and 2.3, DataReplyLine.
"""

from __future__ import annotations

TERMINATOR = b"\r\n.\r\n"


def stuff(data: bytes) -> bytes:
    r"""
    Write a data block with its terminator, to follow a ``+COMMAND`` line.

    :param data: lines that end in LF or CR LF; the last may lack its end. Empty data are sent as one empty line, since tor wants
        at least one.
    :return: the lines, each ended by CR LF and with one more dot where it began with one, then ``.`` on a line of its own.
    """
    lines = data.replace(b"\r\n", b"\n")
    if lines.endswith(b"\n"):
        lines = lines[:-1]
    if b"\n." in lines or lines.startswith(b"."):
        lines = (b"\n" + lines).replace(b"\n.", b"\n..")[1:]
    return lines.replace(b"\n", b"\r\n") + TERMINATOR


def unstuff(block: bytes) -> bytes:
    r"""
    Read a data block: what stood between its head line and its terminator.

    :param block: the bytes from behind the CR LF of the head line to before the CR LF of the terminator; empty for a block
        without lines.
    :return: the lines, joined by LF, without the dots that were added and without a final LF. Whether the value ended in
        a line end cannot be known: tor adds one where it lacks. A lone CR is data and stays.
    """
    if b"\r\n." in block or block.startswith(b"."):
        block = (b"\r\n" + block).replace(b"\r\n.", b"\r\n")[2:]
    # Taking out every CR is three times as fast as replacing each CR LF, and the same when there is no lone one.
    lines = block.translate(None, b"\r")
    return lines if len(block) - len(lines) == block.count(b"\r\n") else block.replace(b"\r\n", b"\n")
