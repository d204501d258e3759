# -*- test-case-name: txtor.test.onion.test_authentication -*-
"""
The keys with which Tor is let in by onion services, on a Tor in memory. `txtor.test.test_contract` holds it to the real one.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor._deferred import deferred
from txtor.errors import Disconnected, InvalidArgument, InvalidConfigurationValue
from txtor.onion import ClientAuthKey, OnionKey
from txtor.test.onion.services import KEY, OnionTor

ADDRESS = KEY.address


class AuthenticationTests(SynchronousTestCase):
    """
    Case 104, the client's side.
    """

    def setUp(self) -> None:
        self.tor = OnionTor()
        self.controller = self.tor.controller
        self.key = ClientAuthKey.generate()

    def test_add_and_remove(self) -> None:
        """
        A key is given, in any spelling; a second one replaces it; it is removed once.
        """
        for key, replaced in ((self.key, False), (self.key.blob, True), (self.key.blob.partition(":")[2], True)):
            adding = self.controller.onion_authentication(ADDRESS.hostname, key).add()
            self.assertEqual(self.successResultOf(adding), replaced)
        self.assertEqual(self.tor.client_keys, {ADDRESS.bare: f"{ADDRESS.bare} {self.key.blob}"})
        removing = self.controller.onion_authentication(ADDRESS)
        self.assertEqual([self.successResultOf(removing.remove()) for _ in range(2)], [True, False])

    def test_list(self) -> None:
        """
        What Tor has is listed, of all services or of one, and can be removed by what is listed.
        """
        other = OnionKey.generate().address
        self.tor.configuration._values["ClientOnionAuthDir"] = ["/somewhere"]
        self.successResultOf(self.controller.onion_authentication(ADDRESS, self.key, name="bob").add())
        self.successResultOf(self.controller.onion_authentication(other, self.key, permanent=True).add())
        listed = self.successResultOf(self.controller.onion_authentications())
        described = [(each.address, each.key, each.name, each.permanent) for each in listed]
        self.assertEqual(described, [(ADDRESS, self.key, "bob", False), (other, self.key, None, True)])
        (one,) = self.successResultOf(self.controller.onion_authentications(other.hostname))
        self.assertTrue(self.successResultOf(one.remove()))
        self.assertEqual(self.successResultOf(self.controller.onion_authentications(other)), [])

    def test_context(self) -> None:
        """
        As a context manager it adds the key and removes it, also when the body fails.
        """

        @deferred
        async def visit() -> None:
            async with self.controller.onion_authentication(ADDRESS, self.key) as authentication:
                self.assertEqual(authentication.address, ADDRESS)
                self.assertEqual(list(self.tor.client_keys), [ADDRESS.bare])
                raise KeyError("the body fails")

        self.failureResultOf(visit(), KeyError)
        self.assertEqual(self.tor.client_keys, {})

    def test_permanent_without_a_place(self) -> None:
        """
        A Tor without ClientOnionAuthDir keeps nothing, and says so.
        """
        adding = self.controller.onion_authentication(ADDRESS, self.key, permanent=True).add()
        self.failureResultOf(adding, InvalidConfigurationValue)

    def test_wrong_arguments(self) -> None:
        """
        What cannot be is told before Tor is asked, and shows nothing of the key. Cases 10 and 106.
        """
        secret = self.key.blob.partition(":")[2]
        for address, key, name in (
            ("x", self.key, None),
            (ADDRESS, secret[:-2], None),
            (ADDRESS, "y25519:" + secret, None),
            (ADDRESS, self.key, "seventeen letters"),
            (ADDRESS, self.key, "x" * 17),
            (ADDRESS, self.key, "a b"),
        ):
            with self.assertRaises(InvalidArgument) as caught:
                self.controller.onion_authentication(address, key, name=name)
            self.assertNotIn(secret[:8], str(caught.exception))
        self.failureResultOf(self.controller.onion_authentication(ADDRESS).add(), InvalidArgument)
        self.failureResultOf(self.controller.onion_authentications("x"), InvalidArgument)
        self.assertEqual(self.tor.received, [])

    def test_secret(self) -> None:
        """
        The key is in no ``repr``.
        """
        text = repr(self.controller.onion_authentication(ADDRESS, self.key, permanent=True))
        self.assertIn(ADDRESS.hostname, text)
        self.assertNotIn(self.key.blob.partition(":")[2][:8], text)

    def test_disconnected(self) -> None:
        """
        Without a connection each fails once.
        """
        self.tor.drop()
        authentication = self.controller.onion_authentication(ADDRESS, self.key)
        for waiting in (authentication.add(), authentication.remove(), self.controller.onion_authentications()):
            self.failureResultOf(waiting, Disconnected)
