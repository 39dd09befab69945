-- The manifest of one knowledge base. Its commit is the moment a document becomes visible or gone.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Every file that an ingest met. state: ready, failed, skipped, or partial for a container (a .jsonl, say, which holds several
-- documents) that is not read to its end yet. reading: what decided whether it could be read; with another one, a file
-- that could not be is tried again.
CREATE TABLE files (
    source    TEXT PRIMARY KEY,
    root      TEXT NOT NULL,
    size      INTEGER NOT NULL,
    mtime_ns  INTEGER NOT NULL,
    sha256    TEXT NOT NULL,
    state     TEXT NOT NULL,
    reason    TEXT NOT NULL DEFAULT '',
    reading   TEXT NOT NULL DEFAULT '',
    ingested  TEXT NOT NULL
) WITHOUT ROWID;

-- Parts of files (attachments, say) that became no document. state: failed or skipped.
CREATE TABLE refused_parts (
    source TEXT PRIMARY KEY,
    file   TEXT NOT NULL REFERENCES files (source) ON DELETE CASCADE,
    state  TEXT NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX refused_parts_of_file ON refused_parts (file);

CREATE TABLE documents (
    id         INTEGER PRIMARY KEY,
    file       TEXT NOT NULL REFERENCES files (source),
    source     TEXT NOT NULL UNIQUE,
    title      TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    language   TEXT,
    modified   TEXT,
    tags       TEXT NOT NULL,
    marks      TEXT NOT NULL,
    blocks     TEXT NOT NULL,
    boxes      BLOB NOT NULL,
    text       TEXT NOT NULL
);
CREATE INDEX documents_of_file ON documents (file);
-- What filters ask for, so that no texts are passed over on the way.
CREATE INDEX documents_by_kind ON documents (media_type, tags, modified);

CREATE TABLE chunks (
    id        INTEGER PRIMARY KEY,
    document  INTEGER NOT NULL REFERENCES documents (id),
    start     INTEGER NOT NULL,
    stop      INTEGER NOT NULL,
    text      TEXT NOT NULL,
    anchor    TEXT,
    context   TEXT NOT NULL,
    embedding INTEGER NOT NULL REFERENCES embeddings (id)
);
CREATE INDEX chunks_of_document ON chunks (document, start, embedding);
CREATE INDEX chunks_of_embedding ON chunks (embedding);

-- One row per distinct text embedded; ids are never used twice, so "newer than a generation" is "id above its watermark".
CREATE TABLE embeddings (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    key    BLOB NOT NULL UNIQUE,
    vector BLOB NOT NULL
);

-- Published vector generations: folder name, highest embedding id inside, number of vectors inside, how its files look.
CREATE TABLE generations (
    name      TEXT PRIMARY KEY,
    watermark INTEGER NOT NULL,
    vectors   INTEGER NOT NULL,
    stamps    TEXT NOT NULL,
    current   INTEGER NOT NULL
) WITHOUT ROWID;

-- Vectors that stand in the current generation although nothing refers to them any more.
CREATE TABLE dropped_embeddings (id INTEGER PRIMARY KEY);

-- Passages that the lexical index may hold although they are not visible (not yet, or no longer).
CREATE TABLE lexical_leftovers (id INTEGER PRIMARY KEY);
