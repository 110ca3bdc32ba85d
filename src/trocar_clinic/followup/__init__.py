"""What comes after: complications, visits, response, survival, charges."""
