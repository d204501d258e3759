"""
Small programs for what can only be seen in a fresh interpreter.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import txtor


def run(program: str) -> str:
    """
    Run a program that can import txtor.

    :return: what it printed.
    """
    root = pathlib.Path(txtor.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
