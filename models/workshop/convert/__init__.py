"""Published networks: fetched, checked, converted to the one face, and told of (`make weights`, `make catalogue`).

A variant's `model.json` names the files (`from`), the reader of their format (`readers/`) and the definition of the network
(`networks/`), which is written here from its paper and from the names and shapes in its weights file.
"""
