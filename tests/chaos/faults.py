"""What goes wrong: each function does something to a site that is under load, and returns when it is over."""

import asyncio
import resource
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.kafka.cluster import Cluster
from tests.chaos.harness import Faulty

Fault = Callable[[Faulty], Awaitable[None]]


def kills(times: int, every: float) -> Fault:
    """SIGKILL of a random worker, which is then started again, so many times."""

    async def fault(site: Faulty) -> None:
        for _ in range(times):
            await asyncio.sleep(every * site.random.uniform(0.5, 1.5))
            worker = site.any_running()
            worker.kill()
            await asyncio.sleep(site.random.uniform(0, every))
            worker.start()

    return fault


def storm(times: int, every: float) -> Fault:
    """Workers join and leave all the time."""

    async def fault(site: Faulty) -> None:
        for _ in range(times):
            await asyncio.sleep(every * site.random.uniform(0.5, 1.5))
            running = [worker for worker in site.workers if worker.runs]
            away = [worker for worker in site.workers if not worker.runs]
            if len(running) > 1 and site.random.random() < 0.5:
                await site.random.choice(running).stop()
            elif away:
                site.random.choice(away).start()
            else:
                site.add()

    return fault


def zombies(times: int) -> Fault:
    """SIGSTOP of a worker until others have taken over, then SIGCONT: what it has under way must come to nothing."""

    async def fault(site: Faulty) -> None:
        for _ in range(times):
            await asyncio.sleep(site.random.uniform(3, 6))
            worker = site.any_running()
            worker.send(signal.SIGSTOP)
            await asyncio.sleep(site.site.config.session_timeout / 1000 + 5)
            worker.send(signal.SIGCONT)

    return fault


def broker_restarts(cluster: Cluster) -> Fault:
    """A broker of several is killed and started again, then all are restarted, one after the other."""

    async def fault(site: Faulty) -> None:
        await asyncio.sleep(site.random.uniform(3, 6))
        number = site.random.randint(1, 3)
        cluster.kill(number)
        await asyncio.sleep(8)
        cluster.start(number)
        await asyncio.to_thread(cluster.wait_ready)
        await asyncio.to_thread(cluster.rolling_restart)

    return fault


def blackout(cluster: Cluster, brokers: int, seconds: float) -> Fault:
    """All brokers are away for a while."""

    async def fault(site: Faulty) -> None:
        await asyncio.sleep(site.random.uniform(4, 8))
        for number in range(1, brokers + 1):
            cluster.kill(number)
        await asyncio.sleep(seconds)
        for number in range(1, brokers + 1):
            cluster.start(number)
        await asyncio.to_thread(cluster.wait_ready)

    return fault


def lost_state(times: int) -> Fault:
    """A worker loses its local state."""

    async def fault(site: Faulty) -> None:
        for _ in range(times):
            await asyncio.sleep(site.random.uniform(3, 6))
            worker = site.any_running()
            worker.kill()
            shutil.rmtree(worker.state, ignore_errors=True)  # which it may not have yet
            worker.start()

    return fault


def compaction(times: int) -> Fault:
    """The changelogs are compacted as they are written, and read again from what is left of them."""
    eager = {"segment.ms": "500", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "1000"}

    async def fault(site: Faulty) -> None:
        admin = AIOKafkaAdminClient(**site.site.connection)
        await admin.start()
        topics = site.site.config.topics
        await admin.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, topic.name, eager | {"cleanup.policy": "compact"})
                for topic in (topics.state, topics.ledger)
            ]
        )
        await admin.close()
        await lost_state(times)(site)

    return fault


def full_disk(room: int) -> Fault:
    """No file may grow beyond some bytes: the worker must stop and say why, and go on where there is room."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    async def fault(site: Faulty) -> None:
        cramped = site.add(limit)
        assert await cramped.ended(120) == 1, "must fail"
        said = cramped.log.read_text()
        assert str(cramped.state) in said, f"doesn't name {cramped.state}: {said}"
        assert "Traceback" not in said, f"more than a line: {said}"
        site.workers.remove(cramped)
        site.add(state=Path(f"{cramped.state}-with-room"))

    return fault


async def nothing(_: Faulty) -> None:
    """Nothing goes wrong but what is in the log."""
