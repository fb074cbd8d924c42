-- the service miniflux; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'miniflux') AS missing \gset
\if :missing
  CREATE ROLE "miniflux";
\endif
ALTER ROLE "miniflux" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'miniflux') AS missing \gset
\if :missing
  CREATE DATABASE "miniflux" OWNER "miniflux" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "miniflux" OWNER TO "miniflux";
REVOKE ALL ON DATABASE "miniflux" FROM PUBLIC;
\connect -reuse-previous=on "dbname='miniflux'"
ALTER SCHEMA public OWNER TO "miniflux";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
