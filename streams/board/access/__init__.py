"""Who may see what on the board, and the proof of it.

``entrance`` puts the application of the board behind one of four ways to sign in (OpenID Connect, a proxy's headers,
tokens, or none on loopback). Whatever gets through has been identified, is asked for by our own pages where it changes
something, fits the limit, and is in the audit log. What is not known grants nothing.
"""
