"""The engine: makes the calls and hands answers to judges, within limits, and writes what is finished."""
