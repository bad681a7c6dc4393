"""The board: one screen on which a team lead sees what needs action now, and whether acting helped.

A read model (:mod:`streams.board.model`) is folded from the outcomes and nudges topics, in memory and pure; pages are
rendered from it. It reads nothing else, and writes nothing but actions into the log. Whoever looks comes by the
entrance (:mod:`streams.board.access`), which keeps an audit log.
"""
