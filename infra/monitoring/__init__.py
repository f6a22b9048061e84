"""Watching: what the functions tell at /metrics becomes rules, alerts, boards and a report; no function is named here.

rules/         recording rules and alerts; infra/tests/monitoring proves each
inputs.py      what the rules must know of each function, from its manifest, and of prices
panels.py      what the boards show: titles, queries, and the counterpart in CloudWatch
boards.py      `make boards`: rules, boards and the scrape configuration as plain files, into out/monitoring
kubernetes.py  the same as objects for a cluster
watch.py       `make watch-local`: functions that are asked (load.py), a real Prometheus (prometheus.py), GPUs that are
               replayed (gpu.py); every query (queries.py) must return data
report.py      what was measured there, as a page of text
"""
