# -*- test-case-name: txtor.test.control.test_queries -*-
"""
Tests of the everyday questions and orders.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import (
    Disconnected,
    InvalidArgument,
    InvalidConfigurationValue,
    UnrecognizedArgument,
    UnrecognizedEntity,
)
from txtor.testing import FakeTor


class QueryTests(SynchronousTestCase):
    """
    What is asked, and what comes back.
    """

    def setUp(self) -> None:
        self.tor = FakeTor()
        self.protocol = self.tor.connect()

    def test_get_info(self) -> None:
        """
        Case 19: values by key as asked; nothing asked is nothing told; a value may hold ``=``.
        """
        self.tor.info["k"] = "a=b"
        self.tor.info["block"] = "one\n.two\n\nthree"
        values = self.successResultOf(self.protocol.get_info("version", "k", "block"))
        self.assertEqual(values, {"version": "0.4.9.11", "k": "a=b", "block": "one\n.two\n\nthree"})
        self.assertEqual(self.successResultOf(self.protocol.get_info()), {})

    def test_one_value(self) -> None:
        """
        One value alone, with something to say instead when Tor refuses, and only then.
        """
        self.assertEqual(self.successResultOf(self.protocol.get_info_single("version")), "0.4.9.11")
        self.failureResultOf(self.protocol.get_info_single("bogus"), UnrecognizedEntity)
        self.assertEqual(self.successResultOf(self.protocol.get_info_single("bogus", default="?")), "?")
        self.tor.drop()
        self.failureResultOf(self.protocol.get_info_single("version", default="?"), Disconnected)

    def test_bytes(self) -> None:
        """
        Case 16: bytes outside UTF-8 come as they were, as bytes and in text.
        """
        self.tor.info["raw"] = b"caf\xe9\n\xff"
        self.assertEqual(self.successResultOf(self.protocol.get_info_bytes("raw")), {"raw": b"caf\xe9\n\xff"})
        text = self.successResultOf(self.protocol.get_info_single("raw"))
        self.assertEqual(text.encode("utf-8", "surrogateescape"), b"caf\xe9\n\xff")

    def test_raw(self) -> None:
        """
        The whole answer as text, for programs that used to get it.
        """
        self.assertEqual(self.successResultOf(self.protocol.get_info_raw("version")), "version=0.4.9.11")
        self.assertEqual(self.successResultOf(self.protocol.queue_command("GETINFO version")), "version=0.4.9.11")
        self.assertEqual(self.successResultOf(self.protocol.queue_command("DROPGUARDS")), "OK")
        self.assertEqual(self.successResultOf(self.protocol.get_conf_raw("SocksPort")), "SocksPort=9050")

    def test_line_by_line(self) -> None:
        """
        A long value line by line; one of a single line comes as one line; none as none.
        """
        for value, lines in (("a\n.b\n\nc", ["a", ".b", "", "c"]), ("one", ["one"]), ("", [])):
            self.tor.info["k"] = value
            seen: list[str] = []
            self.assertIsNone(self.successResultOf(self.protocol.get_info_incremental("k", seen.append)))
            self.assertEqual(seen, lines)

    def test_failing_line_function(self) -> None:
        """
        Case 32: a function that raises fails its own call; the connection stays.
        """
        self.tor.info["k"] = "a\nb"
        self.failureResultOf(self.protocol.get_info_incremental("k", lambda line: 1 // 0), ZeroDivisionError)
        self.successResultOf(self.protocol.get_info("version"))

    def test_get_conf(self) -> None:
        """
        Cases 18 and 19: under the name that was asked; a list where there are several; nothing where it is unset.
        """
        self.successResultOf(self.protocol.set_conf("Log", "notice stdout", "Log", "debug stderr"))
        values = self.successResultOf(self.protocol.get_conf("log", "socksport", "CONTACTINFO", "ExitNodes"))
        self.assertEqual(
            values, {"log": ["notice stdout", "debug stderr"], "socksport": "9050", "CONTACTINFO": None, "ExitNodes": None}
        )
        self.assertEqual(self.successResultOf(self.protocol.get_conf()), {})
        self.assertEqual(self.successResultOf(self.protocol.get_conf_list("SocksPort")), ["9050"])
        self.assertEqual(self.successResultOf(self.protocol.get_conf_list("ContactInfo")), [])
        self.assertEqual(self.successResultOf(self.protocol.get_conf_single("ContactInfo")), None)
        self.assertEqual(self.successResultOf(self.protocol.get_conf_single("ContactInfo", "x")), "x")
        self.assertEqual(self.successResultOf(self.protocol.get_conf_single("Bogus", "x")), "x")
        self.failureResultOf(self.protocol.get_conf("Bogus"), UnrecognizedEntity)

    def test_values(self) -> None:
        """
        Cases 1 and 4: any text comes back as it was, and sets nothing else.
        """
        odd = ("tab\t", "line\nfeed\rreturn", " lead and trail ", "#", "'x'", '"x"', "=", "é", 'x" Nickname="evil')
        for value in ('a "q" \\ b', *odd):
            self.successResultOf(self.protocol.set_conf("ContactInfo", value))
            self.assertEqual(self.successResultOf(self.protocol.get_conf_single("ContactInfo")), value)
        self.assertIsNone(self.successResultOf(self.protocol.get_conf_single("Nickname")))
        self.failureResultOf(self.protocol.set_conf("ContactInfo", "nul\0"), InvalidArgument)

    def test_changed_result(self) -> None:
        """
        Case 21: what a caller does to an answer changes nothing here.
        """
        self.successResultOf(self.protocol.set_conf("Log", "a", "Log", "b"))
        self.successResultOf(self.protocol.get_conf_list("Log")).clear()
        self.assertEqual(self.successResultOf(self.protocol.get_conf_list("Log")), ["a", "b"])

    def test_refused_options(self) -> None:
        """
        Case 69: an option that Tor refuses is told in Tor's words, and none was changed.
        """
        refused = self.protocol.set_conf("ContactInfo", "x", "NumCPUs", "many")
        self.assertIn("NumCPUs", str(self.failureResultOf(refused, UnrecognizedArgument).value))
        self.assertIsNone(self.successResultOf(self.protocol.get_conf_single("ContactInfo")))
        self.failureResultOf(self.protocol.set_conf("DataDirectory", "/x"), InvalidConfigurationValue)

    def test_reset(self) -> None:
        """
        RESETCONF is the default; a bare SETCONF is zero.
        """
        self.successResultOf(self.protocol.set_conf("MaxCircuitDirtiness", 20))
        self.successResultOf(self.protocol.reset_conf("MaxCircuitDirtiness"))
        self.assertEqual(self.successResultOf(self.protocol.get_conf_single("MaxCircuitDirtiness")), "600")
        self.successResultOf(self.protocol.set_conf("MaxCircuitDirtiness", None))
        self.assertEqual(self.successResultOf(self.protocol.get_conf_single("MaxCircuitDirtiness")), "0")

    def test_files(self) -> None:
        """
        LOADCONF and SAVECONF are sent as they must be.
        """
        self.successResultOf(self.protocol.load_conf("ContactInfo me\n.odd\n".replace(".odd", "Nickname me")))
        self.successResultOf(self.protocol.save_conf())
        self.successResultOf(self.protocol.save_conf(force=True))
        self.assertEqual(self.tor.received[-3:], ["LOADCONF", "SAVECONF", "SAVECONF FORCE"])
        self.assertEqual(self.successResultOf(self.protocol.get_conf_single("Nickname")), "me")

    def test_signal(self) -> None:
        """
        Case 9: whole names in any case; another fails.
        """
        self.successResultOf(self.protocol.signal("newnym"))
        self.failureResultOf(self.protocol.signal("E"), UnrecognizedEntity)
