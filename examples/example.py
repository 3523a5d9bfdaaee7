"""What the examples share: topics, settings, workers in processes of their own, and a verdict."""

import os
import pathlib
import subprocess
import sys
import time
import uuid

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

PYTHON, JAVA = "Python", "Java"
# Options that make short runs of the Java machine quick and small.
JVM = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]


class Example:
    """One run: where the broker is, a folder for its files, names that no other run has."""

    def __init__(self, name):
        self.address, folder = sys.argv[1:3]
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.script = pathlib.Path(sys.argv[0]).resolve().parent
        self.name = name
        # Against a broker that lives on, a second run must not meet the first.
        self.suffix = uuid.uuid4().hex[:6]
        self.admin = AdminClient({"bootstrap.servers": self.address})
        self.workers = []
        self.started = 0

    def unique(self, name):
        return f"{name}-{self.suffix}"

    def topic(self, name, partitions, **configs):
        """Creates a topic; dots in the names of settings are underscores here."""
        configs = {key.replace("_", "."): value for key, value in configs.items()}
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=configs)
        for done in self.admin.create_topics([topic]).values():
            done.result(30)

    def ottla(self, *arguments, check=True):
        """Runs the command line and gives what it prints."""
        command = [os.environ["OTTLA"], *arguments, "--bootstrap", self.address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            self.fail(f"{' '.join(arguments)}: {done.stderr.strip()}")
        return done

    def settings(self, group, *changes):
        """Sets what a group does differently."""
        return self.ottla("queue", "settings", group, *changes)

    def start(self, language, program, *arguments):
        """Starts a worker: `program`.py, or the class of that name in Java."""
        self.started += 1
        number = self.started
        path = self.folder / f"worker-{number}"
        command = [sys.executable, str(self.script / "worker.py")]
        if language == JAVA:
            command = ["java", *JVM, "-cp", os.environ["CLASS_PATH"], program]
        worker = Worker(number, language, path, [*command, self.address, str(path), *map(str, arguments)])
        self.workers.append(worker)
        return worker

    def stop(self):
        """Lets all workers end in peace."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.terminate()
        for worker in self.workers:
            try:
                worker.process.wait(30)
            except subprocess.TimeoutExpired:
                worker.process.kill()

    def wait(self, what, is_there, seconds=120):
        """Waits until something is there; a worker that died unasked ends the waiting."""
        end = time.monotonic() + seconds
        while not is_there():
            for worker in self.workers:
                if not worker.killed and worker.process.poll() is not None:
                    self.fail(f"worker {worker.number} ({worker.language}) ended: {worker.errors()}")
            if end < time.monotonic():
                self.fail(f"not after {seconds} s: {what}")
            time.sleep(0.1)

    def check(self, holds, what):
        if not holds:
            self.fail(f"this does not hold: {what}")
        print(f"  ok  {what}", flush=True)

    def fail(self, why):
        self.stop()
        print(f"{self.name}: {why}", flush=True)
        sys.exit(1)


class Worker:
    """A worker's process, known by the lines that it writes down."""

    def __init__(self, number, language, path, command):
        self.number, self.language, self.path = number, language, path
        self.killed = False
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(f"{path}.err", "wb")
        )

    def lines(self):
        """Whole lines only: what a killed worker left of its last line does not count."""
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return []
        return text[: text.rfind("\n") + 1].splitlines()

    def kill(self):
        self.killed = True
        self.process.kill()
        self.process.wait(10)

    def errors(self):
        text = pathlib.Path(f"{self.path}.err").read_text(errors="replace")
        return ([line for line in text.splitlines() if line.strip()] or ["it said nothing"])[-1]


__all__ = ["Example", "JAVA", "KafkaException", "PYTHON", "Worker"]
