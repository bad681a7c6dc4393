"""What is told of Kafka's clients on the standard error."""

import logging


def log_kafka() -> None:
    """Tell what operators want to know."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("streams").setLevel(logging.INFO)
    # Brokers that have just begun take a moment to choose one; aiokafka asks again, and says so as an error.
    logging.getLogger("aiokafka.consumer.group_coordinator").addFilter(
        lambda record: "GroupCoordinatorNotAvailable" not in record.getMessage()
    )
    for faust in ("app", "tables", "transport"):  # Faust names its loggers by the module of the class; it tells a lot
        logging.getLogger(f"streams.engines.kafka.{faust}").setLevel(logging.WARNING)
