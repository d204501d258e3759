# -*- test-case-name: txtor.test.testing.test_fake_tor -*-
"""
The configuration of a `FakeTor`: names, types and refusals as those of tor 0.4.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from txtor.grammar import ReplyLine, quote_cstring

#: Options as ``GETINFO config/names`` lists them: name and type. Enough for tests; `FakeTor.options` takes more.
OPTIONS: Mapping[str, str] = {
    "BandwidthBurst": "DataSize",
    "BandwidthRate": "DataSize",
    "CircuitBuildTimeout": "TimeInterval",
    "ClientOnionAuthDir": "Filename",
    "ContactInfo": "String",
    "ControlPort": "LineList",
    "CookieAuthentication": "Boolean",
    "DataDirectory": "Filename",
    "DisableNetwork": "Boolean",
    "EntryNodes": "RouterList",
    "ExitNodes": "RouterList",
    "ExitPolicy": "LineList",
    "HashedControlPassword": "LineList",
    "HiddenServiceAllowUnknownPorts": "Dependent",
    "HiddenServiceDir": "Dependent",
    "HiddenServiceDirGroupReadable": "Dependent",
    "HiddenServiceEnableIntroDoSBurstPerSec": "Dependent",
    "HiddenServiceEnableIntroDoSDefense": "Dependent",
    "HiddenServiceEnableIntroDoSRatePerSec": "Dependent",
    "HiddenServiceExportCircuitID": "Dependent",
    "HiddenServiceMaxStreams": "Dependent",
    "HiddenServiceMaxStreamsCloseCircuit": "Dependent",
    "HiddenServiceNumIntroductionPoints": "Dependent",
    "HiddenServiceOnionBalanceInstance": "Dependent",
    "HiddenServiceOptions": "Virtual",
    "HiddenServicePort": "Dependent",
    "HiddenServicePoWDefensesEnabled": "Dependent",
    "HiddenServicePoWQueueBurst": "Dependent",
    "HiddenServicePoWQueueRate": "Dependent",
    "HiddenServiceVersion": "Dependent",
    "Log": "LineList",
    "MaxCircuitDirtiness": "TimeInterval",
    "Nickname": "String",
    "NodeFamily": "LineList",
    "NumCPUs": "Integer",
    "ORPort": "LineList",
    "SafeLogging": "String",
    "SocksPort": "Dependent",
    "SocksPortLines": "Virtual",
    "UseBridges": "Boolean",
    "__LeaveStreamsUnattached": "Boolean",
    "__OwningControllerProcess": "String",
    "__SocksPort": "Dependent",
}

DEFAULTS: Mapping[str, str] = {
    "BandwidthBurst": "1073741824",
    "BandwidthRate": "1073741824",
    "CircuitBuildTimeout": "60",
    "CookieAuthentication": "0",
    "DisableNetwork": "0",
    "MaxCircuitDirtiness": "600",
    "NumCPUs": "0",
    "SafeLogging": "1",
    "SocksPort": "9050",
    "UseBridges": "0",
    "__LeaveStreamsUnattached": "0",
}

#: What cannot change while Tor runs.
FIXED = frozenset({"DataDirectory"})

_LISTS = frozenset({"LineList", "Dependent", "Virtual"})
_SPECIAL = frozenset("\r\n#")
_DIRECTORY, _PORT = "HiddenServiceDir", "HiddenServicePort"


#: What SETEVENTS takes on tor 0.4.9.11.
EVENTS = frozenset(
    "CIRC CIRC_MINOR STREAM ORCONN BW DEBUG INFO NOTICE WARN ERR NEWDESC ADDRMAP DESCCHANGED NS STATUS_GENERAL STATUS_CLIENT "
    "STATUS_SERVER GUARD STREAM_BW CLIENTS_SEEN NEWCONSENSUS BUILDTIMEOUT_SET SIGNAL CONF_CHANGED CONN_BW CELL_STATS CIRC_BW "
    "TRANSPORT_LAUNCHED HS_DESC HS_DESC_CONTENT NETWORK_LIVENESS".split()
)

#: The reply to what went well and needs no more words.
OK = [ReplyLine(250, "OK")]


class Refusal(Exception):
    """
    What a `FakeTor` answers instead of doing what it was asked.
    """

    def __init__(self, *lines: ReplyLine) -> None:
        self.lines = lines
        super().__init__(lines[-1].text)

    @classmethod
    def of(cls, status: int, text: str) -> Refusal:
        """
        A refusal of one line.
        """
        return cls(ReplyLine(status, text))


def write_value(value: str) -> str:
    """
    A value as tor writes it in GETCONF and CONF_CHANGED: quoted only where it must be.
    """
    plain = not value.startswith('"') and _SPECIAL.isdisjoint(value) and value.isascii() and (value.isprintable() or not value)
    return value if plain else quote_cstring(value)


class FakeConfiguration:
    """
    The options of one `FakeTor`.

    :ivar types: by canonical name, the type.
    """

    def __init__(self) -> None:
        self.types = dict(OPTIONS)
        self._values: dict[str, list[str]] = {name: [value] for name, value in DEFAULTS.items()}
        self._services: list[tuple[str, str]] = []

    def canonical(self, name: str) -> str:
        """
        The name as tor spells it: in any case, or a beginning that fits only one.

        :raises KeyError: there is no such option.
        """
        lower = name.lower()
        names = {known.lower(): known for known in self.types}
        if lower in names:
            return names[lower]
        fitting = [known for key, known in names.items() if lower and key.startswith(lower)]
        if len(fitting) != 1:
            raise KeyError(name)
        return fitting[0]

    def get(self, name: str) -> list[str]:
        """
        The values of an option by its canonical name.
        """
        if self._is_of_service(name):
            return [value for option, value in self._services if option == name]
        return list(self._values.get(name, ()))

    def _is_of_service(self, name: str) -> bool:
        return self.types[name] == "Dependent" and name.startswith("HiddenService")

    def lines(self, keys: Iterable[str]) -> list[ReplyLine]:
        """
        The answer to GETCONF.

        :raises Refusal: a key is unknown; only those are named.
        """
        known, unknown = [], []
        for key in keys:
            try:
                known.append(self.canonical(key))
            except KeyError:
                unknown.append(ReplyLine(552, f'Unrecognized configuration key "{key}"'))
        if unknown:
            raise Refusal(*unknown)
        answer = []
        for name in known:
            if name == "HiddenServiceOptions" and self._services:
                answer += [ReplyLine(250, f"{option}={write_value(value)}") for option, value in self._services]
                continue
            values = self.get(name)
            if self.types[name] == "RouterList" and not values:
                answer.append(ReplyLine(250, f"{name}="))
            elif not values:
                answer.append(ReplyLine(250, name))
            answer += [ReplyLine(250, f"{name}={write_value(value)}") for value in values]
        return answer or [ReplyLine(250, "OK")]

    def change(self, pairs: Iterable[tuple[str, str | None]], reset: bool) -> list[tuple[str, list[str]]]:
        """
        SETCONF or RESETCONF: all or nothing.

        :return: what has changed, by canonical name.
        :raises Refusal: as tor refuses it.
        """
        wanted: dict[str, list[str]] = {}
        services: list[tuple[str, str]] | None = None
        for key, value in pairs:
            try:
                name = self.canonical(key)
            except KeyError:
                raise Refusal.of(552, f"Unrecognized option: Unknown option '{key}'.  Failing.") from None
            if self._is_of_service(name):
                services = [*(services or []), *([(name, value)] if value else [])]
                continue
            values = wanted.setdefault(name, [])
            if self.types[name] not in _LISTS:
                values.clear()
            if value:
                values.append(self._checked(name, value))
            elif reset:
                values += [DEFAULTS[name]] if name in DEFAULTS else []
            elif value is None and name in DEFAULTS and self.types[name] not in _LISTS:
                values.append("0")
        return self._replace(wanted, services)

    def load(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
        """
        LOADCONF: everything that is not given has its default.

        :return: what has changed, by canonical name.
        :raises Refusal: as tor refuses it.
        """
        given = list(pairs)
        names = {name.lower() for name, _ in given}
        unset = [(name, None) for name in self._values if name.lower() not in names]
        return self.change([*unset, (_DIRECTORY, None), *given], reset=True)

    def _replace(
        self, wanted: dict[str, list[str]], services: list[tuple[str, str]] | None
    ) -> list[tuple[str, list[str]]]:
        changed = [(name, values) for name, values in wanted.items() if values != self.get(name)]
        for name, _ in changed:
            if name in FIXED:
                raise Refusal.of(553, f"Transition not allowed: While Tor is running, changing {name} is not allowed.")
        if services is not None and services != self._services:
            _check_services(services)
            told: dict[str, list[str]] = {}
            for name, value in services or [(_DIRECTORY, "")]:
                told.setdefault(name, []).extend([value] if value else [])
            self._services = services
            self._values.update(changed)
            return [*changed, *told.items()]
        self._values.update(changed)
        return changed

    def _checked(self, name: str, value: str) -> str:
        kind = self.types[name]
        if kind == "Boolean" and value not in ("0", "1"):
            raise Refusal.of(513, f"Unacceptable option value: Boolean '{name} {value}' expects 0 or 1.")
        if kind == "Integer" and not value.lstrip("-").isdigit():
            raise Refusal.of(513, f"Unacceptable option value: {name} '{value}' is malformed or out of bounds.")
        return value


def _check_services(services: list[tuple[str, str]]) -> None:
    """
    Refuse what stands before the first directory, and a service without a port.
    """
    blocks: list[list[str]] = []
    for name, _ in services:
        if name == _DIRECTORY:
            blocks.append([])
        elif not blocks:
            raise Refusal.of(513, _RENDEZVOUS)
        else:
            blocks[-1].append(name)
    if any(_PORT not in block for block in blocks):
        raise Refusal.of(513, _RENDEZVOUS)


_RENDEZVOUS = "Unacceptable option value: Failed to configure rendezvous options. See logs for details."
