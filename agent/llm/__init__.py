"""Language models: one protocol, local weights, providers and recordings."""
