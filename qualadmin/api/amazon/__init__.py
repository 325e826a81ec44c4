"""The endpoint at /mturk/: Amazon's own protocol, for scripts that know nothing of qualadmin.

They sign with an access key that somebody made here. Changes go the way of all changes, and the call waits for
Amazon's answer; reading calls are passed on. Whatever happens, the answer has the form of Amazon's.
"""
