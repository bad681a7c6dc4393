"""What the listener for clients demands of them, and the certificates and password of a cluster that is thrown away."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deploy.kafka.java import SetupError

USERNAME = "monitor"
PASSWORD = "for-trying-it-only"  # noqa: S105 - it guards nothing, and the documentation can show it
DAYS = "30"
_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


class Security(StrEnum):
    """Ways in, by the name that the command line uses."""

    NONE = "none"
    SASL_PLAIN = "sasl_plain"
    SCRAM = "scram"
    TLS = "tls"
    MUTUAL_TLS = "mutual_tls"
    SASL_TLS = "sasl_tls"
    """Any of the SASL mechanisms, within TLS."""

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """Return the SASL mechanisms that are served; none where SASL isn't."""
        return {self.SASL_PLAIN: ("PLAIN",), self.SCRAM: _SCRAM, self.SASL_TLS: ("PLAIN", *_SCRAM)}.get(self, ())

    @property
    def uses_tls(self) -> bool:
        """Is the connection encrypted?"""
        return self in {self.TLS, self.MUTUAL_TLS, self.SASL_TLS}

    @property
    def protocol(self) -> str:
        """Return Kafka's name of it: ``PLAINTEXT``, ``SASL_PLAINTEXT``, ``SSL`` or ``SASL_SSL``."""
        return ("SASL_" if self.mechanisms else "") + ("SSL" if self.uses_tls else "PLAINTEXT")


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority of its own, and what it signed for the brokers and for a client."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The certificate of the authority; clients trust brokers by it, and brokers clients."""
        return self.folder / "ca.pem"

    @property
    def client(self) -> Path:
        """The certificate of a client, for mutual TLS."""
        return self.folder / "client.pem"

    @property
    def client_key(self) -> Path:
        """The private key to it, without a passphrase."""
        return self.folder / "client.key"

    @property
    def broker(self) -> Path:
        """The brokers' private key and certificate, in one file as Kafka wants them."""
        return self.folder / "broker.keystore.pem"

    def make(self) -> None:
        """Make them all with openssl, unless they were made before.

        Raises:
            SetupError: There is no openssl, or it is older than 3.
        """
        if self.broker.exists():
            return
        self.folder.mkdir(parents=True)
        signed = ["-CA", str(self.ca), "-CAkey", str(self.folder / "ca.key")]
        leaf = ["-addext", "basicConstraints=critical,CA:FALSE"]
        at_home = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        self._certify("ca", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self._certify("client", *signed, *leaf, "-addext", "extendedKeyUsage=clientAuth")
        self._certify("broker", *signed, *leaf, *at_home, "-addext", "extendedKeyUsage=serverAuth,clientAuth")
        parts = (self.folder / "broker.key", self.folder / "broker.pem")
        self.broker.write_text("".join(part.read_text() for part in parts))

    def _certify(self, name: str, *options: str) -> None:
        openssl = shutil.which("openssl")
        if openssl is None:
            msg = "no openssl, which makes the certificates: install it (Debian and Ubuntu: apt install openssl)"
            raise SetupError(msg)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", f"{self.folder / name}.key"]
        out = self.folder / f"{name}.pem"
        ran = subprocess.run(  # noqa: S603 - openssl itself
            [openssl, "req", "-x509", *key, "-out", str(out), "-days", DAYS, "-subj", f"/CN={name}", *options],
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            msg = f"openssl could not make the certificate {name!r}; is it version 3 or newer?\n{ran.stderr}"
            raise SetupError(msg)


def listener_properties(security: Security, certificates: Certificates, listener: str) -> Iterator[tuple[str, str]]:
    """Yield the properties of a broker that make a listener demand this."""
    prefix = f"listener.name.{listener.lower()}"
    if security.mechanisms:
        yield f"{prefix}.sasl.enabled.mechanisms", ",".join(security.mechanisms)
    for mechanism in security.mechanisms:
        yield f"{prefix}.{mechanism.lower()}.sasl.jaas.config", _login(mechanism)
    if security.uses_tls:
        yield f"{prefix}.ssl.keystore.type", "PEM"
        yield f"{prefix}.ssl.keystore.location", str(certificates.broker)
        yield f"{prefix}.ssl.truststore.type", "PEM"
        yield f"{prefix}.ssl.truststore.location", str(certificates.ca)
        yield f"{prefix}.ssl.client.auth", "required" if security is Security.MUTUAL_TLS else "none"


def scram_users() -> list[str]:
    """Return the options that have the formatting of a cluster create the user for SCRAM."""
    return [
        option
        for mechanism in _SCRAM
        for option in ("--add-scram", f"{mechanism}=[name={USERNAME},password={PASSWORD}]")
    ]


def _login(mechanism: str) -> str:
    if mechanism in _SCRAM:  # the users are in the metadata of the cluster
        return "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USERNAME}="{PASSWORD}";'
