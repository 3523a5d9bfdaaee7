"""A queue of picture files: six workers in two languages share one partition, two of them die, some pictures are broken.

Every picture gets its thumbnail from one worker that acknowledges it, broken ones become dead letters, none is lost.
"""

import io
import json
import random
from collections import Counter

from confluent_kafka import Producer
from PIL import Image, ImageDraw

from example import JAVA, PYTHON, Example

PICTURES = 400
BROKEN = 12


def main():
    run = Example("thumbnails")
    topic, group = run.unique("pictures"), run.unique("thumbnails")
    letters = f"dlq.{topic}"
    run.topic(topic, 1)
    run.topic(letters, 1, errors_deadletterqueue_group_enable="true")
    run.settings(
        group,
        "share.auto.offset.reset=earliest",
        "share.record.lock.duration.ms=15000",
        f"errors.deadletterqueue.topic.name={letters}",
        "errors.deadletterqueue.copy.record.enable=true",
    )
    out = run.folder / "thumbnails"
    out.mkdir()
    for language in [JAVA, PYTHON] * 3:
        run.start(language, "ThumbnailWorker", topic, group, out)
    run.wait("all workers are ready", lambda: all(worker.lines() for worker in run.workers), 60)
    pictures = make_pictures()
    send(run.address, topic, pictures)
    print(f"{len(pictures)} pictures wait for six workers, {BROKEN} of them broken", flush=True)

    for language in [JAVA, PYTHON]:
        kill_a_busy_one(run, language)

    good = {name for name, (_, is_broken) in pictures.items() if not is_broken}
    broken = set(pictures) - good
    run.wait("every good picture has a thumbnail", lambda: good <= {path.stem for path in out.glob("*.png")})
    run.wait("every broken picture is a dead letter", lambda: len(dead_letters(run, group)) >= len(broken), 60)
    # Nothing more comes: who still has a lock gives it back or is done.
    run.wait("the queue is empty", lambda: depth(run, group) == 0, 60)
    run.stop()
    verify(run, pictures, good, broken, out, group)
    print(run.ottla("queue", "describe", group, "--sample", "0").stdout)


def kill_a_busy_one(run, language):
    def busy():
        return [worker for worker in run.workers if worker.language == language and len(worker.lines()) > 5]

    run.wait(f"a worker in {language} has done some pictures", busy)
    worker = busy()[0]
    worker.kill()
    print(f"  killed worker {worker.number} ({language}) in the middle", flush=True)


def make_pictures():
    """Real JPEG and PNG files of several sizes. A broken one is cut off, or is no picture at all."""
    chance = random.Random(4)
    broken = set(chance.sample(range(PICTURES), BROKEN))
    pictures = {}
    for number in range(PICTURES):
        size = chance.randint(200, 640), chance.randint(200, 480)
        image = Image.linear_gradient("L").resize(size).convert("RGB")
        draw = ImageDraw.Draw(image)
        for _ in range(20):
            corner = chance.randint(0, size[0]), chance.randint(0, size[1])
            draw.ellipse([*corner, corner[0] + 60, corner[1] + 40], fill=tuple(chance.randbytes(3)))
        form = chance.choice(["JPEG", "PNG"])
        file = io.BytesIO()
        image.save(file, form)
        content = file.getvalue()
        if number in broken:
            content = content[:40] if number % 2 else b"this is no picture"
        pictures[f"picture-{number:03}"] = (content, number in broken)
    return pictures


def send(address, topic, pictures):
    # Small batches, so that every worker gets some: a share group hands out whole batches first.
    producer = Producer({"bootstrap.servers": address, "batch.num.messages": 4})
    failures = []

    def delivered(error, _):
        if error is not None:
            failures.append(error)

    for name, (content, _) in pictures.items():
        producer.produce(topic, key=name, value=content, on_delivery=delivered)
    left = producer.flush(60)
    if failures or left:
        raise SystemExit(f"{left} pictures were not sent: {failures[:1]}")


def dead_letters(run, group):
    done = run.ottla("queue", "dlq", "list", group, "--output", "json")
    return [json.loads(line) for line in done.stdout.splitlines()]


def depth(run, group):
    done = run.ottla("queue", "describe", group, "--sample", "0", "--output", "json")
    return json.loads(done.stdout)["depth"]


def verify(run, pictures, good, broken, out, group):
    acknowledged = Counter()
    for worker in run.workers:
        names = [line.split()[1] for line in worker.lines() if line.startswith("done ")]
        acknowledged.update(names)
        print(f"  worker {worker.number} ({worker.language}): {len(names)} pictures" + " (killed)" * worker.killed)
    rejected = Counter(
        line.split()[1] for worker in run.workers for line in worker.lines() if line.startswith("broken ")
    )
    thumbnails = {path.stem for path in out.glob("*.png")}
    run.check(thumbnails == good, f"all {len(good)} good pictures have a thumbnail, and nothing else has")
    for name in thumbnails:
        with Image.open(out / f"{name}.png") as image:
            image.load()
            if max(image.size) != 96:
                run.fail(f"the thumbnail of {name} has the size {image.size}")
    run.check(all(count == 1 for count in acknowledged.values()), "no picture was acknowledged by two workers")
    # A worker that died between its acknowledgement and its note has done its pictures, too.
    unnoted = good - set(acknowledged)
    run.check(len(unnoted) <= 16, f"what nobody noted ({len(unnoted)}) is what the killed ones had in hand at most")
    run.check(all(len(worker.lines()) > 1 for worker in run.workers), "every worker had its share")
    letters = dead_letters(run, group)
    names = Counter()
    for letter in letters:
        shown = json.loads(run.ottla("queue", "dlq", "show", group, letter["letter"], "--output", "json").stdout)
        names[shown["key"]] += 1
    run.check(set(names) == broken, f"all {len(broken)} broken pictures are dead letters, and nothing else is")
    run.check(all(count == 1 for count in names.values()), "each of them once")
    run.check(set(rejected) <= broken, "only broken pictures were rejected")
    run.check(len(thumbnails) + len(names) == len(pictures), f"{len(pictures)} in, {len(pictures)} out: none was lost")


if __name__ == "__main__":
    main()
