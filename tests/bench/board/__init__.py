"""From an event to the team lead's eyes: how soon nudges are on boards, and what boards take."""
