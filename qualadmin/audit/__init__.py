"""The append-only audit log.

    from qualadmin.audit import record as audit
    from qualadmin.audit.types import Context, Target, Who

    with audit.transaction(context) as tx:
        entry_id = tx.record("job.created", target=Target("job", str(job.pk), job.title), stream="study:colour")
        Job.objects.filter(pk=job.pk).update(state="running", audit_id=entry_id)

* `record`: writing. `record_now` for what has no transaction of its own (denials, failed sign-ins).
* `vocabulary`: the closed list of actions; the domain registers its events there.
* `models.AuditedModel`: base of every row that must not change without an entry.
* `guards`: triggers that make the database refuse everything else; `guards.missing()` before serving.
* `verify`: recomputes everything. `sentences`: an entry in words. `testing`: for test runs only.
"""
