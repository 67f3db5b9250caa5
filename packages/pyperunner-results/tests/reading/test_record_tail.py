from __future__ import annotations

from pyperunner_results.reading.record import RecordTail


def test_each_call_returns_the_events_that_have_come_since(tmp_path):
    tail, file = RecordTail(str(tmp_path)), tmp_path / "events.jsonl"
    assert tail.read() == []
    file.write_bytes(b'{"kind": "a"}\n{"kind": "b"')
    assert tail.read() == [{"kind": "a"}]
    assert tail.read() == []
    with file.open("ab") as more:
        more.write(b'}\nnonsense\n{"kind": "c"}\n')
    assert tail.read() == [{"kind": "b"}, {"kind": "c"}]
