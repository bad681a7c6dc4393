"""What a broker runs on: a Java that is new enough, Kafka's jars, and an archive of their classes.

Maven fetches the jars once, as ``pom.xml`` says, into ``target/``; from then on nothing but Java is needed. The archive
(class data sharing) spares the JVM to read, verify and link some 7,000 classes at every start, which is most of what it
does until the broker is ready. The first broker that ends cleanly leaves it there for all that follow.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
TARGET = HERE / "target"
NEEDS = 17
"""The Java that Kafka 4 brokers are compiled for."""
FLAGS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
"""Small, and fast to start: the quick compiler alone, as the thorough one pays off after minutes of load."""
INSTALL_JAVA = f"install Java {NEEDS} or newer (Debian and Ubuntu: apt install openjdk-17-jre-headless)"
INSTALL_MAVEN = "install Maven (Debian and Ubuntu: apt install maven)"


class SetupError(RuntimeError):
    """Something that a broker needs is not there; the message names it, and the fix."""


class Java:
    """A Java with Kafka's jars.

    Raises:
        SetupError: No Java, too old a Java, or neither the jars nor a Maven that can fetch them.
    """

    def __init__(self) -> None:
        self._program, version = find_java()
        self.folder = find_jars()
        """That of the jars, and of what can be made from them once for all."""
        self.archive = self.folder / f"classes-{version}.jsa"
        """That of the classes, if there is one yet."""
        self.kafka = next(self.folder.glob("kafka_*.jar")).stem.rpartition("-")[2]
        """The version of Kafka, such as ``4.4.0``."""

    def command(self, main: str, *arguments: str, log: Path, flags: Sequence[str] = ()) -> list[str]:
        """Return the command that runs one of Kafka's programs with its log in a file; later flags win."""
        archive = [f"-XX:SharedArchiveFile={self.archive}"] if self.archive.exists() else []
        logging = [f"-Dkafka.log={log}", f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"]
        classpath = os.pathsep.join(map(str, sorted(self.folder.glob("*.jar"))))
        return [self._program, *FLAGS, *archive, *logging, *flags, "-cp", classpath, main, *arguments]


def find_java() -> tuple[str, str]:
    """Return the path of the Java of ``JAVA_HOME``, or else of ``PATH``, and its version.

    Raises:
        SetupError: There is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")
    if program is None:
        msg = f"JAVA_HOME={home} has no bin/java: correct it, or {INSTALL_JAVA}" if home else f"no java: {INSTALL_JAVA}"
        raise SetupError(msg)
    ran = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - Java itself
    found = re.search(r'version "((?:1\.)?(\d+)[^"]*)"', ran.stderr)
    if found is None:
        msg = f"{program} -version says no version, but: {ran.stderr.strip() or 'nothing'}; {INSTALL_JAVA}"
        raise SetupError(msg)
    if int(found[2]) < NEEDS:
        msg = f"{program} is Java {found[1]}, which is too old: {INSTALL_JAVA}, or set JAVA_HOME to one"
        raise SetupError(msg)
    return program, found[1]


def find_jars() -> Path:
    """Return the folder of Kafka's jars, fetched before if need be.

    Its name has the digest of ``pom.xml``, so that a change of version can't meet the jars of another.

    Raises:
        SetupError: They are not there, and there is no Maven, or it could not fetch them.
    """
    jars = TARGET / f"jars-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        msg = f"Kafka's jars are not in {jars}, and there is no mvn to fetch them: {INSTALL_MAVEN}"
        raise SetupError(msg)
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET) as scratch:
        fetched = Path(scratch, "jars")
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
        ran = subprocess.run(  # noqa: S603 - Maven itself
            [maven, "--batch-mode", "--quiet", "--strict-checksums", "--file", str(POM), *goal],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if ran.returncode or not fetched.is_dir():
            msg = f"Maven could not fetch Kafka's jars: is Maven Central, or a mirror of it, in reach?\n{ran.stdout}"
            raise SetupError(msg)
        keep(fetched, jars)
    return jars


def keep(made: Path, place: Path) -> None:
    """Move what was made to its place, whole or not at all; another process may have been first."""
    try:
        made.rename(place)
    except OSError:
        if not place.exists():
            raise
