"""What is told of Kafka's clients on the standard error."""

import logging
from typing import Final

_EVERY_S: Final = 10.0


def log_kafka() -> None:
    """Tell what operators want to know."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("streams").setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Seldom("aiokafka"))
    # Brokers that have just begun take a moment to choose one; aiokafka asks again, and says so as an error.
    logging.getLogger("aiokafka.consumer.group_coordinator").addFilter(
        lambda record: "GroupCoordinatorNotAvailable" not in record.getMessage()
    )
    for faust in ("app", "tables", "transport"):  # Faust names its loggers by the module of the class; it tells a lot
        logging.getLogger(f"streams.engines.kafka.{faust}").setLevel(logging.WARNING)


class Seldom(logging.Filter):
    """Lets a library say the same once in ten seconds, and then how often it would have said it.

    While brokers are away, each client tells of each try: dozens of lines a second that bury all others. The same is
    what comes from the same line of its code, whatever it is about.
    """

    def __init__(self, library: str) -> None:
        super().__init__()
        self._library = logging.Filter(library)
        self._said: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is to be told."""
        if not self._library.filter(record):
            return True
        line = (record.pathname, record.lineno)
        last, kept_back = self._said.get(line, (None, 0))
        if last is not None and record.created < last + _EVERY_S:
            self._said[line] = (last, kept_back + 1)
            return False
        self._said[line] = (record.created, 0)
        if kept_back:
            record.msg, record.args = f"{record.getMessage()} (and {kept_back} more like it since)", ()
        return True
