# -*- test-case-name: txtor.test.directory.test_stream -*-
"""
What kind of document some bytes are: by their ``@type`` annotation, or by how they begin.

See https://metrics.torproject.org/collector.html, "Data formats".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from txtor.errors import InvalidArgument, ObsoleteDocument, UnsupportedDocument

from ._bandwidth_file import BandwidthFile
from ._bridges import BridgeExtraInfo, BridgeNetworkStatus, BridgePoolAssignment, BridgeServerDescriptor
from ._consensus import Consensus
from ._detached_signatures import DetachedSignatures
from ._document import Document
from ._exit_list import ExitList
from ._extra_info import ExtraInfo
from ._fallbacks import FallbackList
from ._grammar import Grammar
from ._key_certificate import KeyCertificate
from ._lines import LineDocument
from ._microdescriptor import Microdescriptor
from ._server_descriptor import ServerDescriptor
from ._vote import Vote


class UnknownDocument(LineDocument):
    """
    A document of a type that txtor does not read: its lines are `items`, its type stands in `annotations`.
    """

    __slots__ = ()

    grammar = Grammar("document", "", {})

    @property
    def type(self) -> str:
        """
        What its annotation says, as ``"torperf 1.0"``.
        """
        return next((note.text for note in self.annotations if note.name == "type"), "")


DocumentClass = type[Document]


@dataclass(frozen=True)
class Kind:
    """
    A kind of document.

    :ivar type: its name in ``@type``.
    :ivar document: the class that reads it.
    :ivar first: the keyword that it begins with; none where only an annotation tells that another document begins.
    :ivar major: the newest major version that is read; minor ones do not matter.
    :ivar inside: first keywords of other kinds that may stand in the middle of it.
    :ivar is_obsolete: whether no Tor writes it any more.
    """

    type: str
    document: DocumentClass
    first: str | None = None
    major: int = 1
    inside: tuple[str, ...] = ()
    is_obsolete: bool = False

    @cached_property
    def boundary(self) -> re.Pattern[bytes]:
        """
        What stands between a document of this kind and the next one, of whatever kind: the line end, and what follows it.
        """
        if self.first is None:
            return re.compile(rb"\n(?=@type )")
        words = b"|".join(sorted(re.escape(word.encode("ascii")) for word in (_FIRST | {self.first}) - set(self.inside)))
        return re.compile(rb"\n(?=@|(?:" + words + rb")[ \t\n])")

    def check_version(self, version: str) -> None:
        """
        Check that a version can be read: any with the known major number.

        :raises UnsupportedDocument: it is newer, or is none.
        """
        major = version.partition(".")[0]
        if not (major.isascii() and major.isdigit() and len(major) < 9 and int(major) <= self.major):
            rule = f"version {version[:20]!r} of it is not read, only {self.major}"
            raise UnsupportedDocument(self.document.grammar.document, rule, None, "CollecTor", f"{self.type} {version}")


_KEYS = "dir-key-certificate-version"
_KINDS = (
    Kind("server-descriptor", ServerDescriptor, "router", inside=("onion-key",)),
    Kind("extra-info", ExtraInfo, "extra-info"),
    Kind("microdescriptor", Microdescriptor, "onion-key"),
    Kind("dir-key-certificate-3", KeyCertificate, _KEYS),
    Kind("network-status-consensus-3", Consensus, "network-status-version", inside=(_KEYS,)),
    Kind("network-status-microdesc-consensus-3", Consensus, "network-status-version", inside=(_KEYS,)),
    Kind("network-status-vote-3", Vote, "network-status-version", inside=(_KEYS,)),
    Kind("detached-signature-3", DetachedSignatures, "consensus-digest"),
    Kind("bridge-server-descriptor", BridgeServerDescriptor, "router", inside=("onion-key",)),
    Kind("bridge-extra-info", BridgeExtraInfo, "extra-info"),
    Kind("bridge-network-status", BridgeNetworkStatus),
    Kind("bridge-pool-assignment", BridgePoolAssignment),
    Kind("bandwidth-file", BandwidthFile),
    Kind("tordnsel", ExitList),
    Kind("fallback-directories", FallbackList),
    Kind("network-status-2", UnknownDocument, "network-status-version", is_obsolete=True),
    Kind("directory", UnknownDocument, is_obsolete=True),
    Kind("hidden-service-descriptor", UnknownDocument, "rendezvous-service-descriptor", is_obsolete=True),
    Kind("hidden-service-descriptor-3", UnknownDocument, "hs-descriptor"),
)
_BY_TYPE = {kind.type: kind for kind in _KINDS}
_FIRST = frozenset(kind.first for kind in _KINDS if kind.first is not None)
_UNKNOWN = Kind("", UnknownDocument)
#: For what is no document at all: any that begins ends it.
NO_KIND = Kind("", UnknownDocument, "router")

#: By first keyword, where there is no annotation.
_BY_KEYWORD = {
    "router": "server-descriptor",
    "extra-info": "extra-info",
    "onion-key": "microdescriptor",
    _KEYS: "dir-key-certificate-3",
    "network-status-version": "network-status-consensus-3",
    "consensus-digest": "detached-signature-3",
    "published": "bridge-network-status",
    "flag-thresholds": "bridge-network-status",
    "r": "bridge-network-status",
    "fingerprint": "bridge-network-status",
    "bridge-pool-assignment": "bridge-pool-assignment",
    "ExitNode": "tordnsel",
    "Downloaded": "tordnsel",
    "/*": "fallback-directories",
    "signed-directory": "directory",
    "rendezvous-service-descriptor": "hidden-service-descriptor",
    "hs-descriptor": "hidden-service-descriptor-3",
}


def kind_for(type: str | type[Document]) -> Kind:  # noqa: A002  # the word of the annotation
    """
    The kind that a caller names.

    :param type: a name of ``@type`` without version, or a class of documents, which may be of another part.
    :raises InvalidArgument: there is no such type.
    """
    if isinstance(type, str):
        if type not in _BY_TYPE:
            raise InvalidArgument(f"No type of document: {type[:60]!r}. Known are {', '.join(_BY_TYPE)}.")
        return _BY_TYPE[type]
    known = next((kind for kind in _KINDS if kind.document is type and type is not UnknownDocument), None)
    return known or Kind(type.grammar.document, type, type.grammar.positions.get(0))


def kind_of_type(text: str) -> Kind:
    """
    The kind for what stands behind ``@type``.

    :param text: as ``"server-descriptor 1.0"``; without a version any is taken.
    :return: a kind whose documents are `UnknownDocument`, where the type is unknown.
    :raises UnsupportedDocument: its major version is newer than txtor reads.
    """
    name, _, version = text.strip(" ").partition(" ")
    kind = _BY_TYPE.get(name, _UNKNOWN)
    if version and kind is not _UNKNOWN:
        kind.check_version(version.strip(" "))
    return kind


def kind_of_line(line: bytes) -> Kind | None:
    """
    The kind for the first line of a document without an annotation; ``None`` where no document begins so.

    Where several kinds begin alike, it is the one of them that `refine` begins with.
    """
    word = line.split(b" ", 1)[0].strip(b"\n\t").decode("latin-1")
    if len(word) == 10 and word.isascii() and word.isdigit() and line.strip(b"\n") == word.encode():
        return _BY_TYPE["bandwidth-file"]
    name = _BY_KEYWORD.get(word)
    return None if name is None else _BY_TYPE[name]


def refine(kind: Kind, content: bytes) -> Kind:
    """
    Tell kinds apart that begin alike, by all of a document.

    :param content: without annotations.
    """
    if kind.first == "network-status-version":
        words = content.partition(b"\n")[0].split()
        if words[1:2] in ([b"1"], [b"2"]):
            return _BY_TYPE["network-status-2"]
        if words[2:3] == [b"microdesc"]:
            return _BY_TYPE["network-status-microdesc-consensus-3"]
        flavour = "vote" if b"\nvote-status vote\n" in content[:1000] else "consensus"
        return _BY_TYPE[f"network-status-{flavour}-3"]
    if kind.type in ("server-descriptor", "extra-info") and b"\nrouter-signature" not in content:
        return _BY_TYPE[f"bridge-{kind.type}"] if b"\nrouter-digest " in content else kind
    return kind


def make(kind: Kind, raw: bytes) -> Document:
    """
    Make a document of a kind. Nothing of it is read yet.

    :raises ObsoleteDocument: no Tor writes the kind any more, and txtor does not read it.
    """
    if kind.is_obsolete:
        rule = "no Tor writes such documents any more, and they are not read"
        raise ObsoleteDocument(kind.type, rule, None, "dir-spec", kind.type)
    return kind.document(raw)
