-- the service forgejo; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'forgejo') AS missing \gset
\if :missing
  CREATE ROLE "forgejo";
\endif
ALTER ROLE "forgejo" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'forgejo') AS missing \gset
\if :missing
  CREATE DATABASE "forgejo" OWNER "forgejo" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "forgejo" OWNER TO "forgejo";
REVOKE ALL ON DATABASE "forgejo" FROM PUBLIC;
\connect -reuse-previous=on "dbname='forgejo'"
ALTER SCHEMA public OWNER TO "forgejo";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
