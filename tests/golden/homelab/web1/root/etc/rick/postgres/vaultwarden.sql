-- the service vaultwarden; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'vaultwarden') AS missing \gset
\if :missing
  CREATE ROLE "vaultwarden";
\endif
ALTER ROLE "vaultwarden" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'vaultwarden') AS missing \gset
\if :missing
  CREATE DATABASE "vaultwarden" OWNER "vaultwarden" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "vaultwarden" OWNER TO "vaultwarden";
REVOKE ALL ON DATABASE "vaultwarden" FROM PUBLIC;
\connect -reuse-previous=on "dbname='vaultwarden'"
ALTER SCHEMA public OWNER TO "vaultwarden";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
