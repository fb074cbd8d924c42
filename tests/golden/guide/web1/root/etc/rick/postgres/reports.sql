-- the service reports; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'reports') AS missing \gset
\if :missing
  CREATE ROLE "reports";
\endif
ALTER ROLE "reports" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'reports') AS missing \gset
\if :missing
  CREATE DATABASE "reports" OWNER "reports" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "reports" OWNER TO "reports";
REVOKE ALL ON DATABASE "reports" FROM PUBLIC;
\connect -reuse-previous=on "dbname='reports'"
ALTER SCHEMA public OWNER TO "reports";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
