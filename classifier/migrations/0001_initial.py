import classifier.models.constraints
import classifier.models.encryption
import classifier.models.uploads
import django.contrib.postgres.fields
import django.core.serializers.json
import django.db.models.deletion
import django.db.models.lookups
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('otp_totp', '0003_add_timestamps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='InputImage',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('label', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit'), ('unknown', 'unknown')], default='unknown', max_length=12, verbose_name='label')),
                ('is_training', models.BooleanField(default=True)),
                ('pixels', models.BinaryField()),
                ('source', models.CharField(choices=[('mnist', 'MNIST'), ('mnist_sample', 'MNIST sample'), ('web', 'web page'), ('api', 'API')], max_length=12, verbose_name='source')),
                ('box', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), editable=False, help_text="x, y, width, height in the upright original's pixels", null=True, size=4, verbose_name='box')),
                ('position', models.PositiveSmallIntegerField(db_default=0, editable=False, help_text='reading order within the upload; null for a box that a visitor added', null=True)),
                ('group', models.UUIDField(editable=False, help_text='shared by near-duplicates; set when training first reads the labelled image', null=True)),
                ('labelled_at', models.DateTimeField(editable=False, null=True, verbose_name='labelled at')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('labelled_by', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='labelled by')),
            ],
            options={
                'verbose_name': 'image',
                'verbose_name_plural': 'images',
                'db_table': 'input_data',
                'permissions': [('label_inputimage', 'Can label images')],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(help_text='the digits in reading order', max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
            ],
            options={
                'db_table': 'corrections',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('image_id', models.UUIDField(primary_key=True, serialize=False, verbose_name='image')),
                ('upload_id', models.UUIDField(db_index=True)),
                ('trained_models', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True, verbose_name='deleted')),
            ],
            options={
                'verbose_name': 'deleted training image',
                'verbose_name_plural': 'deleted training images',
                'db_table': 'erasures',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('key', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('sha256', models.CharField(help_text='of the request', max_length=64)),
                ('content', models.JSONField()),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={
                'db_table': 'kept_answers',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AppDevice',
            fields=[
            ],
            options={
                'proxy': True,
                'default_permissions': (),
                'indexes': [],
                'constraints': [],
            },
            bases=('otp_totp.totpdevice',),
        ),
        migrations.CreateModel(
            name='Passkey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('created_at', models.DateTimeField(auto_now_add=True, help_text='The date and time when this device was initially created in the system.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='The most recent date and time this device was used.', null=True)),
                ('host', models.CharField(help_text='the only one at which it can be used', max_length=253)),
                ('credential_id', models.BinaryField(unique=True)),
                ('credential', models.BinaryField(help_text='attested credential data (WebAuthn)')),
                ('sign_count', models.BigIntegerField(default=0)),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'passkeys',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('error_exceeded', 'more certain answers are wrong than promised'), ('input_drifted', 'people send other pictures than before'), ('data_damaged', 'stored data are damaged')], max_length=20)),
                ('message', models.TextField()),
                ('causes', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, help_text='ids of the images that caused it', size=None)),
                ('raised_at', models.DateTimeField(auto_now_add=True)),
                ('cleared_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'alarms',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['error_exceeded', 'input_drifted', 'data_damaged'])), name='alarms_kind_is_known'), models.UniqueConstraint(condition=models.Q(('cleared_at__isnull', True)), fields=('kind',), name='alarms_one_open_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('user', models.CharField(blank=True, max_length=150, verbose_name='user')),
                ('via', models.CharField(help_text='a session, or the name of a token', max_length=120, verbose_name='via')),
                ('action', models.CharField(max_length=100, verbose_name='action')),
                ('target', models.CharField(blank=True, max_length=300, verbose_name='target')),
                ('status', models.PositiveSmallIntegerField(help_text='of the HTTP response', null=True, verbose_name='status')),
                ('details', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='details')),
                ('position', models.BigIntegerField(null=True, unique=True, verbose_name='position')),
                ('previous', models.CharField(blank=True, max_length=64)),
                ('hash', models.CharField(blank=True, max_length=64, verbose_name='hash')),
            ],
            options={
                'verbose_name': 'audit log entry',
                'verbose_name_plural': 'audit log entries',
                'db_table': 'audit_log',
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['-at'], name='audit_log_newest'), models.Index(condition=models.Q(('position__isnull', True)), fields=['id'], name='audit_log_unsealed')],
            },
        ),
        migrations.CreateModel(
            name='MediaStore',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'db_table': 'media_stores',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(models.Value(1), name='media_stores_has_one_row')],
            },
        ),
        migrations.CreateModel(
            name='ModelVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, unique=True, verbose_name='name')),
                ('state', models.CharField(choices=[('candidate', 'Candidate'), ('champion', 'Champion'), ('retired', 'Retired'), ('rejected', 'Rejected')], default='candidate', max_length=12, verbose_name='state')),
                ('metrics', models.JSONField(default=dict)),
                ('configuration', models.JSONField(default=dict)),
                ('snapshot', models.JSONField(default=dict, help_text='exactly what it was trained on')),
                ('comparison', models.JSONField(default=dict, help_text='with the champion of that time, image by image')),
                ('effects', models.JSONField(default=dict, help_text="what its new labels changed, and the champion's answers")),
                ('certificates', models.JSONField(default=list, help_text='bounds on its errors among accepted digits')),
                ('checksum', models.CharField(help_text="sha256 of the folder's manifest", max_length=64)),
                ('signer', models.CharField(blank=True, help_text='public key (Ed25519) that signed the manifest', max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
            ],
            options={
                'verbose_name': 'model',
                'verbose_name_plural': 'models',
                'db_table': 'model_versions',
                'permissions': [('promote_modelversion', 'Can promote models and roll back')],
                'default_permissions': ('view',),
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['candidate', 'champion', 'retired', 'rejected'])), name='model_versions_state_is_known'), models.UniqueConstraint(condition=models.Q(('state', 'champion')), fields=('state',), name='model_versions_one_champion'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'rejected'), _negated=True), ('comparison__has_key', 'reason'), _connector='OR'), name='model_versions_rejected_for_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='Prediction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('unknown', 'unknown')], max_length=12)),
                ('best_guess', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9')], max_length=1, verbose_name='best guess')),
                ('confidence', models.FloatField(help_text='probability of the best guess, 0 to 1')),
                ('probabilities', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=10)),
                ('scores', models.JSONField(default=dict, help_text='measures of uncertainty, by name')),
                ('verdict', models.CharField(choices=[('digit', 'digit'), ('unsure', 'unsure'), ('not_a_digit', 'not a digit')], max_length=12, verbose_name='verdict')),
                ('reason', models.CharField(blank=True, choices=[('low_confidence', 'low confidence'), ('another_sign', 'another sign'), ('unlike_any_digit', 'unlike any digit'), ('blank', 'blank'), ('more_writing', 'more writing'), ('cut_off', 'cut off'), ('too_faint', 'too faint')], max_length=32)),
                ('imaging_version', models.PositiveSmallIntegerField()),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='predictions', to='classifier.inputimage')),
                ('model', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='predictions', to='classifier.modelversion', verbose_name='model')),
            ],
            options={
                'verbose_name': 'prediction',
                'verbose_name_plural': 'predictions',
                'db_table': 'predictions',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('via', models.CharField(choices=[('admin', 'Admin'), ('queue', 'Queue'), ('grid', 'Grid'), ('correction', "visitor's correction"), ('review', 'Review'), ('undo', 'Undo'), ('api', 'API'), ('command', 'command line'), ('automatic', 'Automatic')], max_length=12)),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='why')),
                ('at', models.DateTimeField(auto_now_add=True, db_index=True, verbose_name='when')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='classifier.modelversion')),
            ],
            options={
                'db_table': 'promotions',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('session_key', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('browser', models.CharField(blank=True, max_length=200)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('used_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'sessions',
                'default_permissions': ('view', 'delete'),
            },
        ),
        migrations.CreateModel(
            name='ShadowReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('guess', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit')], max_length=12)),
                ('served_guess', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit')], max_length=12)),
                ('confidence', models.FloatField(help_text="of the candidate's best guess, 0 to 1")),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shadow_readings', to='classifier.inputimage')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shadow_readings', to='classifier.modelversion')),
            ],
            options={
                'db_table': 'shadow_readings',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Suggestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit')], max_length=12)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('correction', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='suggestions', to='classifier.correction')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='suggestions', to='classifier.inputimage')),
            ],
            options={
                'db_table': 'suggestions',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='TrainingRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fine_tune', models.BooleanField(default=False, help_text="start from the champion's weights")),
                ('force', models.BooleanField(default=False, help_text='train even without new labels')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('succeeded', 'Succeeded'), ('nothing_new', 'Nothing new to learn'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=12, verbose_name='state')),
                ('stage', models.CharField(blank=True, help_text='the current step', max_length=80)),
                ('progress', models.JSONField(default=list, help_text='loss and accuracy of each epoch')),
                ('log', models.TextField(blank=True)),
                ('error', models.TextField(blank=True)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('asked_at', models.DateTimeField(auto_now_add=True, verbose_name='requested')),
                ('started_at', models.DateTimeField(null=True)),
                ('heartbeat_at', models.DateTimeField(help_text='the last sign of life of its process', null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('result', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='run', to='classifier.modelversion')),
            ],
            options={
                'verbose_name': 'training run',
                'verbose_name_plural': 'training runs',
                'db_table': 'training_runs',
                'permissions': [('start_trainingrun', 'Can start and cancel training')],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('file', models.FileField(upload_to=classifier.models.uploads.stored_name)),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveIntegerField(help_text='in bytes')),
                ('width', models.PositiveIntegerField(help_text='in pixels, upright')),
                ('height', models.PositiveIntegerField(help_text='in pixels, upright')),
                ('media_type', models.CharField(max_length=32, verbose_name='media type')),
                ('source', models.CharField(choices=[('web', 'web page'), ('api', 'API')], max_length=12, verbose_name='source')),
                ('confidence', models.FloatField(editable=False, help_text='probability that the first reading is right, 0 to 1', null=True)),
                ('lines', models.JSONField(default=list, editable=False, help_text='box and number of digits of each line of writing')),
                ('left_out', models.JSONField(default=list, editable=False, help_text='boxes of writing that no digit explains')),
                ('visitor', models.UUIDField(editable=False, help_text='the browser that sent it, from its cookie', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='uploaded')),
            ],
            options={
                'verbose_name': 'upload',
                'verbose_name_plural': 'uploads',
                'db_table': 'uploads',
                'default_permissions': ('view', 'delete'),
                'indexes': [models.Index(fields=['-created_at', '-id'], name='uploads_newest'), models.Index(condition=models.Q(('visitor__isnull', False)), fields=['visitor', '-created_at', '-id'], name='uploads_of_visitor')],
                'constraints': [models.CheckConstraint(condition=models.Q(('source__in', ['web', 'api'])), name='uploads_source_is_known'), models.CheckConstraint(condition=models.Q(('height__gt', 0), ('size__gt', 0), ('width__gt', 0)), name='uploads_are_not_empty')],
            },
        ),
        migrations.AddField(
            model_name='inputimage',
            name='upload',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='images', to='classifier.upload'),
        ),
        migrations.AddField(
            model_name='correction',
            name='upload',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='corrections', to='classifier.upload'),
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(help_text='receives each event as a POST request; it may be in your own network', max_length=500, verbose_name='URL')),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('upload.unsure', 'upload.unsure'), ('label.created', 'label.created'), ('model.candidate', 'model.candidate'), ('model.promoted', 'model.promoted'), ('model.error_exceeded', 'model.error exceeded'), ('input.drifted', 'input.drifted'), ('data.damaged', 'data.damaged')], max_length=20), size=None, verbose_name='events')),
                ('secret', classifier.models.encryption.EncryptedTextField(editable=False)),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'webhook',
                'verbose_name_plural': 'webhooks',
                'db_table': 'webhooks',
                'constraints': [models.CheckConstraint(condition=models.Q(('events__contained_by', ['upload.unsure', 'label.created', 'model.candidate', 'model.promoted', 'model.error_exceeded', 'input.drifted', 'data.damaged']), models.Q(django.db.models.lookups.Exact(classifier.models.constraints.ArrayLength('events'), 0), _negated=True)), name='webhooks_events_are_known')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('event', models.CharField(choices=[('upload.unsure', 'upload.unsure'), ('label.created', 'label.created'), ('model.candidate', 'model.candidate'), ('model.promoted', 'model.promoted'), ('model.error_exceeded', 'model.error exceeded'), ('input.drifted', 'input.drifted'), ('data.damaged', 'data.damaged')], max_length=20, verbose_name='event')),
                ('payload', models.JSONField()),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('status', models.PositiveSmallIntegerField(help_text='of the newest response', null=True, verbose_name='status')),
                ('error', models.TextField(blank=True, verbose_name='error')),
                ('delivered_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='classifier.webhook', verbose_name='webhook')),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'db_table': 'webhook_deliveries',
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='the program that uses it', max_length=100, verbose_name='name')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', 'read'), ('label', 'label'), ('export', 'export'), ('import', 'import'), ('delete', 'delete'), ('train', 'train'), ('promote', 'promote')], max_length=12), size=None, verbose_name='scopes')),
                ('sha256', models.CharField(editable=False, max_length=64, unique=True)),
                ('start', models.CharField(editable=False, help_text='the first characters, to recognise it', max_length=8)),
                ('expires_at', models.DateTimeField(blank=True, help_text='empty: never', null=True, verbose_name='expires at')),
                ('last_used_at', models.DateTimeField(editable=False, help_text='to the hour', null=True, verbose_name='last used')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'API token',
                'verbose_name_plural': 'API tokens',
                'db_table': 'api_tokens',
                'constraints': [models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['read', 'label', 'export', 'import', 'delete', 'train', 'promote']), models.Q(django.db.models.lookups.Exact(classifier.models.constraints.ArrayLength('scopes'), 0), _negated=True)), name='api_tokens_scopes_are_known')],
            },
        ),
        migrations.CreateModel(
            name='Audit',
            fields=[
                ('image', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='audit', serialize=False, to='classifier.inputimage')),
                ('drawn_at', models.DateTimeField(auto_now_add=True)),
                ('prediction', models.ForeignKey(help_text='the answer that was given', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='classifier.prediction')),
            ],
            options={
                'db_table': 'audits',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='QueueItem',
            fields=[
                ('image', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='queued', serialize=False, to='classifier.inputimage')),
                ('waiting', models.BooleanField(default=True, help_text='whether the label is unknown')),
                ('guess', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit')], max_length=12)),
                ('doubt', models.FloatField(help_text='acquisition score: how much its label would teach a model, 0 to 1')),
                ('embedding', models.BinaryField(help_text='see classifier.recognition.active_learning')),
                ('content', models.UUIDField(help_text='shared by images with equal pixels')),
                ('duplicate', models.BooleanField(default=False, help_text='so similar to another image that its label would add little')),
                ('suggestion', models.CharField(blank=True, choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit')], help_text='the newest suggestion of a visitor', max_length=12)),
                ('suspicion', models.FloatField(default=0, help_text='how likely the label is wrong, 0 to 1; 0 without a label')),
                ('reviewed_at', models.DateTimeField(null=True)),
                ('leased_until', models.DateTimeField(null=True)),
                ('skipped_by', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), default=list, help_text='ids of the users who skipped it', size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('leased_to', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reviewed_by', models.ForeignKey(db_index=False, help_text='the person who looked at the label again', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'label_queue',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Dispute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('opened_at', models.DateTimeField(auto_now_add=True)),
                ('label', models.CharField(blank=True, choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit')], help_text='the label that settled it; empty until then', max_length=12)),
                ('settled_at', models.DateTimeField(null=True)),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='disputes', to='classifier.inputimage')),
                ('opened_by', models.ForeignKey(help_text='the person whose label differed from the one before', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'disputes',
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['opened_at'], name='disputes_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('settled_at__isnull', True)), fields=('image',), name='disputes_one_open_an_image'), models.CheckConstraint(condition=models.Q(('label__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit', ''])), name='disputes_label_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('label', ''), ('settled_at__isnull', True), ('settled_by__isnull', True)), models.Q(models.Q(('label', ''), _negated=True), ('settled_at__isnull', False), ('settled_by__isnull', False)), _connector='OR'), name='disputes_settled_by_and_at_with_label')],
            },
        ),
        migrations.CreateModel(
            name='LabelChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_label', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit'), ('unknown', 'unknown')], max_length=12, verbose_name='from')),
                ('to_label', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit'), ('unknown', 'unknown')], max_length=12, verbose_name='to')),
                ('via', models.CharField(choices=[('admin', 'Admin'), ('queue', 'Queue'), ('grid', 'Grid'), ('correction', "visitor's correction"), ('review', 'Review'), ('undo', 'Undo'), ('api', 'API'), ('command', 'command line'), ('automatic', 'Automatic')], max_length=12, verbose_name='via')),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True, verbose_name='when')),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='label_changes', to='classifier.inputimage')),
            ],
            options={
                'verbose_name': 'label change',
                'verbose_name_plural': 'label changes',
                'db_table': 'label_changes',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('from_label__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit', 'unknown'])), name='label_changes_from_is_known'), models.CheckConstraint(condition=models.Q(('to_label__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit', 'unknown'])), name='label_changes_to_is_known'), models.CheckConstraint(condition=models.Q(('from_label', models.F('to_label')), _negated=True), name='label_changes_change_something')],
            },
        ),
        migrations.CreateModel(
            name='LabelCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit')], help_text='the label when the check was made', max_length=12)),
                ('answer', models.CharField(blank=True, choices=[('0', '0'), ('1', '1'), ('2', '2'), ('3', '3'), ('4', '4'), ('5', '5'), ('6', '6'), ('7', '7'), ('8', '8'), ('9', '9'), ('not_a_digit', 'not a digit')], help_text='empty until it is answered', max_length=12)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('asked_of', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='label_checks', to='classifier.inputimage')),
            ],
            options={
                'db_table': 'label_checks',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('label__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit'])), name='label_checks_label_is_known'), models.CheckConstraint(condition=models.Q(('answer__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit', ''])), name='label_checks_answer_is_known'), models.UniqueConstraint(fields=('image', 'asked_of'), name='label_checks_once_a_person'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at__isnull', True)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='label_checks_answered_at_with_answer')],
            },
        ),
        migrations.AddIndex(
            model_name='prediction',
            index=models.Index(fields=['created_at'], include=('model', 'verdict', 'confidence'), name='predictions_by_time'),
        ),
        migrations.AddConstraint(
            model_name='prediction',
            constraint=models.CheckConstraint(condition=models.Q(('best_guess__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])), name='predictions_best_guess_is_a_digit'),
        ),
        migrations.AddConstraint(
            model_name='prediction',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__in', ['digit', 'unsure', 'not_a_digit'])), name='predictions_verdict_is_known'),
        ),
        migrations.AddConstraint(
            model_name='prediction',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['', 'low_confidence', 'another_sign', 'unlike_any_digit', 'blank', 'more_writing', 'cut_off', 'too_faint'])), name='predictions_reason_is_known'),
        ),
        migrations.AddConstraint(
            model_name='prediction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('label', models.F('best_guess')), ('reason', ''), ('verdict', 'digit')), models.Q(models.Q(('verdict', 'digit'), _negated=True), ('label', 'unknown'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='predictions_label_and_reason_follow_verdict'),
        ),
        migrations.AddConstraint(
            model_name='prediction',
            constraint=models.CheckConstraint(condition=models.Q(('confidence__gte', 0), ('confidence__lte', 1)), name='predictions_confidence_is_a_probability'),
        ),
        migrations.AddConstraint(
            model_name='prediction',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(classifier.models.constraints.ArrayLength('probabilities'), 10), name='predictions_probabilities_are_ten'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('via__in', ['admin', 'queue', 'grid', 'correction', 'review', 'undo', 'api', 'command', 'automatic'])), name='promotions_via_is_known'),
        ),
        migrations.AddIndex(
            model_name='shadowreading',
            index=models.Index(condition=models.Q(('guess', models.F('served_guess')), _negated=True), fields=['model', 'image'], name='shadow_readings_differing'),
        ),
        migrations.AddConstraint(
            model_name='shadowreading',
            constraint=models.UniqueConstraint(fields=('image', 'model'), name='shadow_readings_once_a_model'),
        ),
        migrations.AddConstraint(
            model_name='shadowreading',
            constraint=models.CheckConstraint(condition=models.Q(('guess__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit'])), name='shadow_readings_guess_is_known'),
        ),
        migrations.AddConstraint(
            model_name='shadowreading',
            constraint=models.CheckConstraint(condition=models.Q(('served_guess__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit'])), name='shadow_readings_served_guess_is_known'),
        ),
        migrations.AddConstraint(
            model_name='suggestion',
            constraint=models.CheckConstraint(condition=models.Q(('label__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit'])), name='suggestions_label_is_known'),
        ),
        migrations.AddConstraint(
            model_name='trainingrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'succeeded', 'nothing_new', 'failed', 'cancelled'])), name='training_runs_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='trainingrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), ('result__isnull', False), _connector='OR'), name='training_runs_success_has_a_result'),
        ),
        migrations.AddConstraint(
            model_name='trainingrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', ['queued', 'running'])), models.Q(models.Q(('state__in', ['queued', 'running']), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='training_runs_end_has_a_time'),
        ),
        migrations.AddConstraint(
            model_name='trainingrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), _negated=True), models.Q(('heartbeat_at__isnull', False), ('started_at__isnull', False)), _connector='OR'), name='training_runs_running_has_a_heartbeat'),
        ),
        migrations.AddConstraint(
            model_name='trainingrun',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True)), fields=('finished_at',), name='training_runs_one_at_a_time', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='inputimage',
            index=models.Index(condition=models.Q(('source__in', ('web', 'api'))), fields=['label', '-created_at', '-id'], include=('source',), name='input_data_by_label'),
        ),
        migrations.AddIndex(
            model_name='inputimage',
            index=models.Index(condition=models.Q(('source__in', ('web', 'api'))), fields=['-created_at', '-id'], include=('source',), name='input_data_newest'),
        ),
        migrations.AddIndex(
            model_name='inputimage',
            index=models.Index(condition=models.Q(('source__in', ('mnist', 'mnist_sample'))), fields=['source', 'is_training'], name='input_data_split'),
        ),
        migrations.AddIndex(
            model_name='inputimage',
            index=models.Index(condition=models.Q(('labelled_at__isnull', False)), fields=['labelled_at'], include=('labelled_by', 'label', 'source'), name='input_data_labelled'),
        ),
        migrations.AddConstraint(
            model_name='inputimage',
            constraint=models.CheckConstraint(condition=models.Q(('label__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit', 'unknown'])), name='input_data_label_is_known'),
        ),
        migrations.AddConstraint(
            model_name='inputimage',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['mnist', 'mnist_sample', 'web', 'api'])), name='input_data_source_is_known'),
        ),
        migrations.AddConstraint(
            model_name='inputimage',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(classifier.models.constraints.ByteLength('pixels'), 784), name='input_data_pixels_are_28_by_28'),
        ),
        migrations.AddConstraint(
            model_name='inputimage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('box__isnull', False), ('source__in', ('web', 'api')), ('upload__isnull', False)), models.Q(models.Q(('source__in', ('web', 'api')), _negated=True), ('box__isnull', True), ('upload__isnull', True)), _connector='OR'), name='input_data_upload_and_box_go_together'),
        ),
        migrations.AddConstraint(
            model_name='inputimage',
            constraint=models.CheckConstraint(condition=models.Q(('box__isnull', True), django.db.models.lookups.Exact(classifier.models.constraints.ArrayLength('box'), 4), _connector='OR'), name='input_data_box_has_four_numbers'),
        ),
        migrations.AddConstraint(
            model_name='inputimage',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ('web', 'api')), ('label__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']), _connector='OR'), name='input_data_mnist_is_labelled'),
        ),
        migrations.AddConstraint(
            model_name='inputimage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('source__in', ('web', 'api')), _negated=True), models.Q(('label', 'unknown'), ('labelled_at__isnull', True)), models.Q(models.Q(('label', 'unknown'), _negated=True), ('labelled_at__isnull', False)), _connector='OR'), name='input_data_labelled_at_with_label'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('text__regex', '^[0-9]+$')), name='corrections_text_is_digits'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['-created_at'], name='webhook_deliveries_newest'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('event__in', ['upload.unsure', 'label.created', 'model.candidate', 'model.promoted', 'model.error_exceeded', 'input.drifted', 'data.damaged'])), name='webhook_deliveries_event_is_known'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(models.OrderBy(models.F('doubt'), descending=True), condition=models.Q(('duplicate', False), ('waiting', True)), name='label_queue_useful'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(models.OrderBy(models.F('doubt'), descending=True), condition=models.Q(('waiting', True)), name='label_queue_doubt'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(models.OrderBy(models.F('created_at'), descending=True), condition=models.Q(('waiting', True)), name='label_queue_newest'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('waiting', True)), fields=['image'], name='label_queue_random'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('waiting', True)), fields=['guess', 'doubt'], name='label_queue_grid'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(models.OrderBy(models.F('doubt'), descending=True), condition=models.Q(('waiting', True), models.Q(('suggestion', ''), _negated=True), models.Q(('suggestion', models.F('guess')), _negated=True)), name='label_queue_suggested'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('duplicate', True), ('waiting', True)), fields=['image'], name='label_queue_duplicates'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(fields=['content', 'image'], name='label_queue_copies'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('waiting', False)), fields=['image'], name='label_queue_done'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(models.OrderBy(models.F('suspicion'), descending=True), condition=models.Q(('reviewed_at__isnull', True), ('suspicion__gte', 0.1)), name='label_queue_suspicious'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('leased_to__isnull', False)), fields=['leased_to'], name='label_queue_leased'),
        ),
        migrations.AddConstraint(
            model_name='queueitem',
            constraint=models.CheckConstraint(condition=models.Q(('guess__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit'])), name='label_queue_guess_is_known'),
        ),
        migrations.AddConstraint(
            model_name='queueitem',
            constraint=models.CheckConstraint(condition=models.Q(('suggestion__in', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'not_a_digit', ''])), name='label_queue_suggestion_is_known'),
        ),
        migrations.AddConstraint(
            model_name='queueitem',
            constraint=models.CheckConstraint(condition=models.Q(('doubt__gte', 0), ('doubt__lte', 1)), name='label_queue_doubt_is_a_share'),
        ),
        migrations.AddConstraint(
            model_name='queueitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('suspicion__gte', 0), ('suspicion__lte', 1), ('waiting', False)), models.Q(('reviewed_at__isnull', True), ('suspicion', 0), ('waiting', True)), _connector='OR'), name='label_queue_suspicion_needs_a_label'),
        ),
        migrations.AddConstraint(
            model_name='queueitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reviewed_at__isnull', True), ('reviewed_by__isnull', True)), models.Q(('reviewed_at__isnull', False), ('reviewed_by__isnull', False)), _connector='OR'), name='label_queue_reviewed_by_and_at_together'),
        ),
        migrations.AddConstraint(
            model_name='queueitem',
            constraint=models.CheckConstraint(condition=models.Q(('leased_to__isnull', True), ('leased_until__isnull', False), _connector='OR'), name='label_queue_lease_runs_out'),
        ),
    ]
