"""What a department is and did: its records, the norms it answers to, its indicators, its self-assessment; values."""
