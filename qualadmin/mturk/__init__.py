"""The only importer of boto3. Values come in as arguments; nothing here knows Django or our settings.

``client.ClientCache`` gives a ``gateway.QualificationGateway`` for an account. Its verbs return the values of
``types`` and raise those of ``errors``. ``pacing`` says how fast to call it.
"""
