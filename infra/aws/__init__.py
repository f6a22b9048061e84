"""AWS: two templates, of what is there first and of the functions, each one pattern repeated over the functions."""
