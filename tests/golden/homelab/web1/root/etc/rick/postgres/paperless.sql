-- the service paperless; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'paperless') AS missing \gset
\if :missing
  CREATE ROLE "paperless";
\endif
ALTER ROLE "paperless" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'paperless') AS missing \gset
\if :missing
  CREATE DATABASE "paperless" OWNER "paperless" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "paperless" OWNER TO "paperless";
REVOKE ALL ON DATABASE "paperless" FROM PUBLIC;
\connect -reuse-previous=on "dbname='paperless'"
ALTER SCHEMA public OWNER TO "paperless";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
