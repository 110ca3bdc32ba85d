"""Images as received, and what the library says of them."""
