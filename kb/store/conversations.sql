-- The conversations of one knowledge base, in a file of their own. PRAGMA user_version is the version of this schema.

-- purge: a token while deleted words may still lie in the file, empty once they are gone.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE conversations (
    id      TEXT PRIMARY KEY,
    owner   TEXT NOT NULL,
    title   TEXT NOT NULL,
    created TEXT NOT NULL,
    changed TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX conversations_of_owner ON conversations (owner, changed);

-- answer: JSON. stopped and forgotten: 0 or 1.
CREATE TABLE turns (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    question     TEXT NOT NULL,
    searched     TEXT NOT NULL,
    answer       TEXT NOT NULL,
    asked        TEXT NOT NULL,
    stopped      INTEGER NOT NULL,
    forgotten    INTEGER NOT NULL,
    PRIMARY KEY (conversation, position)
) WITHOUT ROWID;

-- The documents that words of a turn come from. part: answer or question.
CREATE TABLE origins (
    conversation TEXT NOT NULL,
    position     INTEGER NOT NULL,
    source       TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    part         TEXT NOT NULL,
    PRIMARY KEY (conversation, position, source, part),
    FOREIGN KEY (conversation, position) REFERENCES turns (conversation, position) ON DELETE CASCADE
) WITHOUT ROWID;
