"""How long a supervisor may owe an answer: moments are given, no clock is read."""

from __future__ import annotations

from pyperunner_runner.executors.supervisor.silence import Silence


def looks(silence, moments):
    return [silence.look(moment) for moment in moments]


def test_one_that_owes_nothing_is_asked_now_and_then():
    silence = Silence(0.0)
    assert silence.seconds_left(0.0) == 5.0
    assert looks(silence, [0.5, 4.9]) == ["", ""]
    assert silence.look(5.0) == "ask"


def test_what_is_not_done_in_half_a_second_is_done_in_its_place():
    silence = Silence(0.0)
    silence.ask(1.0)
    assert looks(silence, [1.0, 1.4, 1.5, 1.6, 2.0]) == ["", "", "act", "", "act"]
    silence.answer(2.1)
    assert looks(silence, [2.5, 7.0, 7.1]) == ["", "", "ask"]


def test_every_question_must_be_answered():
    silence = Silence(0.0)
    silence.ask(0.0)
    silence.ask(0.1)
    silence.answer(0.2)
    assert silence.look(0.5) == "act"


def test_one_that_is_to_kill_is_lost_after_two_seconds_any_other_after_thirty():
    for kill, rounds in ((True, 4), (False, 60)):
        silence = Silence(0.0)
        silence.ask(0.0, kill=kill)
        found = looks(silence, [0.5 * number for number in range(1, rounds + 1)])
        assert found == ["act"] * (rounds - 1) + ["lost"]


def test_a_kill_asked_for_after_long_silence_is_waited_for_no_longer():
    silence = Silence(0.0)
    silence.ask(0.0)
    assert looks(silence, [0.5, 1.0, 1.5, 2.0]) == ["act"] * 4
    assert not silence.is_final
    silence.ask(2.1, kill=True)
    assert silence.look(2.1) == "lost"
    assert silence.is_final


def test_a_runner_that_was_stopped_for_an_hour_takes_nobody_for_dead():
    silence = Silence(0.0)
    silence.ask(0.0, kill=True)
    assert looks(silence, [3600.0, 3600.1]) == ["act", ""]
    silence.answer(3600.2)
    assert silence.look(3600.5) == ""


def test_rounds_in_which_it_works_do_not_count_but_not_without_end():
    for kill, rounds in ((True, 4), (False, 60)):
        silence = Silence(0.0)
        silence.ask(0.0, kill=kill)
        assert [silence.look(0.5 * number, works=True) for number in range(1, 1201)] == ["act"] * 1200
        found = [silence.look(600 + 0.5 * number, works=True) for number in range(1, rounds + 1)]
        assert found == ["act"] * (rounds - 1) + ["lost"]
