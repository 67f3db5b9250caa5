"""1,000 elements of a list that an op makes, and their sum, in Dagster; prints the seconds of the run."""

import sys
import time

# begin
from dagster import DynamicOut, DynamicOutput, fs_io_manager, graph, in_process_executor, op


@op(out=DynamicOut(), config_schema={"count": int})
def files(context):
    for number in range(context.op_config["count"]):
        yield DynamicOutput(number, mapping_key=str(number))


@op
def clean(path):
    return path + 1


@op
def total(parts):
    return sum(parts)


@graph
def mapped():
    total(files().map(clean).collect())


def run(count):
    job = mapped.to_job(
        config={"ops": {"files": {"config": {"count": count}}}},
        resource_defs={"io_manager": fs_io_manager},
        executor_def=in_process_executor,
    )
    return job.execute_in_process().output_for_node("total")


# end
if __name__ == "__main__":
    began = time.perf_counter()
    count = int(sys.argv[1])
    assert run(count) == sum(range(count)) + count
    print(f"{time.perf_counter() - began:.2f}")
