"""Reviewers: is a candidate new, sound and honest?"""
