# -*- test-case-name: txtor.test.process.test_plan -*-
"""
From what the caller of a launch wants to the lines of a torrc. Nothing is started or written here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from txtor.errors import InvalidArgument
from txtor.grammar import quote_cstring

from ._private import LONGEST_SOCKET_PATH, is_socket_path
from ._torrc import Options, OptionValue, option_pairs

#: The option that names the process with which a tor ends.
OWNER = "__OwningControllerProcess"

#: Options that a launch sets itself, and the argument that is there for it.
_OURS = {
    "runasdaemon": "a Tor that is launched stays a child of this process",
    "cookieauthentication": "a launch authenticates by cookie",
    "__owningcontrollerprocess": "a launch sets it",
    "__disablesignalhandlers": "a launch ends Tor by signals",
}


@dataclass(frozen=True)
class LaunchOptions:
    """
    What shall be launched; see `txtor.launch`, whose arguments these are.

    :raises InvalidArgument: two things in it contradict each other, or one is no value for its purpose.
    """

    config: Options | None = field(default=None, repr=False)  # a value may be secret
    control_port: int | str | None = None
    data_directory: str | os.PathLike[str] | None = None
    socks_port: int | str | None = None
    non_anonymous_mode: bool | None = None
    user: str | None = None
    wait: str | int = "bootstrapped"

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", tuple(option_pairs(self.config)))  # a copy: the caller may go on with his own
        make_plan(self)

    @property
    def tor_user(self) -> str | None:
        """
        The user that Tor becomes, wherever that was said.
        """
        return make_plan(self).user

    @property
    def threshold(self) -> int:
        """
        The percentage to wait for.

        :raises InvalidArgument: ``wait`` is none of the words and no percentage.
        """
        words = {"bootstrapped": 100, "controlled": 0}
        wait = words.get(self.wait, -1) if isinstance(self.wait, str) else self.wait
        if isinstance(wait, bool) or not isinstance(wait, int) or not 0 <= wait <= 100:
            raise InvalidArgument(f"wait is 'bootstrapped', 'controlled' or a percentage, not {self.wait!r}.")
        return wait


@dataclass(frozen=True)
class Plan:
    """
    What will be launched, without what only a folder can tell.

    :ivar pairs: lines of the torrc.
    :ivar control_address: where tor will say that it listens: ``"127.0.0.1:9051"``, a path, or ``None`` for a socket of ours.
    :ivar data_directory: its folder, or ``None`` for one of ours.
    :ivar threshold: the percentage to wait for.
    """

    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    control_address: str | None
    data_directory: str | None
    threshold: int
    user: str | None

    def torrc(self, control: str, data_directory: str) -> list[tuple[str, str]]:
        """
        All lines but that of the owner.

        :param control: the control port: an address and port, or the path of a socket.
        :param data_directory: the folder for tor's data.
        """
        return [
            *self.pairs,
            ("ControlPort", _unix(control) if control.startswith("/") else control),
            ("CookieAuthentication", "1"),
            ("DataDirectory", data_directory),
            ("Log", "notice stdout"),
        ]


def make_plan(options: LaunchOptions) -> Plan:
    """
    Check what the caller wants.

    :raises InvalidArgument: two things in it contradict each other, or one is no value for its purpose.
    """
    pairs = option_pairs(options.config)
    given: dict[str, str] = {}
    for name, value in pairs:
        given[name.lower()] = value
    for name, why in _OURS.items():
        if name in given and given[name] not in (("1",) if name == "cookieauthentication" else ("0", "")):
            raise InvalidArgument(f"{name} cannot be chosen: {why}.")
    data = _choose("data_directory", options.data_directory, given, "DataDirectory")
    user = _choose("user", options.user, given, "User")
    pairs = [pair for pair in pairs if pair[0].lower() not in {"datadirectory", *_OURS}]
    pairs = [(name, value) for name, value in pairs if name.lower() != "controlport" or value != "0"]  # as by default
    if options.user is not None:
        pairs.append(("User", options.user))
    if options.non_anonymous_mode:
        pairs += [("HiddenServiceSingleHopMode", "1"), ("HiddenServiceNonAnonymousMode", "1")]
    if options.socks_port is not None and "socksport" in given:
        raise InvalidArgument("SocksPort is in config, and socks_port is given too.")
    if "socksport" not in given:
        standard = "0" if options.non_anonymous_mode else "auto"
        pairs.append(("SocksPort", standard if options.socks_port is None else _port("socks_port", options.socks_port)))
    return Plan(
        tuple(pairs),
        None if options.control_port is None else _control_address(options.control_port),
        None if data is None else os.path.abspath(data),
        options.threshold,
        user,
    )


def _choose(argument: str, value: str | os.PathLike[str] | None, given: dict[str, str], option: str) -> str | None:
    """
    What is given as an argument or in the options, but not as both.
    """
    in_config = given.get(option.lower())
    if value is not None and in_config is not None:
        raise InvalidArgument(f"{option} is in config, and {argument} is given too.")
    if value is None:
        return in_config
    text: object = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or not text or "\0" in text:
        raise InvalidArgument(f"{argument} is a path or name, not {value!r}.")
    quote_cstring(text)  # which says whether tor can take it
    return text


def _port(argument: str, value: OptionValue) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535:
        return str(value)
    if isinstance(value, str) and value:
        path = value.removeprefix("unix:")
        if path != value and not path.startswith('"'):
            return _unix(path)
        return value
    raise InvalidArgument(f"{argument} is a port, 'unix:/path' or 'auto', not {value!r}.")


def _unix(path: str) -> str:
    """
    A socket as a port option names it; without quotes, a space would end the path.
    """
    return f"unix:{quote_cstring(path)}"


def _control_address(value: int | str) -> str:
    """
    Where tor will say that it listens.
    """
    if isinstance(value, str) and value.startswith("unix:"):
        path = os.path.abspath(value.removeprefix("unix:"))
        quote_cstring(path)  # which says whether tor can take it
        if not is_socket_path(path):
            raise InvalidArgument(f"A socket cannot be at {path!r}: at most {LONGEST_SOCKET_PATH} bytes, and no line ends.")
        return path
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) <= 65535:
        raise InvalidArgument(f"control_port is a port or 'unix:/path', not {value!r}.")
    return f"127.0.0.1:{int(text)}"
