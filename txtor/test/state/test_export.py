# -*- test-case-name: txtor.test.state.test_export -*-
"""
Tests of a picture as plain data and as a table.
"""

from __future__ import annotations

import json

from txtor.events import StreamEvent

from .test_torstate import StateCase


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
