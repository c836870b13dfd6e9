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
from db.models.floor import FloorLimit, FloorNotice, FloorNoticeReader, Team, TeamMember, WallLink
from db.models.knowledge import Article, ArticleRevision
from db.models.node import Node
from db.models.organisation import Category, Jurisdiction, Region, Unit, User, WebSession
from db.models.script import ScriptStepRow, ScriptVersion, SurveyAnswer
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
    "FloorLimit",
    "FloorNotice",
    "FloorNoticeReader",
    "FollowUp",
    "Handoff",
    "Jurisdiction",
    "Node",
    "OutboxMessage",
    "QueueEntry",
    "Recording",
    "Region",
    "ScriptStepRow",
    "ScriptVersion",
    "SlaProfile",
    "SurveyAnswer",
    "Team",
    "TeamMember",
    "Ticket",
    "TicketClock",
    "TicketDraft",
    "TranscriptGapRow",
    "TranscriptUtterance",
    "Unit",
    "UnitReply",
    "User",
    "Voicemail",
    "WallLink",
    "WebSession",
]
