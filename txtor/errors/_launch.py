# -*- test-case-name: txtor.test.test_errors -*-
"""
Why tor did not start.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._base import TorError


class LaunchError(TorError):
    """
    tor did not start.

    :ivar output: the last lines that it printed.
    :ivar exit_status: its exit status, or ``None`` when it still ran or a signal ended it.
    """

    def __init__(self, reason: str, output: Sequence[str] = (), exit_status: int | None = None) -> None:
        self.reason = reason
        self.output = tuple(output)
        self.exit_status = exit_status
        said = "".join(f"\n  {line}" for line in self.output)
        super().__init__(f"{reason}{said and ' Tor said:' + said}")


class TorNotFound(LaunchError):
    """
    There is no tor binary.

    :ivar places: where it was looked for.
    """

    def __init__(self, places: Sequence[str]) -> None:
        self.places = tuple(places)
        super().__init__(
            f"No tor binary was found (looked in: {', '.join(self.places)}). Install it, for example with "
            "'apt-get install tor', 'dnf install tor' or 'brew install tor', or pass tor_binary=."
        )
