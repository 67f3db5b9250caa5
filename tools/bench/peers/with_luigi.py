"""The graphs of pipelines.py in luigi: ``python with_luigi.py GRAPH``; prints the seconds of the run."""

import logging
import sys
import time

import luigi


class Step(luigi.Task):
    """A task whose output is a file with its number."""

    graph = luigi.Parameter()
    row = luigi.IntParameter()
    column = luigi.IntParameter(default=0)

    def requires(self):
        if self.graph == "chain" and self.row:
            return [Step(graph=self.graph, row=self.row - 1)]
        if self.graph == "layered" and self.row:
            return [Step(graph=self.graph, row=self.row - 1, column=other) for other in range(10)]
        return []

    def output(self):
        return luigi.LocalTarget(f"out/{self.graph}-{self.row}-{self.column}")

    def run(self):
        end = time.process_time() + (0.05 if self.graph == "busy" else 0.0)
        while time.process_time() < end:
            pass
        with self.output().open("w") as file:
            file.write(str(self.row))


class All(luigi.Task):
    """The last task of a graph."""

    graph = luigi.Parameter()

    def requires(self):
        if self.graph in ("fan", "busy"):
            return [Step(graph=self.graph, row=row) for row in range(1000 if self.graph == "fan" else 64)]
        if self.graph == "chain":
            return [Step(graph=self.graph, row=399)]
        return [Step(graph=self.graph, row=19, column=column) for column in range(10)]

    def output(self):
        return luigi.LocalTarget(f"out/{self.graph}")

    def run(self):
        with self.output().open("w") as file:
            file.write("done")


logging.disable(logging.CRITICAL)
began = time.perf_counter()
# As many processes as pyperunner would use; with one worker luigi runs everything in this process.
done = luigi.build([All(graph=sys.argv[1])], local_scheduler=True, workers=2, no_lock=True)
print(time.perf_counter() - began)
sys.exit(not done)
