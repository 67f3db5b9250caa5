"""1,000 elements of a list that a function makes, and their sum, in pipefunc; prints the seconds of the run."""

import sys
import time

# begin
from pipefunc import Pipeline, pipefunc


@pipefunc("paths")
def files(count):
    return list(range(count))


@pipefunc("parts", mapspec="paths[i] -> parts[i]")
def clean(paths):
    return paths + 1


@pipefunc("total")
def total(parts):
    return sum(parts)


def run(count):
    pipeline = Pipeline([files, clean, total], cache_type="disk", cache_kwargs={"cache_dir": "cache"})
    found = pipeline.map({"count": count}, run_folder="runs", internal_shapes={"paths": (count,)})
    return found["total"].output


# end
if __name__ == "__main__":
    began = time.perf_counter()
    count = int(sys.argv[1])
    assert run(count) == sum(range(count)) + count
    print(f"{time.perf_counter() - began:.2f}")
