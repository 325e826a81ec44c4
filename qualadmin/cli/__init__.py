"""The command line: `manage.py qualadmin WORD …`, for people and scripts on the server.

It asks the operations of the JSON API in process, as the person it is told, and prints what they answer.
"""
