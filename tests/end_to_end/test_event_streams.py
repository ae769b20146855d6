"""What the ordinary callbacks of an outage would have said, Event Streams say after it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.end_to_end.site import Site
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Outcome
from twirec.sandbox import Faults

LOST = Faults(callbacks_lost={"in-progress", "completed", "absent"})


def test_a_call_whose_callbacks_were_all_lost_is_archived_by_the_stream_once(
    tmp_path: Path,
) -> None:
    attempts: list[str] = []

    def failing(app: Any) -> Any:
        def around(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["PATH_INFO"] == "/twirec/streams":
                attempts.append(environ["QUERY_STRING"])
                if len(attempts) <= 3:
                    start_response("503 Service Unavailable", [("Content-Length", "0")])
                    return [b""]
            answer: Iterable[bytes] = app(environ, start_response)
            return answer

        return around

    environ = {"TWIREC_EVENT_STREAMS": "1"}
    site = Site(tmp_path, f"file://{tmp_path}/bucket", environ=environ, around=failing, keys=())
    with site.running():
        streams = site.sandbox.event_streams
        sink = streams.sink(f"{site.url}/twirec/streams")
        sid = site.call(faults=LOST)
        streams.join()
        assert streams.send_again(sink).status == 204
        assert sorted({reply.status for reply in sink.replies}) == [204, 503]
        assert sink.dropped == []
        site.work_on()
        record = site.archive.calls.get(sid)
        (recording,) = record.recordings
        assert record.call.outcome is Outcome.RECORDED
        assert (recording.state, recording.custody) == (State.RELEASED, Custody.ACTIVE)
        assert len(site.stored()) == 1
