"""Preference-optimisation losses, scored by retraining a small language model of real English."""
