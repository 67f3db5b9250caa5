from __future__ import annotations

import asyncio
import functools
import importlib
import operator
import os
import pickle
import subprocess
import sys
import threading
import time

import pytest

from pyperunner_cache import CacheWarning, UnhashableArgumentError, memoize, open_store


class Log(list):
    """A list whose content does not count in the code that appends to it."""

    def __pyperunner_key__(self):
        return "log"


calls = Log()


def add(a, b=2, *rest, verbose=False):
    calls.append((a, b))
    return a + b + sum(rest)


@pytest.fixture(autouse=True)
def _fresh():
    calls.clear()


def test_it_computes_once(any_store):
    remembered = memoize(any_store)(add)
    assert remembered(1) == remembered(1, 2) == remembered(a=1, b=2) == 3
    assert remembered(1, 3) == 4
    assert calls == [(1, 2), (1, 3)]
    assert remembered.__name__ == "add"
    assert remembered.__wrapped__ is add


def test_types_count(any_store):
    remembered = memoize(any_store)(add)
    assert type(remembered(1)) is int
    assert type(remembered(1.0)) is float
    assert type(remembered(True)) is int
    assert len(calls) == 3


def test_the_methods_people_know(any_store):
    remembered = memoize(any_store)(add)
    assert remembered.check_call_in_cache(1) is False
    assert remembered.call(1) == 3
    assert remembered.call(1) == 3
    assert len(calls) == 2
    assert remembered.check_call_in_cache(1) is True
    remembered.clear()
    assert remembered.check_call_in_cache(1) is False
    assert remembered.func is add


def test_ignore(any_store):
    remembered = memoize(any_store, ignore=["verbose"])(add)
    assert remembered(1, verbose=True) == remembered(1, verbose=False)
    assert len(calls) == 1
    with pytest.raises(TypeError, match="no parameter 'nope'"):
        memoize(any_store, ignore=["nope"])(add)


def test_ttl(any_store, monkeypatch):
    remembered = memoize(any_store, ttl="1h")(add)
    remembered(1)
    remembered(1)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 3700)
    assert not remembered.check_call_in_cache(1)
    remembered(1)
    assert len(calls) == 2


def test_generators_are_refused(any_store):
    def numbers():
        yield 1

    with pytest.raises(TypeError, match="return a list"):
        memoize(any_store)(numbers)


def test_wrong_arguments_are_a_type_error(any_store):
    with pytest.raises(TypeError, match="missing"):
        memoize(any_store)(add)()
    assert calls == []


def keep(a, b):
    calls.append(a)
    return a


class Reader:
    """Has no encoding, but a pickle."""

    def __init__(self, path):
        self.path, self.tools = path, (each for each in ())

    def __reduce__(self):
        return Reader, (self.path,)

    def __pyperunner_key__(self):
        return self.tools


def test_an_argument_without_a_key_costs_no_result(any_store):
    remembered = memoize(any_store)(keep)
    for _ in range(2):
        with pytest.warns(CacheWarning, match=r"not kept: the argument 'b'.*ignore=\['b'\]") as caught:
            assert remembered(1, [Reader("x")]) == 1
        assert (len(caught), caught[0].filename) == (1, __file__)
    assert len(calls) == 2
    assert not remembered.check_call_in_cache(1, [Reader("x")])
    for what in (Reader("x"), threading.Lock()):
        with pytest.raises(UnhashableArgumentError, match=r"'b'.*ignore=\['b'\]") as caught:
            remembered.key(1, what)
        assert isinstance(caught.value, TypeError)


def test_a_pickle_counts_where_that_is_asked_for(any_store, tmp_path, monkeypatch):
    text = "class Own:\n    def __reduce__(self): return Own, ()\n    def answer(self): return {}\n"
    for name, answer in (("one_module", 1), ("other_module", 2)):
        (tmp_path / f"{name}.py").write_text(text.format(answer))
    monkeypatch.syspath_prepend(str(tmp_path))
    one, other = (importlib.import_module(name) for name in ("one_module", "other_module"))
    remembered = memoize(any_store, unhashable="pickle")(keep)
    for _ in range(2):
        assert remembered(1, [Reader("x")]) == 1
    assert len(calls) == 1
    remembered(1, [Reader("y")])
    assert len(calls) == 2
    holders = [Reader(one.Own()), Reader(one.Own())]
    assert remembered.key(1, holders[0]) == remembered.key(1, holders[1]) != remembered.key(1, Reader(other.Own()))
    before = remembered.key(1, holders[0])
    monkeypatch.setattr(one.Own, "answer", other.Own.answer)
    assert remembered.key(1, holders[0]) != before
    with pytest.raises(UnhashableArgumentError, match=r"cannot be pickled"):
        remembered.key(1, threading.Lock())
    with pytest.raises(ValueError, match="unhashable"):
        memoize(any_store, unhashable="ask")(keep)
    assert remembered.__reduce__()[1][-1] == "pickle"


def test_the_order_of_keywords_counts_where_the_function_sees_it(any_store):
    def plain(a, b):
        return a, b

    def open_to_all(a, **more):
        return a, list(more)

    one, other = memoize(any_store)(plain), memoize(any_store)(open_to_all)
    assert one.key(a=1, b=2) == one.key(b=2, a=1)
    assert other.key(a=1, b=2, c=3) == other.key(b=2, a=1, c=3) != other.key(a=1, c=3, b=2)


def test_exceptions_are_not_kept(any_store):
    def fail():
        calls.append(1)
        raise ValueError("no")

    remembered = memoize(any_store)(fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            remembered()
    assert len(calls) == 2


def test_arrays_count_by_content(any_store):
    np = pytest.importorskip("numpy")

    def total(array):
        calls.append(1)
        return array.sum()

    remembered = memoize(any_store)(total)
    assert remembered(np.arange(10)) == remembered(np.arange(10)) == 45
    assert remembered(np.arange(11)) == 55
    assert len(calls) == 2


def test_methods_of_a_class(store):
    class Model:
        def __init__(self, n):
            self.n = n

        @memoize(store)
        def fit(self, x):
            calls.append(x)
            return self.n + x

    assert Model(1).fit(2) == Model(1).fit(2) == 3
    assert Model(5).fit(2) == 7
    assert len(calls) == 2


def test_changed_code_is_another_function(store, tmp_path):
    script = tmp_path / "script.py"
    for factor in (2, 3, 2):
        script.write_text(
            "from pyperunner_cache import memoize, open_store\n"
            "import sys\n@memoize(sys.argv[1])\n"
            f"def f(x):\n    print('computed')\n    return x * {factor}\nprint(f(5))\n"
        )
        out = subprocess.run([sys.executable, script, store.backend.root], capture_output=True, text=True, check=True)
        calls.append(out.stdout.split())
    assert calls == [["computed", "10"], ["computed", "15"], ["10"]]


def test_threads_compute_once(any_store):
    def slow(x):
        calls.append(x)
        time.sleep(0.05)
        return x

    remembered = memoize(any_store)(slow)
    results = []
    threads = [threading.Thread(target=lambda: results.append(remembered(1))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1] * 6
    assert calls == [1]


def test_processes_compute_once(tmp_path):
    store = open_store(tmp_path / "s")
    log = str(tmp_path / "log")

    def slow(x):
        with open(log, "a") as file:
            file.write("computed\n")
        time.sleep(0.1)
        return x

    remembered = memoize(store)(slow)
    pids = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = 0 if remembered(7) == 7 else 1
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 4
    with open(log) as file:
        assert file.read() == "computed\n"


def test_async_functions(any_store):
    async def slow(x):
        calls.append(x)
        await asyncio.sleep(0.03)
        return x

    remembered = memoize(any_store)(slow)

    async def main():
        assert await asyncio.gather(*(remembered(1) for _ in range(5))) == [1] * 5
        assert await remembered.call(1) == 1
        return remembered.check_call_in_cache(1)

    assert asyncio.run(main()) is True
    assert calls == [1, 1]


def test_it_survives_pickling(store):
    remembered = memoize(store, ignore=["verbose"])(add)
    remembered(1)
    again = pickle.loads(pickle.dumps(remembered))
    assert again(1, verbose=True) == 3
    assert len(calls) == 1


def test_a_path_will_do(tmp_path):
    remembered = memoize(tmp_path / "s")(add)
    assert remembered(1) == remembered(1) == 3
    assert len(calls) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_scikit_learn_takes_a_store_as_memory(store):
    pytest.importorskip("sklearn")
    import numpy as np
    from sklearn.base import clone
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    chance = np.random.default_rng(1)
    x, y = chance.normal(size=(60, 5)), chance.integers(0, 2, 60)
    pipeline = Pipeline([("pca", PCA(2, random_state=0)), ("model", LogisticRegression())], memory=store)
    first = pipeline.fit(x, y).predict(x)
    assert len(list(store.entries())) == 1
    again = clone(pipeline).set_params(model__C=0.5).fit(x, y)
    assert len(list(store.entries())) == 1
    assert (again.named_steps["pca"].components_ == pipeline.named_steps["pca"].components_).all()
    assert len(first) == 60
    clone(pipeline).set_params(pca__n_components=3).fit(x, y)
    assert len(list(store.entries())) == 2


def test_joblibs_other_ways_to_ask(store):
    remembered = store.cache(ignore=["verbose"])(add)
    assert remembered(1) == store.cache(add, ignore=["verbose"])(1) == 3
    assert len(calls) == 1
    with pytest.raises(TypeError, match="ttl"):
        store.cache(add, cache_validation_callback=lambda metadata: True)


class Times:
    """A callable object whose attributes are called like methods of a memoized function."""

    def __init__(self, key):
        self.key = key

    def __call__(self, x):
        calls.append(x)
        return x * self.key

    def method(self, x):
        return self(x)

    async def later(self, x):
        return self(x)


class Later(Times):
    async def __call__(self, x):
        return super().__call__(x)


def with_connection(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function("connection", *args, **kwargs)

    return call


@with_connection
def query(connection, table, limit=10, offset=0):
    calls.append(table)
    return f"{connection}: {table}, {limit}, {offset}"


CALLABLES = {
    "partial": (functools.partial(add, b=5), (1,), 6),
    "partial of an object": (functools.partial(Times(3), 2), (), 6),
    "object": (Times(3), (2,), 6),
    "bound method": (Times(3).method, (2,), 6),
    "class": (complex, (1, 2), 1 + 2j),
    "builtin": (pow, (2, 3), 8),
    "method of a builtin": ("-".join, (["a", "b"],), "a-b"),
    "without a signature": (operator.itemgetter(0), ([7],), 7),
    "lambda": (lambda x: x + 1, (1,), 2),
    "decorated": (query, ("t", 5), "connection: t, 5, 0"),
    "lru_cache": (functools.lru_cache(query), ("t",), "connection: t, 10, 0"),
}


@pytest.mark.parametrize("what", CALLABLES)
def test_whatever_can_be_called(any_store, what):
    function, args, right = CALLABLES[what]
    remembered = memoize(any_store)(function)
    assert remembered(*args) == right
    made = len(calls)
    assert remembered.check_call_in_cache(*args)
    assert remembered(*args) == right
    assert len(calls) == made
    remembered.clear()
    assert not remembered.check_call_in_cache(*args)


@pytest.mark.parametrize("function", [Later(3), Times(3).later, functools.partial(Later(3))])
def test_whatever_can_be_awaited(any_store, function):
    remembered = memoize(any_store)(function)
    assert [asyncio.run(remembered(2)) for _ in range(2)] == [6, 6]
    assert calls == [2]


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (3, "cannot be called"),
        (classmethod(add), "write @classmethod above"),
        (staticmethod(add), "write @staticmethod above"),
        (property(add), "cannot be called"),
    ],
)
def test_what_cannot_be_called_is_refused(any_store, thing, text):
    with pytest.raises(TypeError, match=text):
        memoize(any_store)(thing)


def test_the_state_of_a_callable_object_counts_as_it_is_now(any_store):
    times = Times(3)
    remembered, again = memoize(any_store)(times), memoize(any_store)(Times(4))
    assert (remembered(2), again(2)) == (6, 8)
    times.key = 4
    assert remembered(2) == 8
    assert calls == [2, 2]


def test_arguments_that_a_decorator_changes_count_as_they_are_given(any_store):
    remembered = memoize(any_store)(query)
    assert [remembered("t", 5), remembered("t", 5, 10)] == ["connection: t, 5, 0", "connection: t, 5, 10"]


class Model:
    def __init__(self, n, store):
        self.n, self.store = n, store

    def __pyperunner_key__(self):
        return self.n


def test_a_memoized_method_has_what_a_memoized_function_has(any_store):
    def fit(self, x, verbose=False):
        calls.append(x)
        return self.n + x

    Model.fit = memoize(any_store, ignore="verbose")(fit)
    one, other = Model(1, any_store), Model(2, any_store)
    assert one.fit(1, verbose=True) == 2
    assert one.fit.check_call_in_cache(1)
    assert not other.fit.check_call_in_cache(1)
    assert one.fit.key(1) == Model.fit.key(one, 1) != other.fit.key(1)
    assert one.fit.call(1) == 2
    assert calls == [1, 1]
    assert (one.fit.__self__, one.fit.func, one.fit.__name__) == (one, fit, "fit")
    assert one.fit == one.fit != other.fit
    one.fit.clear()
    assert not one.fit.check_call_in_cache(1)


def test_clear_leaves_other_functions_of_the_same_name_alone(any_store):
    def make(n):
        @memoize(any_store)
        def f(x):
            return n + x

        return f

    one, other = make(1), make(2)
    named = memoize(any_store, name=one.name)(add)
    assert (one(1), other(1), named(1)) == (2, 3, 3)
    one.clear()
    assert [each.check_call_in_cache(1) for each in (one, other, named)] == [False, True, True]


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset, iter, dict.fromkeys, "".join])
def test_any_collection_says_what_is_ignored(any_store, kind):
    remembered = memoize(any_store, ignore=kind(["verbose"]))(add)
    assert remembered(1, verbose=True) == remembered(1) == 3
    assert len(calls) == 1


def test_keywords_of_any_name_can_be_ignored(any_store):
    def draw(x, **style):
        calls.append(x)
        return x

    remembered = memoize(any_store, ignore=["color"])(draw)
    for style in ({}, {"color": 1}, {"color": 2}):
        assert remembered(1, **style) == 1
    assert remembered(1, color=1, width=1) == 1
    assert len(calls) == 2
    assert memoize(any_store, ignore=["style"])(draw)(1, width=2) == 1
    assert len(calls) == 3


def test_what_a_function_raises_has_nothing_of_ours_in_its_context(any_store):
    def fail():
        raise ValueError("no")

    async def fail_later():
        raise ValueError("no")

    with pytest.raises(ValueError) as caught:
        memoize(any_store)(fail)()
    with pytest.raises(ValueError) as awaited:
        asyncio.run(memoize(any_store)(fail_later)())
    assert [error.value.__context__ for error in (caught, awaited)] == [None, None]


def test_a_result_from_a_clock_that_was_ahead_grows_old(any_store, monkeypatch):
    remembered = memoize(any_store, ttl="1h")(add)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 7200)
    remembered(1)
    monkeypatch.undo()
    assert not remembered.check_call_in_cache(1)


LIMIT = 5


def clip(x):
    return min(x, LIMIT)


def later(x, start=None, go=None):
    if start is not None:
        start.set()
        go.wait()
    return min(x, LIMIT)


async def later_async(x):
    await asyncio.sleep(0.01)
    return min(x, LIMIT)


def test_what_changes_in_the_process_counts_from_then_on(any_store, monkeypatch):
    remembered = memoize(any_store)(clip)
    assert remembered(10) == 5
    before = remembered.key(10)
    monkeypatch.setattr(sys.modules[__name__], "LIMIT", 7)
    assert remembered(10) == 7
    monkeypatch.undo()
    assert remembered.key(10) == before
    assert remembered(10) == 5
    monkeypatch.setattr(clip, "__code__", (lambda x: 0).__code__)
    assert remembered(10) == 0


def test_nothing_is_kept_where_another_thread_has_changed_something_meanwhile(any_store, monkeypatch):
    remembered = memoize(any_store, ignore=["start", "go"])(later)
    start, go = threading.Event(), threading.Event()

    def interfere():
        start.wait()
        monkeypatch.setattr(sys.modules[__name__], "LIMIT", 7)
        go.set()

    thread = threading.Thread(target=interfere)
    thread.start()
    with pytest.warns(CacheWarning, match=r"later was not kept: .* changed while it ran"):
        assert remembered(10, start, go) == 7
    thread.join()
    assert remembered(10) == 7
    monkeypatch.undo()
    assert remembered(10) == 5


def test_nothing_is_kept_where_another_coroutine_has_changed_something_meanwhile(any_store, monkeypatch):
    remembered = memoize(any_store)(later_async)

    async def both():
        first = asyncio.create_task(remembered(10))
        await asyncio.sleep(0)
        monkeypatch.setattr(sys.modules[__name__], "LIMIT", 7)
        return await first

    with pytest.warns(CacheWarning, match=r"later_async was not kept"):
        assert asyncio.run(both()) == 7
    monkeypatch.undo()
    assert asyncio.run(remembered(10)) == 5


COUNTED = 0


def test_what_the_function_itself_changes_does_not_count(any_store):
    def count(x):
        global COUNTED
        COUNTED += 1
        return x

    remembered, before = memoize(any_store)(count), COUNTED
    assert [remembered(1), remembered(1), remembered(2)] == [1, 1, 2]
    assert before + 2 == COUNTED


TRAVELLER = """
import cloudpickle, subprocess, sys
from pyperunner_cache import memoize, open_store
K = 3
@memoize(open_store(sys.argv[1]))
def f(x): return x + K
if __name__ == "__main__":
    open("f", "wb").write(cloudpickle.dumps(f))
    code = "import cloudpickle; f = cloudpickle.load(open('f', 'rb')); f(1); print(f.key(1))"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    print(there == f.key(1), f.check_call_in_cache(1))
"""


def test_a_function_that_travels_before_its_first_call_has_the_same_key_there(tmp_path):
    (tmp_path / "script.py").write_text(TRAVELLER)
    ran = subprocess.run(
        [sys.executable, "script.py", tmp_path / "store"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "True True\n"


def test_nothing_is_kept_where_what_it_imports_was_edited_meanwhile(store, tmp_path, monkeypatch):
    """What is imported inside the function is read before it runs, and loaded later."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    late = tmp_path / "late_one.py"
    text = "import pathlib\ndef run(edit):\n    edit and pathlib.Path(edit).write_text('K = 22')\n"
    (tmp_path / "early_one.py").write_text(text + "    import late_one\n    return late_one.K\n")
    late.write_text("K = 1\n")
    early = importlib.import_module("early_one")
    remembered = memoize(store)(early.run)
    try:
        with pytest.warns(CacheWarning, match="was not kept: late_one changed before it was imported"):
            assert remembered(str(late)) == 22
        late.write_text("K = 1\n")
        del sys.modules["late_one"]
        assert not remembered.check_call_in_cache(str(late))
        assert remembered("") == 1
        assert remembered.check_call_in_cache("")
    finally:
        sys.modules.pop("late_one", None), sys.modules.pop("early_one", None)
