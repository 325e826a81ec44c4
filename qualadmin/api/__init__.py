"""The JSON API: one path per operation in Amazon's names, for programs that come with an access token.

Requests pass no session, no cookie and no form token: `middleware.py` answers everything below /api/ by itself.
"""
