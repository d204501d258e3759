# -*- test-case-name: txtor.test.test_contract -*-
"""
What a Tor does to a controller, as a contract: the same tests run on `FakeTor` and on a real Tor of the private network.

What FakeTor does otherwise than Tor is a fault of FakeTor's.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from txtor import connect
from txtor._deferred import deferred
from txtor.commands import (
    AddOnion,
    DelOnion,
    ExtendCircuit,
    HsFetch,
    HsPost,
    MapAddress,
    OnionClientAuthAdd,
    OnionClientAuthRemove,
    OnionClientAuthView,
    RawCommand,
    SetCircuitPurpose,
)
from txtor.control import TorControlProtocol
from txtor.errors import (
    ArgumentSyntaxError,
    Disconnected,
    InvalidConfigurationValue,
    TorRefused,
    UnimplementedCommand,
    UnrecognizedArgument,
    UnrecognizedCommand,
    UnrecognizedEntity,
    UnspecifiedTorError,
)
from txtor.events import CircuitEvent, ConfChangedEvent, Event, SignalEvent
from txtor.onion import ClientAuthKey, OnionKey
from txtor.testing import FakeTor, TorNetworkTestCase


class ControlContract:
    """
    What holds for every Tor.
    """

    protocol: TorControlProtocol

    #: Relays of which a circuit can be built.
    path: list[str]

    async def another(self) -> TorControlProtocol:
        """
        Another authenticated connection to the same Tor.
        """
        raise NotImplementedError

    async def refused(self, waiting: Deferred[Any], kind: type[TorRefused], text: str = "") -> None:
        """
        Something is refused with a status, and Tor's own words.
        """
        try:
            await waiting
        except TorRefused as error:
            assert type(error) is kind, f"{error!r} is no {kind.__name__}"
            assert text in error.text, error.text
        else:
            raise AssertionError(f"not refused with {kind.__name__}")

    async def event(self, keyword: str, kind: type[Event]) -> tuple[Any, Deferred[Any]]:
        """
        A listener that is in place, and a Deferred for the first event that it hears.
        """
        heard: Deferred[Any] = Deferred()

        def listener(event: Event) -> None:
            assert isinstance(event, kind)
            if not heard.called:
                heard.callback(event)

        await self.protocol.add_event_listener(keyword, listener)
        return listener, heard

    @deferred
    async def test_get_info(self: Any) -> None:
        """
        Cases 12 and 19: values by key, in any number; an unknown key fails all and is named.
        """
        values = await self.protocol.get_info("version", "events/names")
        self.assertTrue(values["version"].startswith("0."))
        self.assertIn("CIRC", values["events/names"].split(" "))
        self.assertEqual(await self.protocol.get_info(), {})
        await self.refused(self.protocol.get_info("version", "bogus/key"), UnrecognizedEntity, "bogus/key")
        await self.refused(self.protocol.get_info("VERSION"), UnrecognizedEntity)

    @deferred
    async def test_order(self: Any) -> None:
        """
        Case 23: what is pipelined is answered in order.
        """
        keys = ["version", "bogus", "events/names"] * 100
        answers = await gatherResults([self.protocol.get_info_single(key, default="none") for key in keys])
        self.assertEqual([answer == "none" for answer in answers], [key == "bogus" for key in keys])

    @deferred
    async def test_get_conf(self: Any) -> None:
        """
        Case 18: options in any capitals and shortened; unset is empty; an unknown one is named.
        """
        values = await self.protocol.get_conf("maxcircuitdirtiness", "CONTACTINFO", "ExitNodes")
        self.assertEqual(values, {"maxcircuitdirtiness": "600", "CONTACTINFO": None, "ExitNodes": None})
        self.assertEqual(await self.protocol.get_conf(), {})
        await self.refused(self.protocol.get_conf("Bogus", "Nickname"), UnrecognizedEntity, "Bogus")

    @deferred
    async def test_set_conf(self: Any) -> None:
        """
        Cases 1, 4 and 46: any text comes back; CONF_CHANGED follows the reply and says the same.
        """
        try:
            for value in ('a "q" \\ b', "t\tn\nr\r#", " lead", "'x'", '"x"', "é=", 'x" Nickname="evil'):
                listener, heard = await self.event("CONF_CHANGED", ConfChangedEvent)
                await self.protocol.set_conf("ContactInfo", value)
                self.assertEqual((await heard).changed, {"ContactInfo": [value]})
                self.assertEqual(await self.protocol.get_conf_single("ContactInfo"), value)
                await self.protocol.remove_event_listener("CONF_CHANGED", listener)
            self.assertNotEqual(await self.protocol.get_conf_single("Nickname"), "evil")
        finally:
            await self.protocol.reset_conf("ContactInfo")
        self.assertIsNone(await self.protocol.get_conf_single("ContactInfo"))

    @deferred
    async def test_refused_options(self: Any) -> None:
        """
        Case 69: unknown, unacceptable and fixed options are refused, each with its status, and nothing is changed.
        """
        await self.refused(self.protocol.set_conf("ContactInfo", "x", "Bogus", "1"), UnrecognizedEntity, "Bogus")
        await self.refused(self.protocol.set_conf("ContactInfo", "x", "NumCPUs", "many"), UnrecognizedArgument, "NumCPUs")
        fixed = self.protocol.set_conf("ContactInfo", "x", "DataDirectory", "/nowhere")
        await self.refused(fixed, InvalidConfigurationValue, "DataDirectory")
        self.assertIsNone(await self.protocol.get_conf_single("ContactInfo"))

    @deferred
    async def test_events(self: Any) -> None:
        """
        Case 10: one unknown event refuses the whole set and changes nothing.
        """
        listener, heard = await self.event("SIGNAL", SignalEvent)
        await self.refused(self.protocol.add_event_listeners({"BW": listener, "BOGUS": listener}), UnrecognizedEntity, "BOGUS")
        await self.protocol.signal("heartbeat")
        self.assertEqual((await heard).signal, "HEARTBEAT")
        await self.refused(self.protocol.signal("E"), UnrecognizedEntity)

    @deferred
    async def test_commands(self: Any) -> None:
        """
        Unknown commands, obsolete ones, and those that need arguments.
        """
        await self.refused(self.protocol.queue_command("BOGUS x"), UnrecognizedCommand, "BOGUS")
        await self.refused(self.protocol.queue_command("SETROUTERPURPOSE a b"), UnimplementedCommand)
        await self.refused(self.protocol.queue_command("SIGNAL"), ArgumentSyntaxError)
        await self.refused(self.protocol.queue_command("CLOSECIRCUIT"), ArgumentSyntaxError)
        await self.refused(self.protocol.queue_command("USEFEATURE BOGUS"), UnrecognizedEntity)
        self.assertEqual(await self.protocol.queue_command("usefeature VERBOSE_NAMES"), "OK")

    @deferred
    async def test_map_address(self: Any) -> None:
        """
        Case 13: each mapping has its own answer.
        """
        outcome = await self.protocol.send(MapAddress({"contract.example": "10.1.2.3"}))
        self.assertEqual(list(outcome), ["contract.example"])
        reply = self.protocol.send(RawCommand("MAPADDRESS a.contract.example=10.1.2.4 b.contract.example=10.0.0.1/8"))
        await self.refused(reply, ArgumentSyntaxError)
        await self.protocol.send(MapAddress({"contract.example": "contract.example"}))

    @deferred
    async def test_circuits(self: Any) -> None:
        """
        A circuit that is extended is launched after the reply, and can be changed and closed; there is no other.
        """
        heard: list[str] = []
        done: Deferred[None] = Deferred()

        def listener(event: CircuitEvent) -> None:
            heard.append(f"{event.id} {event.status}")
            if event.status in ("CLOSED", "FAILED") and not done.called:
                done.callback(None)

        await self.protocol.add_event_listener("CIRC", listener)
        circuit = await self.protocol.send(ExtendCircuit(path=self.path, purpose="controller"))
        await self.protocol.send(SetCircuitPurpose(circuit, "general"))
        await self.protocol.queue_command(f"CLOSECIRCUIT {circuit}")
        await done
        self.assertEqual(heard[0], f"{circuit} LAUNCHED")
        self.assertIn(heard[-1], (f"{circuit} CLOSED", f"{circuit} FAILED"))
        await self.refused(self.protocol.queue_command(f"CLOSECIRCUIT {circuit}"), UnrecognizedEntity, circuit)
        await self.refused(self.protocol.queue_command("EXTENDCIRCUIT 99999999 relay"), UnrecognizedEntity)
        await self.refused(self.protocol.send(ExtendCircuit(path=["F" * 40])), UnrecognizedEntity)
        await self.refused(self.protocol.send(ExtendCircuit(path=self.path, purpose="fun")), UnrecognizedEntity)
        await self.refused(self.protocol.queue_command("ATTACHSTREAM 99999999 0"), UnrecognizedEntity)

    @deferred
    async def test_onion(self: Any) -> None:
        """
        Case 101: a service with a key has its address; the same key twice is a collision; it can be removed once.
        """
        made = await self.protocol.send(AddOnion(ports=[(80, "127.0.0.1:1")]))
        self.assertEqual(len(made.service_id), 56)
        self.assertEqual(await self.protocol.get_info_single("onions/current"), made.service_id)
        await self.refused(
            self.protocol.send(AddOnion(key=made.private_key, ports=[(80, "127.0.0.1:1")])), UnspecifiedTorError, "collision"
        )
        await self.protocol.send(DelOnion(made.service_id))
        again = await self.protocol.send(AddOnion(key=made.private_key, ports=[(80, "127.0.0.1:1")]))
        self.assertEqual((again.service_id, again.private_key), (made.service_id, None))
        await self.protocol.send(DelOnion(made.service_id))
        await self.refused(self.protocol.send(DelOnion(made.service_id)), UnrecognizedEntity)
        await self.refused(self.protocol.queue_command("DEL_ONION x"), ArgumentSyntaxError)

    @deferred
    async def test_detached_onion(self: Any) -> None:
        """
        A service that is detached outlives its connection, and is anybody's to remove; one of a connection is that connection's.
        """
        other = await self.another()
        detached = await other.send(AddOnion(ports=[(80, "127.0.0.1:1")], flags=["Detach"]))
        attached = await other.send(AddOnion(ports=[(80, "127.0.0.1:1")]))
        self.assertEqual(await other.get_info_single("onions/current"), attached.service_id)
        self.assertEqual(await self.protocol.get_info_single("onions/current"), "")
        await self.refused(self.protocol.send(DelOnion(attached.service_id)), UnrecognizedEntity)
        gone = other.when_disconnected()
        await other.quit()
        await gone
        self.assertIn(detached.service_id, (await self.protocol.get_info_single("onions/detached")).splitlines())
        await self.refused(
            self.protocol.send(AddOnion(key=detached.private_key, ports=[(80, "127.0.0.1:1")])), UnspecifiedTorError, "collision"
        )
        await self.protocol.send(DelOnion(detached.service_id))
        self.assertNotIn(detached.service_id, (await self.protocol.get_info_single("onions/detached")).splitlines())
        again = await self.protocol.send(AddOnion(key=attached.private_key, ports=[(80, "127.0.0.1:1")]))
        await self.protocol.send(DelOnion(again.service_id))

    @deferred
    async def test_onion_descriptors(self: Any) -> None:
        """
        HSFETCH and HSPOST are acknowledged at once, and refused where an address or a relay is none.
        """
        address = OnionKey.generate().address
        await self.refused(self.protocol.queue_command("HSFETCH x"), UnrecognizedArgument, "x")
        await self.refused(self.protocol.send(HsFetch(address.bare, ["F" * 40])), UnrecognizedEntity, "F")
        self.assertEqual(await self.protocol.queue_command(f"HSFETCH {address.bare}"), "OK")
        await self.refused(self.protocol.send(HsPost(b"x", address.bare, ["F" * 40])), UnrecognizedEntity, "F")

    @deferred
    async def test_onion_authorization(self: Any) -> None:
        """
        The key for a service is added, replaced, shown and removed; where there is nothing to remove, 251 says so. Case 104.
        """
        address, keys = OnionKey.generate().address.bare, [ClientAuthKey.generate() for _ in range(2)]
        for key, status in zip(keys, (250, 251), strict=True):
            outcome = await self.protocol.send(OnionClientAuthAdd(address, key.blob, "bob"))
            self.assertEqual(outcome.status, status)
        (entry,) = await self.protocol.send(OnionClientAuthView(address))
        self.assertEqual((entry.address, entry.key, entry.client_name, entry.flags), (address, keys[1].blob, "bob", ()))
        self.assertIn(entry, await self.protocol.send(OnionClientAuthView()))
        permanent = self.protocol.send(OnionClientAuthAdd(address, keys[0].blob, permanent=True))
        await self.refused(permanent, InvalidConfigurationValue, "store")
        for status in (250, 251):
            self.assertEqual((await self.protocol.send(OnionClientAuthRemove(address))).status, status)
        self.assertEqual(await self.protocol.send(OnionClientAuthView(address)), ())
        await self.refused(self.protocol.queue_command("ONION_CLIENT_AUTH_VIEW x"), ArgumentSyntaxError, "x")
        await self.refused(self.protocol.queue_command(f"ONION_CLIENT_AUTH_ADD {address} x:y"), UnrecognizedEntity, "x")

    @deferred
    async def test_quit(self: Any) -> None:
        """
        Case 28: QUIT ends one connection and no other.
        """
        other = await self.another()
        gone = other.when_disconnected()
        await other.quit()
        self.assertIsInstance(await gone, Disconnected)
        try:
            await other.get_info("version")
        except Disconnected as error:
            self.assertEqual(error.command, "GETINFO")
        else:
            self.fail("a command after the end")
        await self.protocol.get_info("version")


class FakeTorTests(ControlContract, TestCase):
    """
    The contract, kept by `FakeTor`.
    """

    def setUp(self) -> None:
        self.tor = FakeTor()
        self.protocol = self.tor.connect()
        self.path = ["relay1", "relay2"]

    async def another(self) -> TorControlProtocol:
        return self.tor.connect()


class RealTorTests(ControlContract, TorNetworkTestCase):
    """
    The contract, kept by tor.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a Deferred
        await super().setUp()
        self.protocol = await self.another()
        self.path = [node.fingerprint or "" for node in self.network.exits[:2]]
        self.addCleanup(self.protocol.quit)

    async def another(self) -> TorControlProtocol:
        return (await connect(self.reactor, self.network.clients[0].control_endpoint)).protocol
