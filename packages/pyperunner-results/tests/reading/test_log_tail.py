from __future__ import annotations

from pyperunner_results.reading.log_tail import tail_text


def test_the_last_lines_without_their_heads(folder):
    log = folder.task_log("A()")
    for number in range(100):
        log.log(f"line\t{number}")
    assert tail_text(log.path, 2) == "line\t98\nline\t99"
    assert tail_text(log.path, 0) == ""
    assert len(tail_text(log.path, 1000).split("\n")) == 100


def test_a_line_without_end_is_read_in_bounded_memory(folder):
    log = folder.task_log("A()")
    log.log("x" * 10_000_000)
    assert 0 < len(tail_text(log.path, 5)) <= 5 * 4096
    assert tail_text(log.path, 5).strip("x") == ""
