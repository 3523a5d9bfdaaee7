"""A worker of the share group in Python: makes a thumbnail of each picture, and rejects what is none.

worker.py BROKER NOTES TOPIC GROUP OUT
"""

import io
import os
import signal
import sys
import time

from confluent_kafka import AcknowledgeType, ShareConsumer
from PIL import Image

ADDRESS, NOTES, TOPIC, GROUP, OUT = sys.argv[1:6]
running = True


def stop(*_):
    global running
    running = False


def thumbnail(name, content):
    """Writes the file in one step, so that a worker that dies leaves no half of one."""
    with Image.open(io.BytesIO(content)) as image:
        image.thumbnail((96, 96))
        path = os.path.join(OUT, f"{name}.png")
        image.convert("RGB").save(f"{path}.{os.getpid()}", "PNG")
        os.replace(f"{path}.{os.getpid()}", path)


def main():
    signal.signal(signal.SIGTERM, stop)
    consumer = ShareConsumer({
        "bootstrap.servers": ADDRESS,
        "group.id": GROUP,
        "share.acknowledgement.mode": "explicit",
        "max.poll.records": 4,
    })
    consumer.subscribe([TOPIC])
    with open(NOTES, "a", buffering=1) as notes:
        consumer.poll(timeout=1)
        notes.write("ready\n")
        while running:
            noted = []
            for message in consumer.poll(timeout=0.5):
                if message.error():
                    continue
                name = message.key().decode()
                # As if it were a large one.
                time.sleep(0.03)
                try:
                    thumbnail(name, message.value())
                    consumer.acknowledge(message, AcknowledgeType.ACCEPT)
                    noted.append(f"done {name}\n")
                except OSError:
                    consumer.acknowledge(message, AcknowledgeType.REJECT)
                    noted.append(f"broken {name}\n")
            if noted:
                failed = [error for error in consumer.commit_sync(30).values() if error is not None]
                if not failed:
                    notes.write("".join(noted))
    consumer.close()


if __name__ == "__main__":
    main()
