# -*- test-case-name: txtor.test.directory.test_bandwidth_file -*-
"""
Which keys of a bandwidth file hold numbers, fractions, truths and times. See bandwidth-file-spec 2.2 and 2.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._encoding import BadValue, integer, time

_COUNTS = (
    # header, 1.2 to 1.8
    "number_eligible_relays number_consensus_relays minimum_number_eligible_relays minimum_percent_eligible_relays "
    "percent_eligible_relays recent_consensus_count recent_priority_list_count recent_priority_relay_count "
    "recent_measurement_attempt_count recent_measurement_failure_count recent_measurements_excluded_error_count "
    "recent_measurements_excluded_near_count recent_measurements_excluded_old_count "
    "recent_measurements_excluded_few_count time_to_report_half_network "
    # relays, 1.0 to 1.7
    "bw rtt success error_stream error_circ error_misc error_destination error_second_relay bw_mean bw_median "
    "desc_bw_avg desc_bw_bur desc_bw_obs_last desc_bw_obs_mean consensus_bandwidth relay_in_recent_consensus_count "
    "relay_recent_measurement_attempt_count relay_recent_measurement_failure_count relay_recent_priority_list_count "
    "relay_recent_measurements_excluded_error_count relay_recent_measurements_excluded_near_count "
    "relay_recent_measurements_excluded_old_count relay_recent_measurements_excluded_few_count xoff_recv xoff_sent "
    "measured_at updated_at"
)
_FRACTIONS = "mu muf r_strm r_strm_filt pid_error pid_error_sum pid_bw pid_delta circ_fail"
_TRUTHS = "consensus_bandwidth_is_unmeasured unmeasured under_min_report vote"
_TIMES = "file_created generator_started earliest_bandwidth latest_bandwidth time"


def _fraction(text: str) -> float:
    """
    A decimal number, which may be negative and may have an exponent, as Python and sbws write it.
    """
    if not text.isascii() or not text.strip("0123456789.eE+-") == "" or len(text) > 40:
        raise BadValue(f"not a number: {text[:40]!r}")
    try:
        return float(text)
    except ValueError:
        raise BadValue(f"not a number: {text[:40]!r}") from None


def _truth(text: str) -> bool:
    if text not in ("0", "1", "True", "False"):
        raise BadValue(f"neither true nor false: {text[:40]!r}")
    return text in ("1", "True")


_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_COUNTS.split(" "), integer),
    **dict.fromkeys(_FRACTIONS.split(" "), _fraction),
    **dict.fromkeys(_TRUTHS.split(" "), _truth),
    **dict.fromkeys(_TIMES.split(" "), lambda text: time(text, "T")),
    "destinations_countries": lambda text: tuple(text.split(",")),
}


def read_value(key: str, text: str | None) -> Any:
    """
    The value of a key: as its type where it is known and can be read, else as the text.
    """
    if text is None or key not in _READERS:
        return text
    try:
        return _READERS[key](text)
    except BadValue:
        return text
