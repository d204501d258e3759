# -*- test-case-name: txtor.test.directory.test_microdescriptor -*-
"""
Computing a microdescriptor from a server descriptor, as the authorities do.

The text is a function of the descriptor and the consensus method, so whoever has a verified consensus and a server descriptor can
tell whether the authorities wrote the right thing. See dir-spec 3.3, Computing microdescriptors.
"""

from __future__ import annotations

from txtor.errors import InvalidArgument

from ._encoding import unpadded
from ._make import write_item
from ._microdescriptor import Microdescriptor
from ._server_descriptor import ServerDescriptor

#: The methods that authorities still use; older ones wrote other texts.
_METHODS = range(32, 36)
_FAMILY_IDS_SINCE = 35
_NOTHING = "reject 1-65535"


def make_microdescriptor(descriptor: ServerDescriptor, method: int = 35) -> Microdescriptor:
    """
    Compute the microdescriptor of a relay.

    :param descriptor: verified by the caller: what it says is taken as it stands.
    :param method: the consensus method, 32 to 35.
    :raises InvalidArgument: the method is another one.
    :raises MalformedDocument: the descriptor cannot be read, or has no ntor key.

    See dir-spec 3.3, Computing microdescriptors.
    """
    if method not in _METHODS:
        raise InvalidArgument(f"Consensus method {method} is not one of {_METHODS.start} to {_METHODS.stop - 1}.")
    key = descriptor.onion_key
    text = write_item("onion-key") if key is None else write_item("onion-key", "RSA PUBLIC KEY", key.der)
    return Microdescriptor.parse(text + b"".join(map(write_item, _lines(descriptor, method))))


def _lines(descriptor: ServerDescriptor, method: int) -> list[str]:
    """
    The lines behind the onion-key, in the order of the authorities.
    """
    lines = []
    if descriptor.ntor_onion_key is not None:
        lines.append(f"ntor-onion-key {unpadded(descriptor.ntor_onion_key)}")
    if descriptor.family:
        lines.append(f"family {descriptor.family.canonical(descriptor.fingerprint)}")
    families = {f"ed25519:{unpadded(one.signing_key)}" for one in descriptor.family_certificates if one.signing_key}
    if families and method >= _FAMILY_IDS_SINCE:
        lines.append("family-ids " + " ".join(sorted(families)))
    summary = str(descriptor.exit_policy.summary())
    if summary != _NOTHING:
        lines.append(f"p {summary}")
    if descriptor.exit_policy_v6 is not None and str(descriptor.exit_policy_v6) != _NOTHING:
        lines.append(f"p6 {descriptor.exit_policy_v6}")
    master_key = descriptor.ed25519_master_key
    identity = unpadded(descriptor.signing_key.digest) if master_key is None else unpadded(master_key)
    lines.append(f"id {'rsa1024' if master_key is None else 'ed25519'} {identity}")
    return lines
