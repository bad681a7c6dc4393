"""The formatted storage that a broker starts from: Kafka's StorageTool makes one, and every broker gets a copy of it.

All clusters begin with the same metadata, so that starting Java for each broker only to write it again would be for
nothing. Kafka wants each copy to say whose it is.
"""

import shutil
import subprocess
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from deploy.kafka.java import Java, SetupError, keep

_CLUSTER_ID = "b3V0Y29tZS1tb25pdG9yIQ"
"""16 bytes in base64, which Kafka wants; any will do."""
_META = "meta.properties"
_SETTINGS = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:9093
log.dirs={storage}
"""


def format_storage(java: Java, folder: Path, number: int, options: Sequence[str]) -> None:
    """Format a folder for a broker of this number, unless that was done before.

    Args:
        java: What runs the StorageTool, the first time.
        folder: Where the storage is to be.
        number: That of the broker.
        options: Of the StorageTool, the same for all.

    Raises:
        SetupError: The StorageTool can't do it.
    """
    if (folder / _META).exists():
        return
    template = java.folder / "storage"
    if not template.is_dir():
        _make(java, template, options)
    shutil.copytree(template, folder)
    directory_id = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
    whose = {"version": 1, "cluster.id": _CLUSTER_ID, "node.id": number, "directory.id": directory_id}
    (folder / _META).write_text("".join(f"{key}={value}\n" for key, value in whose.items()), encoding="ascii")


def _make(java: Java, template: Path, options: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(dir=java.folder) as scratch:
        storage, properties = Path(scratch, "storage"), Path(scratch, "server.properties")
        properties.write_text(_SETTINGS.format(storage=storage), encoding="utf-8")
        arguments = ["format", "--cluster-id", _CLUSTER_ID, "--config", str(properties), *options]
        ran = subprocess.run(  # noqa: S603 - Java itself
            java.command("kafka.tools.StorageTool", *arguments, log=Path(scratch, "log")),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            msg = f"Kafka's StorageTool can't format {storage}:\n{ran.stdout}{ran.stderr}"
            raise SetupError(msg)
        keep(storage, template)
