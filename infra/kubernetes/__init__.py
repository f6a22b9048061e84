"""Kubernetes: a Helm chart with one pattern for every function; values.py writes the functions into its values.

darkroom/    the chart: values.yaml says what can be set, values.schema.json what may be
profiles/    sets of values: GPUs with their CPU twins, Knative
values.py    `make kubernetes-values`: the functions, from their manifests and the images that were built
render.py    `make kubernetes`: the chart as plain manifests
"""
