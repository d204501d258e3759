# -*- test-case-name: txtor.test.test_errors -*-
"""
Tests of the tree of errors.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor import errors


class ErrorTests(SynchronousTestCase):
    """
    One tree, which callers of other libraries can catch as they did.
    """

    def test_one_tree(self) -> None:
        """
        Every error is a TorError, which is a RuntimeError.
        """
        classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
        self.assertGreater(len(classes), 40)
        for each in classes:
            if each.__module__.startswith("txtor"):
                self.assertTrue(issubclass(each, errors.TorError), each)
        self.assertTrue(issubclass(errors.TorError, RuntimeError))
        self.assertTrue(issubclass(errors.InvalidArgument, ValueError))

    def test_refusals(self) -> None:
        """
        Case 11: a class for each status of the specification, and the common one for all others.
        """
        for status in (451, 500, 510, 511, 512, 513, 514, 515, 550, 551, 552, 553, 554, 555):
            error = errors.refusal(status, "because", "GETINFO")
            self.assertIsNot(type(error), errors.TorRefused)
            self.assertEqual((error.status, error.code, error.text, error.command), (status, status, "because", "GETINFO"))
            self.assertEqual(str(error), f"GETINFO: {status} because")
        self.assertIs(type(errors.refusal(599, "new")), errors.TorRefused)
        self.assertEqual(errors.refusal(599, "new").lines, ((599, "new"),))

    def test_texts(self) -> None:
        """
        An error says what a person needs: the place, the command, the lines that Tor printed, what to install.
        """
        self.assertIn("during GETINFO", str(errors.Disconnected("gone", "GETINFO")))
        self.assertIn("5 s", str(errors.CommandTimeout("GETINFO", 5)))
        self.assertIn("Tor said:\n  no", str(errors.LaunchError("It failed.", ["no"], 1)))
        self.assertIn("apt-get install tor", str(errors.TorNotFound(["/usr/bin"])))
        self.assertIn("/c", str(errors.CookieUnreadable("/c", "no")))
        self.assertIn("none", str(errors.NoUsableMethod([])))
        self.assertIn("$A: full", str(errors.OnionPublishError("No.", {"$A": "full"})))
        self.assertEqual(str(errors.DocumentError("vote", "bad", 3, "dir-spec 3")), "vote, line 3: bad (dir-spec 3)")
        found = errors.ControlPortNotFound([("tcp:1", errors.Disconnected("no"))], "Do this.")
        self.assertIn("\n  tcp:1: no\nDo this.", str(found))
