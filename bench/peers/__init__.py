"""wenbao against what one would otherwise take for the job, on the same texts; see README.md in bench/.

`python -m bench.peers` measures and prints; `material` makes what all are given, `rows` says who is measured and how it
is set up, `runs` has every step run in a process of its own (`worker`), `report` turns the results into tables.
Nothing here imports `rag` where a worker of the others runs: they live in an environment of their own.
"""
