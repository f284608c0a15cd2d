-- What all servers of this database share and nobody else may know; the first that needs a secret makes it.
CREATE TABLE shared_secrets (
    name text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);
