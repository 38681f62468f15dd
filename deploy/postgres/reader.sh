#!/bin/bash
# A user for the daemon, who reads the registry and nothing else. The image of postgres runs this when it makes the database; in one that is
# there already: docker-compose exec postgres bash /docker-entrypoint-initdb.d/reader.sh
set -euo pipefail
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'END'
\getenv password READER_PASSWORD
CREATE ROLE creditrisk_reader LOGIN PASSWORD :'password';
CREATE SCHEMA IF NOT EXISTS creditrisk_registry;
GRANT USAGE ON SCHEMA creditrisk_registry TO creditrisk_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA creditrisk_registry TO creditrisk_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA creditrisk_registry GRANT SELECT ON TABLES TO creditrisk_reader;
END
