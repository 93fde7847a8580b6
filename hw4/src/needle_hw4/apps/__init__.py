"""What can be built on this stage."""
