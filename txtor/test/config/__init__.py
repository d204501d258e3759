"""
Tests of `txtor.config`.
"""
