"""Seeds and single-use devices from order to patient, return or waste."""
