"""All tables, by room. Import this package to have the metadata complete."""

from db.base import Base
from db.models.call import (
    AgentSession,
    AgentStateLog,
    Call,
    CallbackTask,
    CallEvent,
    CallLeg,
    Handoff,
    QueueEntry,
    Recording,
    Voicemail,
)
from db.models.knowledge import Article, ArticleRevision
from db.models.node import Node
from db.models.organisation import Category, Jurisdiction, Region, Unit, User, WebSession
from db.models.script import ScriptCase, ScriptDraft, ScriptDraftReader, ScriptStepRow, ScriptVersion, SurveyAnswer
from db.models.ticket import (
    Attachment,
    AuditEvent,
    CalendarDay,
    Dispatch,
    FollowUp,
    OutboxMessage,
    SlaProfile,
    Ticket,
    TicketClock,
    TicketDraft,
    UnitReply,
)
from db.models.transcript import TranscriptGapRow, TranscriptUtterance

__all__ = [
    "AgentSession",
    "AgentStateLog",
    "Article",
    "ArticleRevision",
    "Attachment",
    "AuditEvent",
    "Base",
    "CalendarDay",
    "Call",
    "CallEvent",
    "CallLeg",
    "CallbackTask",
    "Category",
    "Dispatch",
    "FollowUp",
    "Handoff",
    "Jurisdiction",
    "Node",
    "OutboxMessage",
    "QueueEntry",
    "Recording",
    "Region",
    "ScriptCase",
    "ScriptDraft",
    "ScriptDraftReader",
    "ScriptStepRow",
    "ScriptVersion",
    "SlaProfile",
    "SurveyAnswer",
    "Ticket",
    "TicketClock",
    "TicketDraft",
    "TranscriptGapRow",
    "TranscriptUtterance",
    "Unit",
    "UnitReply",
    "User",
    "Voicemail",
    "WebSession",
]
