"""
Tests of events about streams and addresses.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.events import AddrMapEvent, StreamEvent, StreamStatus

from .sample import utc


class StreamTests(SynchronousTestCase):
    """
    STREAM.
    """

    def test_all(self) -> None:
        """
        Case 48: every attribute that a new stream has, with those of Tor 0.4.8 and newer.
        """
        event = StreamEvent(
            '47 NEW 0 example.com:443 SOURCE_ADDR=127.0.0.1:39902 PURPOSE=USER SOCKS_USERNAME="user \\"q\\" \\\\x" '
            'SOCKS_PASSWORD="pa ss" CLIENT_PROTOCOL=SOCKS5 NYM_EPOCH=2 SESSION_GROUP=-4 ISO_FIELDS=SOCKS_USERNAME,NYM_EPOCH'
        )
        self.assertEqual((event.id, event.status, event.circuit, event.circ_id), ("47", "NEW", None, None))
        self.assertEqual((event.target, event.target_host, event.target_port), ("example.com:443", "example.com", 443))
        self.assertEqual((event.source_addr, event.source_port, event.purpose), ("127.0.0.1", 39902, "USER"))
        self.assertEqual((event.socks_username, event.socks_password), ('user "q" \\x', "pa ss"))
        self.assertEqual((event.client_protocol, event.nym_epoch, event.session_group), ("SOCKS5", 2, -4))
        self.assertEqual(event.iso_fields, ("SOCKS_USERNAME", "NYM_EPOCH"))
        self.assertEqual((event.reason, event.remote_reason, event.source), (None, None, None))

    def test_end(self) -> None:
        """
        How a stream ended, and on which circuit.
        """
        event = StreamEvent("46 CLOSED 50 192.0.2.1:80 REASON=END REMOTE_REASON=DONE CLIENT_PROTOCOL=SOCKS5 ISO_FIELDS=")
        self.assertEqual((event.circuit, event.circ_id), ("50", "50"))
        self.assertEqual((event.reason, event.remote_reason), ("END", "DONE"))
        self.assertEqual(event.iso_fields, ())
        self.assertIsNone(StreamEvent("46 CLOSED 50 192.0.2.1:80").iso_fields)

    def test_remap(self) -> None:
        """
        Where a new address came from.
        """
        self.assertEqual(StreamEvent("48 REMAP 0 127.0.0.1:19999 SOURCE=CACHE").source, "CACHE")

    def test_flow_control(self) -> None:
        """
        Case 41: the states of flow control, and of waiting for a controller, are known.
        """
        for status in ("XOFF_SENT", "XOFF_RECV", "XON_SENT", "XON_RECV", "CONTROLLER_WAIT"):
            event = StreamEvent(f"5 {status} 7 h:80")
            self.assertEqual((event.status, event.circuit), (StreamStatus(status), "7"))

    def test_targets(self) -> None:
        """
        The targets that Tor tells: IPv6 with and without brackets, none, onions, a directory, and a host that was cut.
        """
        for target, host, port in (
            ("[2001:db8::1]:80", "2001:db8::1", 80),
            ("2001:db8::1:80", "2001:db8::1", 80),
            (":0", "", 0),
            ("x.onion:80", "x.onion", 80),
            ("127.0.0.1.$AB.exit:15002", "127.0.0.1.$AB.exit", 15002),
            ("a" * 255, None, None),
        ):
            event = StreamEvent(f"5 NEW 0 {target} PURPOSE=USER")
            self.assertEqual((event.target, event.target_host, event.target_port, event.purpose), (target, host, port, "USER"))

    def test_hostile_targets(self) -> None:
        """
        What an application writes into the host name does not hide or change what Tor says behind it.
        """
        for host in ('"', 'a"b', '"a"', "PURPOSE=EVIL", 'X="', "\\", "\udcff"):
            event = StreamEvent(f'5 NEW 0 {host}:80 PURPOSE=USER SOCKS_USERNAME="a b"')
            self.assertEqual((event.target_host, event.target_port), (host, 80), host)
            self.assertEqual((event.purpose, event.socks_username), ("USER", "a b"), host)

    def test_internal_source(self) -> None:
        """
        Look-ups by Tor and by controllers come from no address.
        """
        event = StreamEvent("9 NEWRESOLVE 0 host:0 SOURCE_ADDR=(Tor_internal):0 PURPOSE=DNS_REQUEST")
        self.assertEqual((event.source_addr, event.source_port), ("(Tor_internal)", 0))

    def test_unknown_reason(self) -> None:
        """
        For a reason that Tor does not know it writes nothing and a stray word; both are kept.
        """
        event = StreamEvent("9 CLOSED 3 h:80 REASON= UNKNOWN_99 CLIENT_PROTOCOL=SOCKS5")
        self.assertEqual((event.reason, event.positional[4:], event.client_protocol), ("", ("UNKNOWN_99",), "SOCKS5"))

    def test_status_line(self) -> None:
        """
        A line of stream-status, which has no keys.
        """
        event = StreamEvent("12 SUCCEEDED 3 example.com:80")
        self.assertEqual((event.id, event.circuit, event.target_port, dict(event.keywords)), ("12", "3", 80, {}))


class AddrMapTests(SynchronousTestCase):
    """
    ADDRMAP.
    """

    def test_expiry(self) -> None:
        """
        Case 45: the local time stays text, and the time in UTC is aware.
        """
        event = AddrMapEvent(
            'example.com 192.0.2.1 "2026-11-22 15:00:00" EXPIRES="2026-11-22 13:00:00" CACHED="NO" STREAMID=77'
        )
        self.assertEqual((event.hostname, event.destination), ("example.com", "192.0.2.1"))
        self.assertEqual((event.local_expiry, event.expiry), ("2026-11-22 15:00:00", utc(2026, 11, 22, 13)))
        self.assertEqual((event.never_expires, event.error, event.cached, event.streamid), (False, None, False, "77"))

    def test_never(self) -> None:
        """
        Case 45: a mapping that stays.
        """
        event = AddrMapEvent('foo.example 127.0.0.1 NEVER CACHED="YES"')
        self.assertEqual((event.never_expires, event.local_expiry, event.expiry, event.cached), (True, None, None, True))
        self.assertEqual((event.error, event.streamid), (None, None))

    def test_error(self) -> None:
        """
        Case 45: a look-up that failed has no destination.
        """
        event = AddrMapEvent('nope.example <error> "2026-11-22 15:00:00" error=yes EXPIRES="2026-11-22 13:00:00" CACHED="NO"')
        self.assertEqual((event.destination, event.error, event.expiry), (None, "yes", utc(2026, 11, 22, 13)))
        self.assertEqual(event.positional[1], "<error>")
        event = AddrMapEvent('nope.example <error> "2026-11-22 15:00:00" internal CACHED="NO"')
        self.assertEqual((event.destination, event.error), (None, "internal"))
        self.assertEqual(AddrMapEvent('nope.example <error> NEVER CACHED="NO"').error, "yes")

    def test_empty(self) -> None:
        """
        An address that is mapped to nothing: two spaces follow each other.
        """
        event = AddrMapEvent('a.example  NEVER CACHED="YES"')
        self.assertEqual((event.destination, event.never_expires, event.cached), ("", True, True))

    def test_unbalanced(self) -> None:
        """
        Case 45: a quote that does not end changes nothing for the other words.
        """
        event = AddrMapEvent('a.example 192.0.2.1 "2026-11-22 CACHED="NO" STREAMID=5')
        self.assertEqual((event.hostname, event.destination), ("a.example", "192.0.2.1"))
        self.assertEqual(event.streamid, "5")
        event = AddrMapEvent('a"b 192.0.2.1 NEVER CACHED="NO" STREAMID=5')
        self.assertEqual((event.hostname, event.cached, event.streamid), ('a"b', False, "5"))

    def test_old(self) -> None:
        """
        Tors before 0.2.3 tell the local time alone.
        """
        event = AddrMapEvent('a.example 192.0.2.1 "2010-01-01 00:00:00"')
        self.assertEqual((event.never_expires, event.expiry, event.cached), (False, None, None))
        self.assertIsNone(AddrMapEvent("a.example 192.0.2.1").never_expires)
