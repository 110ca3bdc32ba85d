import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import trocar_clinic.records.encrypted
import trocar_clinic.records.kept


class Migration(migrations.Migration):
    dependencies = [
        ("institution", "0002_monitors"),
        ("procedures", "0002_historicalverification_job_verification_job_and_more"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="historicalvitalstream",
            name="origin",
            field=models.CharField(
                choices=[
                    ("typed", "entered by hand"),
                    ("wfdb", "waveform file (WFDB)"),
                    ("hl7", "monitor message (HL7 PCD-01)"),
                    ("mllp", "connected monitor"),
                ],
                max_length=8,
                verbose_name="source",
            ),
        ),
        migrations.AlterField(
            model_name="vitalstream",
            name="origin",
            field=models.CharField(
                choices=[
                    ("typed", "entered by hand"),
                    ("wfdb", "waveform file (WFDB)"),
                    ("hl7", "monitor message (HL7 PCD-01)"),
                    ("mllp", "connected monitor"),
                ],
                max_length=8,
                verbose_name="source",
            ),
        ),
        migrations.CreateModel(
            name="HistoricalMonitorConnection",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=0, editable=False, verbose_name="version")),
                ("recorded_at", models.DateTimeField(editable=False, verbose_name="entered at")),
                ("voided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="void since")),
                ("void_reason", models.TextField(blank=True, editable=False, verbose_name="why void")),
                ("history_change_reason", models.TextField(null=True)),
                (
                    "connected_at",
                    models.DateTimeField(
                        validators=[trocar_clinic.records.kept.not_in_future], verbose_name="connected at"
                    ),
                ),
                (
                    "disconnected_at",
                    models.DateTimeField(
                        blank=True,
                        null=True,
                        validators=[trocar_clinic.records.kept.not_in_future],
                        verbose_name="disconnected at",
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "monitor",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="institution.equipment",
                        verbose_name="monitor",
                    ),
                ),
                (
                    "procedure",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="procedures.procedure",
                        verbose_name="procedure",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="entered by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical connected monitor",
                "verbose_name_plural": "historical connected monitors",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="MonitorConnection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=0, editable=False, verbose_name="version")),
                ("recorded_at", models.DateTimeField(editable=False, verbose_name="entered at")),
                ("voided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="void since")),
                ("void_reason", models.TextField(blank=True, editable=False, verbose_name="why void")),
                (
                    "connected_at",
                    models.DateTimeField(
                        validators=[trocar_clinic.records.kept.not_in_future], verbose_name="connected at"
                    ),
                ),
                (
                    "disconnected_at",
                    models.DateTimeField(
                        blank=True,
                        null=True,
                        validators=[trocar_clinic.records.kept.not_in_future],
                        verbose_name="disconnected at",
                    ),
                ),
                (
                    "monitor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to="institution.equipment",
                        verbose_name="monitor",
                    ),
                ),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to="procedures.procedure",
                        verbose_name="procedure",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="entered by",
                    ),
                ),
            ],
            options={
                "verbose_name": "connected monitor",
                "verbose_name_plural": "connected monitors",
            },
        ),
        migrations.CreateModel(
            name="MonitorMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("sender", models.CharField(max_length=60, verbose_name="from address")),
                ("control", models.CharField(blank=True, max_length=199, verbose_name="control number")),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("content", trocar_clinic.records.encrypted.EncryptedTextField(verbose_name="as received")),
                (
                    "verdict",
                    models.CharField(
                        choices=[("taken", "taken"), ("refused", "not taken"), ("unreadable", "unreadable")],
                        max_length=12,
                        verbose_name="verdict",
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=60)),
                ("why_en", models.CharField(blank=True, max_length=400)),
                ("why_zh", models.CharField(blank=True, max_length=400)),
                ("samples", models.JSONField(default=dict, verbose_name="samples")),
                (
                    "connection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="procedures.monitorconnection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "monitor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="institution.equipment",
                        verbose_name="monitor",
                    ),
                ),
            ],
            options={
                "verbose_name": "monitor message",
                "verbose_name_plural": "monitor messages",
            },
        ),
        migrations.AddConstraint(
            model_name="monitorconnection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("disconnected_at", None), ("voided_at", None)),
                fields=("monitor",),
                name="monitor_at_one_patient",
                violation_error_message="This monitor is still connected to a procedure: disconnect it there first",
            ),
        ),
        migrations.AddIndex(
            model_name="monitormessage",
            index=models.Index(fields=["received_at"], name="procedures__receive_60b21a_idx"),
        ),
        migrations.AddIndex(
            model_name="monitormessage",
            index=models.Index(fields=["connection", "verdict"], name="procedures__connect_ebe285_idx"),
        ),
    ]
