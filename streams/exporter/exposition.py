"""What a registry holds, in the format that a scrape asks for."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder


def expose(registry: CollectorRegistry, accept: str | None = None) -> tuple[bytes, str]:
    """Return the exposition and its content type: OpenMetrics, with exemplars, if ``accept`` has it; else text."""
    try:
        encode, content_type = choose_encoder(accept or "")
    except TypeError:  # of a version that is not made of numbers
        encode, content_type = choose_encoder("")
    return encode(registry), content_type
