-- the service myservice; written by rick, change its manifest instead
\set ON_ERROR_STOP on
\encoding UTF8
SET search_path = '';
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'myservice') AS missing \gset
\if :missing
  CREATE ROLE "myservice";
\endif
ALTER ROLE "myservice" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'myservice_db') AS missing \gset
\if :missing
  CREATE DATABASE "myservice_db" OWNER "myservice" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\endif
ALTER DATABASE "myservice_db" OWNER TO "myservice";
REVOKE ALL ON DATABASE "myservice_db" FROM PUBLIC;
\connect -reuse-previous=on "dbname='myservice_db'"
ALTER SCHEMA public OWNER TO "myservice";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
