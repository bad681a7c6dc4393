"""Dashboards for Grafana, made from the catalogue."""
