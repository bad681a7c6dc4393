"""The domain: facts, contacts, journeys, verdicts, estimates. Pure; standard library only."""
