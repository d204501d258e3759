# -*- test-case-name: txtor.test.directory.test_archive_to_parquet -*-
"""
The example that turns an archive into a Parquet file, run as its readers run it.
"""

from __future__ import annotations

import lzma
import os
import pathlib
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from .documents import broken_descriptors, real
from .test_reading import make_tar

ROOT = pathlib.Path(__file__).parents[3]


class ExampleTests(SynchronousTestCase):
    """
    ``examples/archive_to_parquet.py``.
    """

    def run_example(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """
        The example's output.
        """
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(ROOT / "examples" / "archive_to_parquet.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)

    def test_run(self) -> None:
        """
        An archive in xz and a plain file become one table; the broken descriptor is told with its place.
        """
        folder = pathlib.Path(self.mktemp())
        folder.mkdir()
        archive, plain, target = folder / "a.tar.xz", folder / "cached-descriptors", folder / "relays.parquet"
        archive.write_bytes(lzma.compress(make_tar({"x": broken_descriptors(3, 1), "y": real("server-descriptors")})))
        plain.write_bytes(real("server-authority"))
        done = self.run_example(str(archive), str(plain), str(target))
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "10 descriptors")
        self.assertEqual(lines[1].split()[:2], ["0.4.9", "10"])
        self.assertIn("a.tar.xz(x):", done.stderr)
        self.assertIn("2/2 files, 10 descriptors, 1 errors", done.stderr)

    def test_usage(self) -> None:
        """
        Without arguments it says how it is used.
        """
        done = self.run_example()
        self.assertEqual(done.returncode, 2)
        self.assertIn("relays.parquet", done.stderr)
