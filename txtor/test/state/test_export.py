# -*- test-case-name: txtor.test.state.test_export -*-
"""
Tests of a picture as plain data and as a table.
"""

from __future__ import annotations

import json

from txtor.events import StreamEvent

from .test_torstate import StateCase

VALIDITY = ("consensus/valid-after", "consensus/fresh-until", "consensus/valid-until")


class ExportTests(StateCase):
    """
    What others can read.
    """

    def setUp(self) -> None:
        super().setUp()
        self.circuit = self.successResultOf(self.state.build_circuit(["relay1", "relay2"]))
        stream = self.tor.network.new_stream("example.com:80")
        self.tor.network.attach(stream, self.circuit.id)
        self.stream = self.state.streams[stream.id]

    def test_as_dict(self) -> None:
        """
        Everything is plain, so JSON takes it and gives it back.
        """
        told = self.state.as_dict(routers=True)
        self.assertEqual(json.loads(json.dumps(told)), told)
        (circuit,) = told["circuits"]
        self.assertEqual([hop["nickname"] for hop in circuit["path"]], ["relay1", "relay2"])
        self.assertEqual(circuit["streams"], [self.stream.id])
        self.assertEqual(circuit["time_created"], "2026-01-01T00:00:00+00:00")
        (stream,) = told["streams"]
        self.assertEqual((stream["circuit"], stream["target_host"]), (self.circuit.id, "example.com"))
        self.assertEqual(stream["source_port"], 40000)
        self.assertEqual(len(told["routers"]), told["router_count"])
        self.assertNotIn("routers", self.state.as_dict())
        self.assertEqual(told["entry_guards"][1]["since"], "2026-01-01T00:00:00+00:00")
        self.assertIsNone(told["consensus"])
        nothing = [told[name] for name in ("or_connections", "bandwidth", "build_timeout", "tor_pid")]
        self.assertEqual(nothing, [[], [], None, None])

    def test_everything(self) -> None:
        """
        All that the picture holds is in it: connections, addresses, bandwidth, times, and what Tor says of circuits and streams.
        """
        self.tor.info.update(dict.fromkeys(VALIDITY, "2026-01-01 00:00:00"))
        self.tor.info["process/pid"] = "4711"
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        self.tor.emit(f"ORCONN ${'1' * 40}~relay1 CONNECTED NCIRCS=3 ID=4")
        self.tor.emit("ORCONN 192.0.2.1:9001 LAUNCHED ID=5")
        self.tor.emit('ADDRMAP a.example 192.0.2.1 "2036-01-01 00:00:00" EXPIRES="2036-01-01 00:00:00"')
        self.tor.emit("ADDRMAP b.example 192.0.2.2 NEVER")
        self.tor.emit("BW 10 20")
        self.tor.emit("BUILDTIMEOUT_SET COMPUTED TOTAL_TIMES=100 TIMEOUT_MS=1500 ALPHA=1.5")
        self.tor.emit(f"CIRC {self.circuit.id} BUILT PURPOSE=HS_CLIENT_REND CONFLUX_RTT=7 HS_POW=v1,9 SOCKS_USERNAME=\"u\"")
        isolation = "NYM_EPOCH=1 SESSION_GROUP=-2 ISO_FIELDS=SOCKS_USERNAME,NYM_EPOCH"
        self.tor.emit(f"STREAM {self.stream.id} XOFF_SENT {self.circuit.id} a:1 {isolation}")
        told = self.state.as_dict(routers=True)
        self.assertEqual(json.loads(json.dumps(told)), told)
        one, other = told["or_connections"]
        self.assertEqual((one["id"], one["nickname"], one["status"], one["circuit_count"]), ("4", "relay1", "CONNECTED", 3))
        self.assertEqual((other["target"], other["fingerprint"]), ("192.0.2.1:9001", None))
        self.assertEqual([each["expires"] for each in told["addresses"]], ["2036-01-01T00:00:00+00:00", None])
        self.assertEqual(told["bandwidth"], [{"read": 10, "written": 20}])
        self.assertEqual((told["build_timeout"]["timeout_ms"], told["build_timeout"]["alpha"]), (1500, 1.5))
        self.assertEqual(told["consensus"]["valid_until"], "2026-01-01T00:00:00+00:00")
        self.assertEqual((told["tor_pid"], told["network_liveness"]), (4711, True))
        (circuit,) = told["circuits"]
        self.assertEqual(
            (circuit["hs_pow"], circuit["conflux_rtt"], circuit["socks_username"]), ({"scheme": "v1", "effort": 9}, 7, "u")
        )
        (stream,) = told["streams"]
        self.assertEqual(
            (stream["nym_epoch"], stream["session_group"], stream["iso_fields"]), (1, -2, ["SOCKS_USERNAME", "NYM_EPOCH"])
        )
        self.assertEqual({router["exit_policy"] for router in told["routers"]}, {None})

    def test_no_secrets(self) -> None:
        """
        A SOCKS password is nobody's business.
        """
        self.tor.emit(f'STREAM {self.stream.id} XOFF_SENT {self.circuit.id} a:1 SOCKS_USERNAME="u" SOCKS_PASSWORD="hunter2"')
        self.assertIsInstance(self.stream.event, StreamEvent)
        self.assertEqual(self.stream.socks_password, "hunter2")
        self.assertNotIn("hunter2", json.dumps(self.state.as_dict()) + self.state.as_table() + repr(self.stream))

    def test_table(self) -> None:
        """
        Columns for people; nothing in them can control a terminal.
        """
        self.assertEqual(
            self.state.as_table(),
            "CIRCUIT  STATUS  PURPOSE  PATH\n"
            f"{self.circuit.id:<7}  BUILT   GENERAL  relay1 relay2\n\n"
            "STREAM  STATUS     CIRCUIT  TARGET\n"
            f"{self.stream.id:<6}  SUCCEEDED  {self.circuit.id:<7}  example.com:80",
        )
        self.tor.emit("STREAM 77 NEW 0 \x1b[2Jx\u202e:80")
        self.assertIn("\\x1b[2Jx\\u202e:80", self.state.as_table())
        self.successResultOf(self.circuit.close())
        for stream in list(self.state.streams.values()):
            self.tor.emit(f"STREAM {stream.id} CLOSED 0 x")
        self.assertEqual(self.state.as_table(), "")
        self.tor.emit(f"ORCONN ${'1' * 40}~relay1 CONNECTED ID=4")
        self.tor.emit("ADDRMAP a\x1b.example 192.0.2.1 NEVER")
        self.assertEqual(
            self.state.as_table(everything=True),
            "GUARD   STATUS  SINCE\nrelay0  up\nrelay1  down    2026-01-01 00:00:00\n\n"
            f"CONNECTION  STATUS     RELAY\n4           CONNECTED  ${'1' * 40}~relay1\n\n"
            "ADDRESS        STANDS FOR  UNTIL\na\\x1b.example  192.0.2.1",
        )
