# -*- test-case-name: txtor.test.testing.test_network -*-
"""
The keys of directory authorities, made by tor's own programs before the network starts.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from txtor._deferred import deferred
from txtor.errors import LaunchError, TorNotFound

from ._network_process import Children
from ._network_torrc import AuthorityIdentity
from ._network_view import NodeView


@dataclass(frozen=True)
class TorPrograms:
    """
    The programs that a private network needs.

    :ivar tor: the path of tor.
    :ivar gencert: the path of tor-gencert, which comes with it.
    """

    tor: str
    gencert: str


def find_programs(tor_binary: str | None = None) -> TorPrograms:
    """
    Find tor, and tor-gencert beside it or in ``PATH``.

    :param tor_binary: the path of tor, or a name to look for in ``PATH``; ``None`` is ``"tor"``.
    :raises TorNotFound: there is no such program.
    :raises LaunchError: there is tor without tor-gencert.
    """
    wanted = "tor" if tor_binary is None else tor_binary
    tor = shutil.which(wanted)
    if tor is None:
        raise TorNotFound([wanted] if os.path.dirname(wanted) else os.environ.get("PATH", os.defpath).split(os.pathsep))
    beside = os.path.join(os.path.dirname(os.path.realpath(tor)), "tor-gencert")
    gencert = shutil.which(beside) or shutil.which("tor-gencert")
    if gencert is None:
        raise LaunchError(
            f"tor-gencert, which makes the keys of directory authorities, was found neither as {beside} nor in PATH. "
            "It comes with tor: install the package tor of your system, or put it beside the tor that you built."
        )
    return TorPrograms(os.path.abspath(tor), os.path.abspath(gencert))


def certified_identity(certificate: str) -> str | None:
    """
    The voting identity that a key certificate names.

    See dir-spec 3.1, the item "fingerprint".
    """
    for line in certificate.splitlines():
        keyword, _, value = line.partition(" ")
        if keyword == "fingerprint":
            return value.strip()
    return None


@deferred
async def make_certificate(children: Children, programs: TorPrograms, node: NodeView) -> str:
    """
    Make an authority's voting keys, unless it has them.

    :return: the fingerprint of its voting identity.
    :raises LaunchError: tor-gencert failed.
    """
    os.makedirs(node.path("keys"), mode=0o700, exist_ok=True)
    names = {"-i": "identity_key", "-s": "signing_key", "-c": "certificate"}
    files = {option: node.path(f"keys/authority_{name}") for option, name in names.items()}
    if not os.path.exists(files["-c"]):
        for path in files.values():
            if os.path.exists(path):
                os.remove(path)
        options = [word for option, path in files.items() for word in (option, path)]
        where = ["-a", f"127.0.0.1:{node.dir_port}", "-m", "12"]
        await children.run(
            [programs.gencert, "--create-identity-key", "--passphrase-fd", "0", *where, *options],
            node.data_directory,
            b"txtor\n",
        )
    identity = certified_identity(node.read("keys/authority_certificate"))
    if identity is None:
        raise LaunchError(f"{files['-c']} is not a key certificate of an authority.")
    return identity


@deferred
async def make_identity(children: Children, programs: TorPrograms, node: NodeView) -> str:
    """
    Make an authority's relay identity, unless it has it.

    :return: its fingerprint.
    :raises LaunchError: tor failed.
    """
    if node.fingerprint is None:
        empty = node.path("empty")
        with open(empty, "wb"):
            pass
        nobody = f"nobody 127.0.0.1:1 {'f' * 40}"
        options = ["--DataDirectory", node.data_directory, "--nickname", node.nickname, "--orport", str(node.or_port)]
        files = ["-f", empty, "--defaults-torrc", empty]
        test = ["--TestingTorNetwork", "1", "--DirAuthority", nobody]
        await children.run([programs.tor, "--list-fingerprint", *options, *test, *files], node.data_directory)
    fingerprint = node.fingerprint
    if fingerprint is None:
        raise LaunchError(f"tor wrote no {node.path('fingerprint')}.")
    return fingerprint


@deferred
async def make_authority(children: Children, programs: TorPrograms, node: NodeView) -> AuthorityIdentity:
    """
    All keys of an authority. What it has already is kept.

    :raises LaunchError: a program failed.
    """
    v3ident = await make_certificate(children, programs, node)
    return AuthorityIdentity(v3ident, await make_identity(children, programs, node))
