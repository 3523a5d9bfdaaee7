"""A clerk: processes orders and notes when. Member of a share group or of a consumer group.

worker.py BROKER NOTES TOPIC GROUP share|consumer
"""

import random
import signal
import sys
import time

from confluent_kafka import AcknowledgeType, Consumer, ShareConsumer

ADDRESS, NOTES, TOPIC, GROUP, KIND = sys.argv[1:6]
running = True


def stop(*_):
    global running
    running = False


def process(message, notes):
    start = time.monotonic_ns()
    time.sleep(random.uniform(0.005, 0.015))
    notes.write(f"{start} {time.monotonic_ns()} {message.key().decode()} {message.value().decode()}\n")


def share(notes):
    consumer = ShareConsumer({
        "bootstrap.servers": ADDRESS,
        "group.id": GROUP,
        "share.acknowledgement.mode": "explicit",
        "max.poll.records": 5,
    })
    consumer.subscribe([TOPIC])
    consumer.poll(timeout=1)
    notes.write("ready\n")
    while running:
        for message in consumer.poll(timeout=0.5):
            if message.error() is None:
                process(message, notes)
                consumer.acknowledge(message, AcknowledgeType.ACCEPT)
        for error in consumer.commit_sync(30).values():
            if error is not None:
                raise error
    consumer.close()


def group(notes):
    consumer = Consumer({
        "bootstrap.servers": ADDRESS,
        "group.id": GROUP,
        "group.protocol": "consumer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    })
    consumer.subscribe([TOPIC])
    consumer.poll(1)
    notes.write("ready\n")
    while running:
        messages = [message for message in consumer.consume(5, 0.5) if message.error() is None]
        for message in messages:
            process(message, notes)
        if messages:
            consumer.commit(asynchronous=False)
    consumer.close()


def main():
    signal.signal(signal.SIGTERM, stop)
    with open(NOTES, "a", buffering=1) as notes:
        share(notes) if KIND == "share" else group(notes)


if __name__ == "__main__":
    main()
