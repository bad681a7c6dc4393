"""Apache Kafka (KRaft) for tests and for trying it: brokers on this machine that end with whoever started them.

``with Cluster(3) as cluster:`` has ``cluster.bootstrap`` for clients, and ``kill``, ``stop``, ``start``, ``pause``,
``resume`` and ``rolling_restart`` for those who want to see what a fault does. As a command it is ``make kafka``.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self
from uuid import uuid4

from deploy.kafka.broker import CLIENTS, Broker, BrokerError, settings
from deploy.kafka.java import Java, SetupError
from deploy.kafka.ports import HOST, choose_ports
from deploy.kafka.security import PASSWORD, USERNAME, Certificates, Security, listener_properties

READY_S = 60
"""Far more than a start takes on a slow machine."""
CLOSING_S = 15
"""The last of several brokers to stop finds no controllers to say goodbye to; its log recovers from being killed."""
POLL_S = 0.05


class Cluster:
    """One broker, or several; broker ``i`` is node ``i`` in Kafka's own words, and the first is 1.

    Args:
        brokers: How many; each is a controller, too.
        port: Where the first listens for clients, and the others right after it. By default any that are free.
        security: What the listener for clients demands; name and password are in ``deploy.kafka.security``.
        data: The folder that keeps the data, and goes on where it was. By default data go when the cluster does.
        overrides: Settings (of ``server.properties``) that win over those in ``deploy.kafka.broker``.
        flags: Flags for Java, such as a larger heap, that win over those in ``deploy.kafka.java``.

    Raises:
        SetupError: Java, the jars or a port can't be had, or ``data`` holds another cluster.
        BrokerError: A broker ended by itself, or is not ready in time.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own
        self,
        brokers: int = 1,
        *,
        port: int | None = None,
        security: Security = Security.NONE,
        data: Path | None = None,
        overrides: Mapping[str, str] = {},
        flags: Sequence[str] = (),
    ) -> None:
        self.security = security
        self.java = Java()
        self.folder = data.absolute() if data else Path(tempfile.gettempdir(), f"kafka-{uuid4().hex[:12]}")
        self.certificates = Certificates(self.folder / "certificates")
        self._keeps_data = data is not None
        self._overrides = overrides
        self._ports = choose_ports(brokers, port)
        self._brokers = {
            number: Broker(number, self.folder / f"broker-{number}", ports, self.java, flags)
            for number, ports in self._ports.items()
        }
        # The kernel kills a broker when the thread that started it ends: this one ends with the cluster.
        self._starter = ThreadPoolExecutor(1, "kafka")

    def __enter__(self) -> Self:
        """Open it."""
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @property
    def bootstrap(self) -> str:
        """Return where clients find it: ``host:port``, joined by commas where there are several brokers."""
        return ",".join(f"{HOST}:{ports.clients}" for ports in self._ports.values())

    def open(self) -> None:
        """Start all brokers, and wait until they are ready."""
        try:
            self._prepare()
            for number, broker in self._brokers.items():
                # The first that ends cleanly leaves an archive for those to come; several must not write it.
                leave_archive = number == 1 and not self.java.archive.exists()
                self._starter.submit(broker.start, leave_archive=leave_archive).result()
            self.wait_ready()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all brokers, whatever state they are in, and remove the data unless they are to be kept."""
        gently = [broker for broker in self._brokers.values() if self._keeps_data or broker.leaves_archive]
        for broker in gently:
            broker.begin_stop()
        for broker in gently:
            with suppress(BrokerError):
                broker.finish_stop(CLOSING_S)
        for broker in self._brokers.values():
            broker.kill()
        self._starter.shutdown()
        if not self._keeps_data:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, number: int) -> None:
        """Start a broker that was stopped or killed; ``wait_ready`` waits until it has caught up."""
        self._starter.submit(self._brokers[number].start).result()

    def stop(self, number: int) -> None:
        """Stop a broker cleanly: it hands over what it leads."""
        self._brokers[number].begin_stop()
        self._brokers[number].finish_stop()

    def kill(self, number: int) -> None:
        """Kill a broker (SIGKILL); the others notice when its session is over."""
        self._brokers[number].kill()

    def pause(self, number: int) -> None:
        """Freeze a broker (SIGSTOP): its connections stay open, and nothing answers."""
        self._brokers[number].pause()

    def resume(self, number: int) -> None:
        """Let a paused broker go on (SIGCONT)."""
        self._brokers[number].resume()

    def rolling_restart(self) -> None:
        """Stop and start one broker after the other, each when the one before it has caught up."""
        for number in self._brokers:
            self.stop(number)
            self.start(number)
            self.wait_ready()

    def check(self) -> None:
        """See whether every broker that was started still runs.

        Raises:
            BrokerError: One ended by itself.
        """
        for broker in self._brokers.values():
            broker.check()

    def wait_ready(self, within_s: float = READY_S) -> None:
        """Wait until all brokers that run, and are not paused, serve clients, know each other and are in sync.

        Raises:
            BrokerError: They are not in time, or one ended by itself.
        """
        deadline = time.monotonic() + within_s
        while late := self._first_not_ready():
            self.check()
            if time.monotonic() > deadline:
                what = f"is not ready after {within_s:g} s"
                raise late.trouble(what)
            time.sleep(POLL_S)

    def _first_not_ready(self) -> Broker | None:
        present = {
            number: broker for number, broker in self._brokers.items() if broker.is_running and not broker.is_paused
        }
        return next((broker for broker in present.values() if not broker.is_ready(frozenset(present))), None)

    def _prepare(self) -> None:
        before = len(list(self.folder.glob("broker-*")))
        if before not in {0, len(self._brokers)}:
            msg = f"{self.folder} holds a cluster of {before}: start it with --brokers {before}, or name another folder"
            raise SetupError(msg)
        if self.security.uses_tls:
            self.certificates.make()
        demands = dict(listener_properties(self.security, self.certificates, CLIENTS))
        for number, broker in self._brokers.items():
            broker.prepare(settings(number, self._ports, self.security.protocol) | demands | dict(self._overrides))


def main() -> int:
    """Run a cluster in the foreground until it is interrupted; return the exit code."""
    parser = argparse.ArgumentParser(description="Apache Kafka on this machine, for tests and for trying it.")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="how many (default: 1)")
    parser.add_argument("--port", type=int, default=9092, help="of the first; the others follow (default: 9092)")
    parser.add_argument("--data", type=Path, help="folder that keeps the data (default: none, they go at the end)")
    parser.add_argument("--security", type=Security, choices=[*Security], default=Security.NONE, help="default: none")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with Cluster(options.brokers, port=options.port, security=options.security, data=options.data) as cluster:
            sys.stdout.write(_directions(cluster))
            sys.stdout.flush()
            while True:
                time.sleep(1)
                cluster.check()
    except KeyboardInterrupt:
        return 0
    except (SetupError, BrokerError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # what is being ended is not to be interrupted again
    raise KeyboardInterrupt


def _directions(cluster: Cluster) -> str:
    lines = [
        f"Apache Kafka {cluster.java.kafka} is ready at {cluster.bootstrap} ({cluster.security.protocol})",
        f"  settings and logs   {cluster.folder}/broker-*/",
    ]
    if cluster.security.mechanisms:
        lines.append(f"  SASL                {', '.join(cluster.security.mechanisms)}: {USERNAME}, {PASSWORD}")
    if cluster.security.uses_tls:
        lines.append(f"  trust               {cluster.certificates.ca}")
    if cluster.security is Security.MUTUAL_TLS:
        lines.append(f"  client              {cluster.certificates.client}, {cluster.certificates.client_key}")
    if cluster.security is Security.NONE:
        lines.append(f"Test against it: OUTCOME_MONITOR_TEST_KAFKA={cluster.bootstrap.split(',')[0]} make test")
    lines.append("Ctrl-C ends it.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
