"""From the ledger to Prometheus, and to the report. Holds nothing of its own."""
