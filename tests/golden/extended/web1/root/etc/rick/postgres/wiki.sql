-- the service wiki; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'wiki') AS missing \gset
\if :missing
  CREATE ROLE "wiki";
\endif
ALTER ROLE "wiki" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'wiki') AS missing \gset
\if :missing
  CREATE DATABASE "wiki" OWNER "wiki" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "wiki" OWNER TO "wiki";
REVOKE ALL ON DATABASE "wiki" FROM PUBLIC;
\connect -reuse-previous=on "dbname='wiki'"
ALTER SCHEMA public OWNER TO "wiki";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
