"""Use a catalog, fork, and use it on both sides; the parent closes its own before the child."""

import os
import sys
import threading
from datetime import UTC, datetime

from twirec.catalog import Catalog

at = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
catalog = Catalog(sys.argv[1])
catalog.marks.set("before", at)
assert catalog.marks.get("before") == at
closed, may_go_on = os.pipe()
child = os.fork()
if child == 0:
    catalog.marks.set("child", at)
    os.write(1, b"child\n")
    os.read(closed, 1)  # the parent, which had opened the file first, has closed it
    catalog.marks.set("child after", at)
    thread = threading.Thread(target=catalog.marks.set, args=["thread after", at])
    thread.start()
    thread.join()
    os._exit(0)  # as if killed: nothing is closed
while catalog.marks.get("child") is None:
    pass
catalog.marks.set("parent", at)
os.write(1, b"parent\n")
catalog.close()
os.write(may_go_on, b".")
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
