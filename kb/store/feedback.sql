-- What people said of answers: one verdict a turn, which is known by when it was asked. It goes with its conversation.

-- verdict: good or bad. state: open, accepted or rejected. unanswerable and forgotten: 0 or 1. page: NULL for none.
CREATE TABLE feedback (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    asked        TEXT NOT NULL,
    question     TEXT NOT NULL,
    verdict      TEXT NOT NULL,
    correction   TEXT NOT NULL,
    unanswerable INTEGER NOT NULL,
    source       TEXT NOT NULL,
    page         INTEGER,
    given        TEXT NOT NULL,
    state        TEXT NOT NULL,
    forgotten    INTEGER NOT NULL,
    PRIMARY KEY (conversation, asked)
) WITHOUT ROWID;

-- The documents that words of a correction may come from.
CREATE TABLE feedback_origins (
    conversation TEXT NOT NULL,
    asked        TEXT NOT NULL,
    source       TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    PRIMARY KEY (conversation, asked, source),
    FOREIGN KEY (conversation, asked) REFERENCES feedback (conversation, asked) ON DELETE CASCADE
) WITHOUT ROWID;
