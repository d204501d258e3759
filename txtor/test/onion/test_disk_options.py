# -*- test-case-name: txtor.test.onion.test_disk_options -*-
"""
The options of services with files.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.onion import DiskTerms
from txtor.onion._disk_options import ARGUMENTS


class OptionsTests(SynchronousTestCase):
    """
    Arguments and lines, without a Tor.
    """

    def test_lines(self) -> None:
        """
        Each argument has its line; what is not said has none; any other option of a service is taken as it is.
        """
        self.assertEqual(DiskTerms("/s").block([]), (("HiddenServiceDir", "/s"),))
        given = {name: low for name, (_, low, _) in ARGUMENTS.items()}
        options = {"HiddenServiceExportCircuitID": "haproxy", "HiddenServiceOfTheFuture": [1, True]}
        terms = DiskTerms("/s", **given, options=options)  # type: ignore[arg-type]
        lines = [*terms.block([])[1:]]
        expected = [(option, str(low)) for option, low, _ in ARGUMENTS.values()]
        expected += [("HiddenServiceExportCircuitID", "haproxy"), ("HiddenServiceOfTheFuture", "1")]
        self.assertEqual(lines, [*expected, ("HiddenServiceOfTheFuture", "1")])
        flags = DiskTerms("/s", pow_enabled=True, max_streams_close_circuit=False)
        self.assertEqual([value for _, value in flags.block([])[1:]], ["0", "1"])

    def test_bounds(self) -> None:
        """
        The least and the greatest value are taken, one beyond is not; the same for the option by its name in torrc.
        """
        for argument, (option, low, high) in ARGUMENTS.items():
            for value in (low, high):
                self.assertEqual(DiskTerms("/s", **{argument: value}).lines, {option: value})  # type: ignore[arg-type]
                self.assertEqual(DiskTerms("/s", options={option.lower(): str(value)}).lines, {option.lower(): str(value)})
            for wrong in (low - 1, high + 1, "x", "", 1.5, [3], "\u0663", "9" * 5000):
                self.assertRaises(InvalidArgument, DiskTerms, "/s", **{argument: wrong})
                self.assertRaises(InvalidArgument, DiskTerms, "/s", options={option: wrong})
            self.assertRaises(InvalidArgument, DiskTerms, "/s", **{argument: high}, options={option.upper(): high})

    def test_buckets(self) -> None:
        """
        Where a defence is enabled, no more may come in a second than at once, Tor's defaults counted.
        """
        for enabled, rate, burst, usual_rate, usual_burst in (
            ("intro_dos_defense", "intro_dos_rate", "intro_dos_burst", 25, 200),
            ("pow_enabled", "pow_queue_rate", "pow_queue_burst", 250, 2500),
        ):
            for wrong in ({rate: usual_burst + 1}, {burst: usual_rate - 1}, {rate: 3, burst: 2}):
                text = str(self.assertRaises(InvalidArgument, DiskTerms, "/s", **{enabled: True, **wrong}))
                self.assertIn(rate, text)
                DiskTerms("/s", **{enabled: False, **wrong})  # type: ignore[arg-type]
                DiskTerms("/s", **wrong)  # type: ignore[arg-type]
            DiskTerms("/s", **{enabled: True, rate: 3, burst: 3})  # type: ignore[arg-type]

    def test_not_options(self) -> None:
        """
        What is no option of a service, or is said in another way.
        """
        for name in ("SocksPort", "HiddenServicePort", "hiddenservicedir", "HiddenServiceVersion", 3):
            self.assertRaises(InvalidArgument, DiskTerms, "/s", options={name: 1})
