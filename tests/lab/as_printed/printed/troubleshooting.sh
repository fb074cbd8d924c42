groups myservice
# Should show: myservice postgres valkey
podman inspect myservice --format='{{.Config.Annotations}}'
# Should include: run.oci.keep_original_groups=1
ls -la /var/run/postgresql/
ls -la /var/run/valkey/
sudo -u myservice psql -h /var/run/postgresql -U myservice myservice_db
sudo -u myservice redis-cli -s /var/run/valkey/valkey.sock ping
podman exec myservice id
# Should show correct UID and supplementary groups
podman exec myservice ls -la /var/run/postgresql/
podman exec myservice ls -la /var/run/valkey/
