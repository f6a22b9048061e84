"""Doubles that answer like AWS, over HTTP, so that the real clients talk to them; each call and each answer is held against botocore's own models."""
