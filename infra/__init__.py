"""What runs the functions elsewhere: images, AWS, Kubernetes, monitoring. `python -m infra.NAME` from the root of the repository."""
