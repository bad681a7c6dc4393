"""How clients reach the brokers."""

from collections.abc import Mapping
from ssl import SSLContext, SSLError, create_default_context
from typing import Any

from streams.engines.kafka.config import KafkaConfig, Tls
from streams.engines.port import StorageError


def connection(config: KafkaConfig) -> Mapping[str, Any]:
    """Return the arguments that every client of aiokafka is made with.

    Raises:
        StorageError: a file of certificates or keys can't be used.
    """
    tls, sasl = config.security.tls, config.security.sasl
    protocol = ("SASL_" if sasl else "") + ("SSL" if tls else "PLAINTEXT")
    arguments: dict[str, Any] = {
        "bootstrap_servers": ",".join(config.brokers),
        "client_id": config.application,
        "security_protocol": protocol,
    }
    if tls is not None:
        arguments["ssl_context"] = _context(tls)
    if sasl is not None:
        arguments |= {
            "sasl_mechanism": sasl.mechanism,
            "sasl_plain_username": sasl.username,
            "sasl_plain_password": sasl.password,
        }
    return arguments


def _context(tls: Tls) -> SSLContext:
    try:
        context = create_default_context(cafile=tls.ca_file)
        if tls.cert_file is not None:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, SSLError) as error:
        files = ", ".join(str(file) for file in (tls.ca_file, tls.cert_file, tls.key_file) if file is not None)
        msg = f"kafka.security.tls: {error}: check that {files} are PEM files which this user can read"
        raise StorageError(msg) from error
    context.check_hostname = tls.check_hostname
    return context
