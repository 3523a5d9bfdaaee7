"""Log lines for four share consumers of different speed: each gets the share that it can cope with.

Nobody assigns work: who is done asks for more. So the shares are in the ratio of the speeds.
"""

import random
import time

from confluent_kafka import Producer

from example import JAVA, Example

# How long each worker takes for a line, in milliseconds.
PACES = [4, 8, 16, 32]
LINES = 6000
TOLERANCE = 0.3


def main():
    run = Example("log-lines")
    topic, group = run.unique("log-lines"), run.unique("readers")
    run.topic(topic, 1)
    run.settings(group, "share.auto.offset.reset=earliest")
    for pace in PACES:
        run.start(JAVA, "LineWorker", topic, group, pace)
    run.wait("all workers are ready", lambda: all(worker.lines() for worker in run.workers), 60)
    send(run.address, topic)

    def taken():
        return [len(worker.lines()) - 1 for worker in run.workers]

    # From when all of them work until there is no longer enough for all.
    run.wait("every worker has begun", lambda: all(count > 0 for count in taken()))
    before = taken()
    run.wait("most lines are processed", lambda: sum(taken()) >= LINES * 3 // 4)
    shares = [after - count for after, count in zip(taken(), before)]
    run.wait("all lines are processed", lambda: sum(taken()) >= LINES)
    time.sleep(1)
    run.stop()
    lines = sorted(int(line) for worker in run.workers for line in worker.lines()[1:])
    run.check(lines == list(range(LINES)), f"{LINES} lines in, {len(lines)} processed, each once")
    speeds = [1 / pace for pace in PACES]
    for worker, share, speed in zip(run.workers, shares, speeds):
        due = sum(shares) * speed / sum(speeds)
        run.check(
            abs(share - due) <= TOLERANCE * due,
            f"worker {worker.number}, {1000 * speed:.0f} lines/s at best: {share} of {sum(shares)} lines, {due:.0f} are due",
        )


def send(address, topic):
    chance = random.Random(1)
    paths = ["/", "/login", "/cart", "/search?q=boots", "/img/logo.png"]
    producer = Producer({"bootstrap.servers": address, "batch.num.messages": 10})
    for number in range(LINES):
        host = ".".join(str(chance.randint(1, 254)) for _ in range(4))
        status = chance.choice([200, 200, 200, 304, 404, 500])
        line = f'{host} - - [26/Nov/2026:08:00:00 +0000] "GET {chance.choice(paths)} HTTP/1.1" {status} {number}'
        producer.produce(topic, value=line)
        producer.poll(0)
    if producer.flush(60):
        raise SystemExit("some lines were not sent")


if __name__ == "__main__":
    main()
