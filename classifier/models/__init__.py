"""The tables: uploads and images, labels, model versions and training runs, tokens and webhooks."""

from classifier.models.access import ApiToken, IdempotencyRecord
from classifier.models.audit_log import AuditAction, AuditEntry
from classifier.models.audits import Alarm, AlarmKind, Audit
from classifier.models.disputes import Dispute
from classifier.models.erasures import Erasure
from classifier.models.images import (
    REASON_CHOICES,
    VERDICT_CHOICES,
    InputImage,
    InputImageQuerySet,
    Prediction,
)
from classifier.models.labels import (
    MISTAKEN_SCORE,
    SUSPICIOUS,
    Correction,
    LabelChange,
    LabelCheck,
    QueueItem,
    Suggestion,
)
from classifier.models.limits import Budget
from classifier.models.media import MediaStore
from classifier.models.second_factor import AppDevice, Passkey
from classifier.models.sessions import Session
from classifier.models.shadow import ShadowReading
from classifier.models.source import MNIST_SOURCES, UPLOAD_SOURCES, Source, Via
from classifier.models.uploads import Upload, stored_name
from classifier.models.versions import (
    UNFINISHED_STATES,
    ModelState,
    ModelVersion,
    Promotion,
    RunState,
    TrainingRun,
    get_detail_fields,
)
from classifier.models.webhooks import Delivery, Webhook
