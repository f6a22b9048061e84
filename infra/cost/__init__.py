"""What a picture costs on every way to deploy: `make cost`."""
