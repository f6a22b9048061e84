"""`make bench`: every function beside its floor, through each door, and beside a server as people write it in Python."""
