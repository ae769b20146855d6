"""Write in many threads, and say each name once its transaction has returned, until killed."""

import os
import sys
import threading
from datetime import UTC, datetime

from twirec.catalog import Catalog
from twirec.catalog.tables import marks

database = Catalog(sys.argv[1]).database
at = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def work(thread: int) -> None:
    number = 0
    while True:
        name = f"{thread}.{number}"
        with database.write() as connection:
            for row in (name, f"{name} half"):
                database.insert_once(connection, marks, {"name": row, "at": at})
        os.write(1, f"{name}\n".encode())
        number += 1


for thread in range(16):
    threading.Thread(target=work, args=[thread]).start()
