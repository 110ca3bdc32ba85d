from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("institution", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="equipment",
            name="hl7_identifier",
            field=models.CharField(
                blank=True,
                help_text="patient monitors: EUI-64 (OBR-3, OBX-18), or the bed as PV1-3 names it",
                max_length=80,
                verbose_name="identifier in HL7 messages",
            ),
        ),
        migrations.AddField(
            model_name="historicalequipment",
            name="hl7_identifier",
            field=models.CharField(
                blank=True,
                help_text="patient monitors: EUI-64 (OBR-3, OBX-18), or the bed as PV1-3 names it",
                max_length=80,
                verbose_name="identifier in HL7 messages",
            ),
        ),
        migrations.AddConstraint(
            model_name="equipment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("voided_at", None), models.Q(("hl7_identifier", ""), _negated=True)),
                fields=("hl7_identifier",),
                name="hl7_identifier_once",
                violation_error_message="Another device has this identifier",
            ),
        ),
    ]
