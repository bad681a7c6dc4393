"""Nudges to where team leads are: signed webhooks, in order, until they are delivered or too late.

Each webhook has a lane of its own, which reads the nudges at its own pace from its own place: a target that is slow
holds up nobody, the log is the queue, and what is in memory is one batch.
"""
