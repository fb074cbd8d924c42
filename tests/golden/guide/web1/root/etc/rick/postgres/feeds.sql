-- the service feeds; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'feeds') AS missing \gset
\if :missing
  CREATE ROLE "feeds";
\endif
ALTER ROLE "feeds" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'feeds') AS missing \gset
\if :missing
  CREATE DATABASE "feeds" OWNER "feeds" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "feeds" OWNER TO "feeds";
REVOKE ALL ON DATABASE "feeds" FROM PUBLIC;
\connect -reuse-previous=on "dbname='feeds'"
ALTER SCHEMA public OWNER TO "feeds";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SET search_path = public;
CREATE EXTENSION IF NOT EXISTS "pg_trgm" CASCADE;
