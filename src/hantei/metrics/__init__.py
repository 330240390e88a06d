"""Rates with intervals that hold for rare events, the summary of a run, agreement of classes, calibration."""
