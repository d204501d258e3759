# -*- test-case-name: txtor.test.onion.test_disk_options -*-
"""
The options of a service that stands in Tor's configuration: arguments that have names of their own, and any other line.

Tor refuses a wrong value without a word of which it was: its log tells. So what can be known is checked before it is asked. See
tor(1), HIDDEN SERVICE OPTIONS, and DENIAL OF SERVICE MITIGATION OPTIONS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from txtor.commands import Value
from txtor.errors import InvalidArgument

_HIGHEST = (1 << 31) - 1

#: By argument, the option of torrc, and the least and the greatest value that Tor takes.
ARGUMENTS: Mapping[str, tuple[str, int, int]] = {
    "max_streams": ("HiddenServiceMaxStreams", 0, 65535),
    "max_streams_close_circuit": ("HiddenServiceMaxStreamsCloseCircuit", 0, 1),
    "introduction_points": ("HiddenServiceNumIntroductionPoints", 3, 20),
    "intro_dos_defense": ("HiddenServiceEnableIntroDoSDefense", 0, 1),
    "intro_dos_rate": ("HiddenServiceEnableIntroDoSRatePerSec", 0, _HIGHEST),
    "intro_dos_burst": ("HiddenServiceEnableIntroDoSBurstPerSec", 0, _HIGHEST),
    "pow_enabled": ("HiddenServicePoWDefensesEnabled", 0, 1),
    "pow_queue_rate": ("HiddenServicePoWQueueRate", 0, _HIGHEST),
    "pow_queue_burst": ("HiddenServicePoWQueueBurst", 0, _HIGHEST),
}

#: Options that are given in another way.
_OTHERWISE = frozenset({"hiddenservicedir", "hiddenserviceport", "hiddenservicedirgroupreadable", "hiddenserviceversion"})

_BY_OPTION = {option.lower(): (argument, low, high) for argument, (option, low, high) in ARGUMENTS.items()}


@dataclass(frozen=True)
class _Bucket:
    """
    A defence that lets in so many a second, and so many at once.
    """

    enabled: str
    rate: str
    burst: str
    usual_rate: int
    usual_burst: int

    def check(self, numbers: Mapping[str, int]) -> None:
        """
        Refuse more a second than at once, which Tor refuses where the defence is enabled.

        :raises InvalidArgument: it is so.
        """
        rate, burst = numbers.get(self.rate, self.usual_rate), numbers.get(self.burst, self.usual_burst)
        if numbers.get(self.enabled) and rate > burst:
            raise InvalidArgument(f"{self.rate} ({rate} a second) is more than {self.burst} ({burst} at once).")


_BUCKETS = (
    _Bucket("intro_dos_defense", "intro_dos_rate", "intro_dos_burst", 25, 200),
    _Bucket("pow_enabled", "pow_queue_rate", "pow_queue_burst", 250, 2500),
)


def service_options(arguments: Mapping[str, object], options: Mapping[str, Value] | None) -> Mapping[str, Value]:
    """
    The options of a service, checked.

    :param arguments: by the names of `ARGUMENTS`; ``None`` stands for Tor's default.
    :param options: by the names of torrc.
    :raises InvalidArgument: a value is not what Tor takes, an option is none of a service, or something is said twice.
    """
    lines: dict[str, Value] = {}
    numbers: dict[str, int] = {}
    for argument, value in arguments.items():
        if value is not None:
            option, low, high = ARGUMENTS[argument]
            lines[option] = numbers[argument] = _number(argument, value, low, high)
    for option, value in (options or {}).items():
        lower = option.lower() if isinstance(option, str) else ""
        if not lower.startswith("hiddenservice") or lower in _OTHERWISE:
            raise InvalidArgument(f"Not an option of an onion service, or one that is an argument: {str(option)[:60]!r}")
        if lower in _BY_OPTION:
            argument, low, high = _BY_OPTION[lower]
            if argument in numbers:
                raise InvalidArgument(f"{option} is given twice: as {argument}, too.")
            numbers[argument] = _number(option, value, low, high)
        lines[option] = value
    for bucket in _BUCKETS:
        bucket.check(numbers)
    return lines


def _number(name: str, value: object, low: int, high: int) -> int:
    text = str(int(value)) if isinstance(value, int) else value
    if not isinstance(text, str) or not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
        raise InvalidArgument(f"{name} is a number from {low} to {high}, not {str(value)[:40]!r}.")
    return int(text)
