"""Plan versions and the three signatures."""
