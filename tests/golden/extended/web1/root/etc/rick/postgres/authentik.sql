-- the service authentik; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'authentik') AS missing \gset
\if :missing
  CREATE ROLE "authentik";
\endif
ALTER ROLE "authentik" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'authentik') AS missing \gset
\if :missing
  CREATE DATABASE "authentik" OWNER "authentik" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "authentik" OWNER TO "authentik";
REVOKE ALL ON DATABASE "authentik" FROM PUBLIC;
\connect -reuse-previous=on "dbname='authentik'"
ALTER SCHEMA public OWNER TO "authentik";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
