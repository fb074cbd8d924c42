-- the service nextcloud; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'nextcloud') AS missing \gset
\if :missing
  CREATE ROLE "nextcloud";
\endif
ALTER ROLE "nextcloud" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'nextcloud') AS missing \gset
\if :missing
  CREATE DATABASE "nextcloud" OWNER "nextcloud" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "nextcloud" OWNER TO "nextcloud";
REVOKE ALL ON DATABASE "nextcloud" FROM PUBLIC;
\connect -reuse-previous=on "dbname='nextcloud'"
ALTER SCHEMA public OWNER TO "nextcloud";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
