# -*- test-case-name: txtor.test.events.test_configuration -*-
"""
Changes of Tor's configuration: CONF_CHANGED.
"""

from __future__ import annotations

from txtor.grammar import unquote_value

from ._event import MultiLineEvent


class ConfChangedEvent(MultiLineEvent):
    """
    Options were set or reset, by whichever controller or by a reload. See control-spec 4.1.18.

    It comes behind the answer to our own SETCONF too. Other options may be named instead of those that were set, or beside
    them: those that Tor derives from them, and ``SocksPortLines`` for ``SocksPort``.
    """

    __slots__ = ()

    keyword = "CONF_CHANGED"
    description = "The configuration of Tor has changed."

    @property
    def changed(self) -> dict[str, list[str] | None]:
        """
        By option, its values in order; ``None`` where Tor names the option alone, which is empty or has its default now.
        """
        options: dict[str, list[str] | None] = {}
        for line in self.lines[1:]:
            if line.text == "OK" and line is self.lines[-1]:
                break
            option, equals, value = line.text.partition("=")
            values = options.setdefault(option, [] if equals else None)
            if equals:
                if values is None:
                    values = options[option] = []
                values.append(unquote_value(value))
        return options
