"""Tasks on the workers of a Dask cluster; here of one that this program starts itself."""

from __future__ import annotations

import socket

from distributed import Client, LocalCluster

from pyperunner import Pipeline, Runner, task


@task("Square")
def square(number):
    print("on", socket.gethostname())
    return number**2


@task("Total")
def total(data):
    return sum(data)


squares = [square(str(number), number=number) for number in range(8)]
total()(squares)
pipeline = Pipeline("cluster", squares)

if __name__ == "__main__":
    # In its place: SLURMCluster(...) of dask-jobqueue, KubeCluster(...), or just the address of a scheduler.
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        runner = Runner("pyperunner-data", "pyperunner-runs", executor="dask", executor_options={"client": client})
        runner.run(pipeline, raise_on_failure=True)
        print(runner.results()["Total()"])
