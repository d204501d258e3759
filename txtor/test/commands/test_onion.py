# -*- test-case-name: txtor.test.commands.test_onion -*-
"""
Tests of the commands about onion services.
"""

from __future__ import annotations

import base64
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import AddOnion, DelOnion, HsFetch, HsPost, Port
from txtor.errors import (
    ArgumentSyntaxError,
    InvalidArgument,
    InvalidDescriptor,
    ProtocolViolation,
    UnrecognizedEntity,
    UnspecifiedTorError,
)

from .tor_side import reply

ONION = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"
KEY = "ED25519-V3:" + base64.b64encode(bytes(range(64))).decode()
CLIENT = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"


class AddOnionTests(SynchronousTestCase):
    """
    ADD_ONION.
    """

    def words(self, **arguments: Any) -> list[str]:
        """
        What stands behind the keyword.
        """
        return AddOnion(**{"ports": [80], **arguments}).to_wire().decode().removesuffix("\r\n").split(" ")[1:]

    def test_ports(self) -> None:
        """
        Case 8: ports as numbers, texts and pairs; IPv6 targets and unix sockets work.
        """
        ports: list[Port] = [80, "81", "82,8082", "83,127.0.0.1:8083", "84,[::1]:8084", "85,unix:/a,b"]
        ports += [(86, 8086), (87, "unix:/a/b"), (88, "8088")]
        self.assertEqual(
            self.words(ports=ports),
            [
                "NEW:BEST", "Port=80", "Port=81", "Port=82,8082", "Port=83,127.0.0.1:8083", "Port=84,[::1]:8084",
                "Port=85,unix:/a,b", "Port=86,8086", "Port=87,unix:/a/b", "Port=88,8088",
            ],
        )  # fmt: skip

    def test_bad_ports(self) -> None:
        """
        Case 8: a path with a blank and ports out of range are refused before they are sent, saying why.
        """
        wrong: list[Any] = [
            0, 65536, -1, True, 1.0, None, b"80", (80,), (80, None, 1), (80, 0), (80, "a b:80"), (80, 1.0), (80, ["a"]),
            "0", "65536", "x", "", "80 81", "80,", "80,0", "80,x", "80,:80", "80,a:0", "80,a:", "80,unix:",
            "80,unix:/a b", '80,unix:"/a"', "٨٠", "80,é:80",
        ]  # fmt: skip
        for port in wrong:
            self.assertRaises(InvalidArgument, AddOnion, ports=[port])
        no_lists: list[Any] = [[], "80", 80, None]
        for ports in no_lists:
            self.assertRaises(InvalidArgument, AddOnion, ports=ports)
        error = self.assertRaises(InvalidArgument, AddOnion, ports=["80,unix:/a b"])
        self.assertIn("spaces", str(error))

    def test_options(self) -> None:
        """
        Every option; V3Auth comes with the clients.
        """
        self.assertEqual(
            self.words(
                key=KEY,
                flags=["DiscardPK", "Detach"],
                max_streams=0,
                client_auth=[CLIENT, CLIENT.lower()],
                pow_enabled=True,
                pow_queue_rate=250,
                pow_queue_burst=2500,
            ),
            [
                KEY, "Flags=DiscardPK,Detach,V3Auth", "MaxStreams=0",
                "PoWDefensesEnabled=1", "PoWQueueRate=250", "PoWQueueBurst=2500", "Port=80",
                f"ClientAuthV3={CLIENT}", f"ClientAuthV3={CLIENT.lower()}",
            ],
        )  # fmt: skip
        self.assertEqual(self.words(pow_enabled=False), ["NEW:BEST", "PoWDefensesEnabled=0", "Port=80"])
        self.assertEqual(self.words(flags=["v3auth"], client_auth=[CLIENT])[1], "Flags=v3auth")

    def test_never_clientauth(self) -> None:
        """
        The legacy keyword, which tor never answers, is never sent.
        """
        self.assertNotIn("ClientAuth=", AddOnion(ports=[80], client_auth=[CLIENT]).to_wire().decode())

    def test_bad_options(self) -> None:
        """
        What is refused before it is sent.
        """
        wrong: list[dict[str, Any]] = [
            {"flags": ["V3Auth"]}, {"flags": ["a,b"]}, {"flags": "Detach"}, {"flags": [""]},
            {"max_streams": -1}, {"max_streams": 65536}, {"max_streams": True},
            {"client_auth": ["A" * 51]}, {"client_auth": ["1" * 52]}, {"client_auth": CLIENT}, {"client_auth": [5]},
            {"pow_queue_rate": -1}, {"pow_queue_burst": "5"}, {"pow_queue_rate": 1 << 40},
        ]  # fmt: skip
        for arguments in wrong:
            self.assertRaises(InvalidArgument, AddOnion, ports=[80], **arguments)

    def test_keys(self) -> None:
        """
        Cases 96 and 100: a key says its type; those of version 2 are refused with the reason; types to come are let through.
        """
        for key in ("NEW:BEST", "new:ed25519-v3", KEY, KEY.rstrip("="), "ED448-V4:abc", "NEW:ED448-V4"):
            self.assertEqual(self.words(key=key)[0], key)
        wrong: list[Any] = [
            "", "abc", KEY[11:], "RSA1024:abc", "NEW:RSA1024", "ED25519-V3:", "ED25519-V3:AAAA", KEY + "\n",
            KEY + " Flags=x", "ED448-V4:a b", "é:a", None, b"NEW:BEST",
        ]  # fmt: skip
        for key in wrong:
            self.assertRaises(InvalidArgument, AddOnion, key, [80])
        self.assertIn("ED25519-V3:", str(self.assertRaises(InvalidArgument, AddOnion, KEY[11:], [80])))
        self.assertIn("version 2", str(self.assertRaises(InvalidArgument, AddOnion, "RSA1024:abc", [80])))

    def test_reply(self) -> None:
        """
        A new service, its key, and who is let in; lines to come are kept.
        """
        told = AddOnion(ports=[80]).parse_reply(
            reply(f"250-ServiceID={ONION}", f"250-PrivateKey={KEY}", f"250-ClientAuthV3={CLIENT}", "250-New=x", "250 OK")
        )
        self.assertEqual((told.service_id, told.private_key, told.client_auth, told.others), (ONION, KEY, (CLIENT,), ("New=x",)))
        self.assertNotIn(KEY[11:], repr(told))
        self.assertIn(ONION, repr(told))

    def test_reply_without_key(self) -> None:
        """
        Case 100: DiscardPK, and a key that was given.
        """
        told = AddOnion(KEY, [80]).parse_reply(reply(f"250-ServiceID={ONION}", "250 OK"))
        self.assertIsNone(told.private_key)

    def test_not_understood(self) -> None:
        """
        A reply without an address, or with one that is none.
        """
        for line in ("250-New=x", "250-ServiceID=", f"250-ServiceID={ONION[:-1]}a", "250-serviceid=" + ONION):
            self.assertRaises(ProtocolViolation, AddOnion(ports=[80]).parse_reply, reply(line, "250 OK"))
        self.assertRaises(ProtocolViolation, AddOnion(ports=[80]).parse_reply, reply("250 OK"))

    def test_refused(self) -> None:
        """
        Cases 101 and 104: a service that is there already; an option that an older Tor has not.
        """
        self.assertRaises(UnspecifiedTorError, AddOnion(KEY, [80]).parse_reply, reply("550 Onion address collision"))
        self.assertRaises(ArgumentSyntaxError, AddOnion(ports=[80]).parse_reply, reply("512 Unrecognized argument"))


class DescriptorTests(SynchronousTestCase):
    """
    The other three.
    """

    def test_addresses(self) -> None:
        """
        Case 106: one normal form of all that people write; what is mistyped is refused.
        """
        for address in (ONION, ONION.upper(), ONION + ".onion", ONION + ".ONION."):
            self.assertEqual(DelOnion(address).to_wire(), f"DEL_ONION {ONION}\r\n".encode())
            self.assertEqual(HsFetch(address).to_wire(), f"HSFETCH {ONION}\r\n".encode())
            self.assertIn(f"HSADDRESS={ONION}\r\n".encode(), HsPost("x", address).to_wire())
        wrong: list[Any] = ["", ONION[:-1], ONION[:-1] + "e", "a" * 56, "www." + ONION, ONION + "\n", ONION + " x", None, 5, b"x"]
        for address in wrong:
            self.assertRaises(InvalidArgument, DelOnion, address)
            self.assertRaises(InvalidArgument, HsFetch, address)
            self.assertRaises(InvalidArgument, HsPost, "x", address)

    def test_servers(self) -> None:
        """
        Relays to ask or to give it to.
        """
        servers = ["a" * 40, "nick"]
        expected = f"SERVER=${'A' * 40} SERVER=nick"
        self.assertEqual(HsFetch(ONION, servers).to_wire(), f"HSFETCH {ONION} {expected}\r\n".encode())
        wire = HsPost(b"hs-descriptor 3\n.\n", ONION, servers).to_wire()
        self.assertEqual(wire, f"+HSPOST {expected} HSADDRESS={ONION}\r\nhs-descriptor 3\r\n..\r\n.\r\n".encode())
        for wrong in ("nick", ["a b"], [5], ["$" + "a" * 39]):
            self.assertRaises(InvalidArgument, HsFetch, ONION, wrong)
            self.assertRaises(InvalidArgument, HsPost, "x", ONION, wrong)

    def test_refused(self) -> None:
        """
        Tor's refusals by class.
        """
        self.assertRaises(UnrecognizedEntity, DelOnion(ONION).parse_reply, reply("552 Unknown Onion Service id"))
        self.assertRaises(UnrecognizedEntity, HsFetch(ONION).parse_reply, reply('552 Server "x" not found'))
        self.assertRaises(InvalidDescriptor, HsPost("x", ONION).parse_reply, reply("554 Invalid descriptor"))
