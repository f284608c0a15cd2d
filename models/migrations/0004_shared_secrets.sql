-- What all servers of this database share and nobody else may know; the first that needs a secret makes it.
CREATE TABLE shared_secrets (
    id uuid PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    value bytea NOT NULL
);
