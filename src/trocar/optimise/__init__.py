"""Where seeds go: inverse planning on the dose-influence matrix. Arrays and values in, values out."""
