"""Why another machine cannot be reached, said so that the owner can mend it."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

# What OpenSSL found wrong with a certificate (openssl/x509_vfy.h, X509_V_ERR_…), by the name it goes by there.
_NOT_YET_VALID, _HAS_EXPIRED, _HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH = 9, 10, 62, 64


class CertificateFileError(Exception):
    """The certificate to trust cannot be used; the message says what to do."""


def trusting(ca_file: Path | None, setting: str) -> ssl.SSLContext:
    """How to verify the other side over TLS: by a certificate of one's own, or by those that the whole world trusts.

    Args:
        ca_file: The certificate to trust, as PEM; None for those of the machine.
        setting: What the setting is called that names it.

    Raises:
        CertificateFileError: The file cannot be read, or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise CertificateFileError(f"The file {ca_file} ({setting}) holds no certificate in PEM form.") from error
    except OSError as error:
        raise CertificateFileError(f"The file {ca_file} ({setting}) cannot be read: {error.strerror}.") from error


def why_unreachable(error: BaseException, far: str, setting: str) -> str:
    """The sentence for an error of a connection, or of a library that wraps one.

    Args:
        error: What was raised.
        far: The other side, for example "The broker at hub.example, port 8883,".
        setting: What the setting is called that names the certificate to trust.
    """
    cause = _cause_of(error)
    match cause:
        case ssl.SSLCertVerificationError():
            words = _about_certificate(cause, setting)
        case ssl.SSLError():
            words = "does not speak TLS there. Check the port, and whether it is to be encrypted."
        case socket.gaierror():
            words = "is not known by that name. Check the name, and the network."
        case ConnectionRefusedError():
            words = "is not running: nothing answers there. Start it, or check the address."
        case TimeoutError():
            words = "does not answer. Check that it runs, the network, and a firewall between."
        case ConnectionError():
            words = "closed the connection. If this goes on, check the port, and whether it is to be encrypted."
        case _:
            words = f"cannot be reached: {getattr(cause, 'strerror', None) or type(cause).__name__}."
    return f"{far} {words}"


def _about_certificate(error: ssl.SSLCertVerificationError, setting: str) -> str:
    if error.verify_code in {_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH}:
        return "shows a certificate of another name. Use the name, or address, that is in the certificate."
    if error.verify_code in {_NOT_YET_VALID, _HAS_EXPIRED}:
        return "shows a certificate whose time is over or still to come. Renew it, or check the clock here."
    return f"shows a certificate that is not trusted here. Name the one to trust in {setting}."


def _cause_of(error: BaseException) -> BaseException:
    """The error of the system beneath those that libraries made of it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    return error if cause is None else cause
