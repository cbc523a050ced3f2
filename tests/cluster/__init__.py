"""The services of docker-compose.yaml as processes of this machine: `make cluster`."""
