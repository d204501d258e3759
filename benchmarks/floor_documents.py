# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
The floor of the documents: regular expressions that take every entry for good, and the cryptography alone.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable
from itertools import pairwise

from measuring import Meter, Options, Result, Workers

ENTRY = re.compile(
    rb"\nr (\S+) (\S+) (?:(\S+) )?(\d\S+ \S+) (\S+) (\d+) (\d+)\n((?:a \S+\n)*)(?:m (\S+)\n)?s ?([^\n]*)\n(?:v ([^\n]*)\n)?"
    rb"(?:pr ([^\n]*)\n)?w Bandwidth=(\d+)"
)
MICRODESCRIPTOR = re.compile(
    rb"onion-key\n-----BEGIN RSA PUBLIC KEY-----\n([^-]*)-----END RSA PUBLIC KEY-----\nntor-onion-key (\S+)\n"
    rb"(?:family ([^\n]*)\n)?(?:p ([^\n]*)\n)?(?:p6 ([^\n]*)\n)?id ed25519 (\S+)\n"
)
SIGNED = re.compile(
    rb"router \S+ .*?ED25519 CERT-----\n(?P<certificate>.*?)-----END.*?master-key-ed25519 (?P<master>\S+)\n"
    rb".*?onion-key\n-----BEGIN RSA PUBLIC KEY-----\n(?P<onion>.*?)-----END"
    rb".*?signing-key\n-----BEGIN RSA PUBLIC KEY-----\n(?P<rsa>.*?)-----END"
    rb".*?BEGIN CROSSCERT-----\n(?P<crosscert>.*?)-----END.*?ntor-onion-key-crosscert (?P<sign>[01])\n"
    rb"-----BEGIN ED25519 CERT-----\n(?P<ntorcert>.*?)-----END.*?ntor-onion-key (?P<ntor>\S+)\n.*?(?P<ed_end>router-sig-ed25519 )"
    rb"(?P<ed_signature>\S+)\nrouter-signature\n(?P<end>)-----BEGIN SIGNATURE-----\n(?P<signature>.*?)-----END SIGNATURE-----\n",
    re.DOTALL,
)
ENCODED = ("certificate", "master", "onion", "rsa", "crosscert", "ntorcert", "ntor", "ed_signature", "signature")
FIELD = 2**255 - 19


def _consensus(name: str) -> Callable[[Options], Result]:
    def task(options: Options) -> Result:
        data = options.read(name)
        with Meter() as meter:
            found = ENTRY.findall(data)
        return meter.result(done=len(found))

    return task


def server_descriptors(options: Options) -> Result:
    """
    A split at the first line of each.
    """
    data = options.read("server-descriptors")
    with Meter() as meter:
        found = data.split(b"\nrouter ")
    return meter.result(done=len(found))


def microdescriptors(options: Options) -> Result:
    """
    A regular expression, and the digests by which they are known.
    """
    import hashlib

    data = options.read("microdescriptors")
    with Meter() as meter:
        found = {hashlib.sha256(data[m.start() : m.end()]).digest(): m.groups() for m in MICRODESCRIPTOR.finditer(data)}
    return meter.result(done=len(found))


def _verify(data: bytes) -> int:
    """
    All cryptography that server descriptors ask for: two RSA and three Ed25519 signatures each, and their hashes.
    """
    import hashlib  # here, so that the floor of the import does not have it before

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    load, padding, done = Ed25519PublicKey.from_public_bytes, PKCS1v15(), 0
    for found in SIGNED.finditer(data):
        raw = {key: a2b_base64(found[key] + b"==") for key in ENCODED}
        digest = hashlib.sha1(data[found.start() : found.start("end")]).digest()
        ed_digest = hashlib.sha256(b"Tor router descriptor signature v1" + data[found.start() : found.end("ed_end")]).digest()
        identity, onion = load_der_public_key(raw["rsa"]), load_der_public_key(raw["onion"])
        assert isinstance(identity, RSAPublicKey) and isinstance(onion, RSAPublicKey)
        done += identity.recover_data_from_signature(raw["signature"], padding, None) == digest
        both = hashlib.sha1(raw["rsa"]).digest() + raw["master"]
        assert onion.recover_data_from_signature(raw["crosscert"], padding, None) == both
        u = int.from_bytes(raw["ntor"], "little")
        ntor = ((u - 1) * pow(u + 1, -1, FIELD) % FIELD | int(found["sign"]) << 255).to_bytes(32, "little")
        for key, name in ((raw["master"], "certificate"), (ntor, "ntorcert")):
            load(key).verify(raw[name][-64:], raw[name][:-64])
        load(raw["certificate"][7:39]).verify(raw["ed_signature"], ed_digest)
    return done


def server_descriptors_verified(options: Options) -> Result:
    """
    The cryptography alone, of one after another.
    """
    data = options.read("server-descriptors")
    with Meter() as meter:
        done = _verify(data)
    return meter.result(done=done)


def server_descriptors_parallel(options: Options) -> Result:
    """
    The same on all processors: each has its part already, and tells a number.
    """
    data = options.read("server-descriptors")
    with Workers(_verify, b"") as workers:
        places = [len(data) * part // workers.count for part in range(1, workers.count)]
        starts = [0, *(data.find(b"\nrouter ", place) + 1 for place in places), len(data)]
        with Meter() as meter:
            done = sum(workers.executor.map(_verify, [data[start:end] for start, end in pairwise(starts)]))
        return workers.result(meter, done)


DOCUMENTS: dict[str, Callable[[Options], Result]] = {
    "consensus_ns": _consensus("consensus-ns"),
    "consensus_microdesc": _consensus("consensus-microdesc"),
    **{
        function.__name__: function
        for function in (server_descriptors, server_descriptors_verified, server_descriptors_parallel, microdescriptors)
    },
}
