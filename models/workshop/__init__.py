"""The workshop: trains the project's networks and writes the files that the functions serve."""
