"""The tables of a run's index (``runs/index.py``)."""

from __future__ import annotations

SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8000;
PRAGMA temp_store = FILE;
CREATE TABLE groups (no INTEGER PRIMARY KEY, benchmark, language, region, intent, harm, variant);
CREATE TABLE systems (no INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE judges (no INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE prompts (no INTEGER PRIMARY KEY, id TEXT UNIQUE, digest BLOB, offset INTEGER, grp INTEGER, parent TEXT);
CREATE TABLE responses (
    no INTEGER PRIMARY KEY, id TEXT UNIQUE, prompt INTEGER, system INTEGER, offset INTEGER, failed INTEGER,
    incoherent INTEGER
);
CREATE TABLE judgments (
    judge INTEGER, response INTEGER, repeat INTEGER, turn INTEGER, final INTEGER,
    offset INTEGER, status TEXT, unsafe INTEGER CHECK (unsafe IN (0, 1)), refusal INTEGER,
    action INTEGER CHECK (action BETWEEN 0 AND 5), score REAL, scale TEXT, p REAL CHECK (p BETWEEN 0 AND 1),
    sampling_p REAL CHECK (sampling_p BETWEEN 0 AND 1), in_training INTEGER, answered_by TEXT, contradicts INTEGER,
    PRIMARY KEY (response, judge, repeat, turn)
) WITHOUT ROWID;
CREATE TABLE categories (judge INTEGER, response INTEGER, category TEXT, PRIMARY KEY (judge, response, category))
    WITHOUT ROWID;
CREATE TABLE verdicts (
    judge INTEGER, response INTEGER, offset, status, unsafe, refusal, action, score, scale, p, sampling_p, in_training,
    answered_by, contradicts, PRIMARY KEY (response, judge)
) WITHOUT ROWID;
CREATE TABLE sums (
    judge INTEGER, counts TEXT, grp INTEGER, system INTEGER, metric INTEGER, clusters INTEGER, n INTEGER, k INTEGER,
    nn INTEGER, kn INTEGER, kk INTEGER, PRIMARY KEY (judge, counts, grp, system, metric)
) WITHOUT ROWID;
CREATE TABLE missing (
    judge INTEGER, counts TEXT, grp INTEGER, system INTEGER, reason TEXT, answers INTEGER,
    PRIMARY KEY (judge, counts, grp, system, reason)
) WITHOUT ROWID;
CREATE TABLE counted (judge INTEGER, counts TEXT, answers INTEGER, PRIMARY KEY (judge, counts)) WITHOUT ROWID;
"""
