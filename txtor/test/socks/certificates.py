"""
Certificates for tests.
"""

from __future__ import annotations

import datetime
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL.crypto import X509
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.ssl import Certificate, CertificateOptions, optionsForClientTLS, trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer


class Authority:
    """
    A self-signed certificate for a name, and who trusts it.
    """

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def server_options(self) -> CertificateOptions:
        """
        What a server shows.
        """
        return CertificateOptions(
            privateKey=cast(Any, self.key),  # Twisted's annotations know only what pyOpenSSL has deprecated
            certificate=cast(Any, self.certificate),
        )

    def trust_root(self) -> Any:
        """
        What trusts this authority alone.
        """
        return trustRootFromCertificates([Certificate(X509.from_cryptography(self.certificate))])

    def client_options(self, name: str) -> Any:
        """
        A client that trusts this authority alone, and wants a name.
        """
        return optionsForClientTLS(name, trustRoot=self.trust_root())


@implementer(IStreamServerEndpoint)
class TLSServerEndpoint:
    """
    TLS over another endpoint. Twisted has ``wrapServerTLS`` for that, but not before 26.10.
    """

    def __init__(self, options: Any, endpoint: IStreamServerEndpoint) -> None:
        self._options = options
        self._endpoint = endpoint

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:  # noqa: N803  # Twisted's
        """
        Listen for a factory, whose protocols see what is inside TLS.
        """
        return self._endpoint.listen(TLSMemoryBIOFactory(self._options, False, protocolFactory))
