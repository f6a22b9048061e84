"""What the tests of the templates for AWS share."""
