"""What `make deploy`, `make rollback` and `make destroy` do: from the settings of a stage to addresses that answer, and back to nothing.

`python -m infra.deploy deploy STAGE` goes through `steps.py` from top to bottom. Every step looks at what is there and does what is
missing, so that a deployment that was cut off anywhere is finished by running it again.
"""
