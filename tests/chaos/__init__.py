"""What must hold whatever goes wrong: workers, brokers, disks and records, one fault after the other, under load."""
