"""What came of it, values only: doses, histograms, findings, deviations, provenance."""
