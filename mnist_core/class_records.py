"""Plain records of classes that pass between store and pages."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.escape import UserText


@dataclass(frozen=True)
class Class:
    """A class of students, as everybody may know it who has its code."""

    id: str
    name: UserText
    code: str
    version: int  # grows with every change, of its members too
    members_only: bool  # nobody but members of a class trains on this server
    address: str  # of the app, as students reach it; empty: not chosen
    members: int  # who are in it now
    days_left: float  # that the server serves until it goes by itself
    news: int = 0  # grows with what its students' pages show
    round_only: bool = False  # while a round is open, its members train for nothing else
    paused: bool = False  # those of its runs that wait go on waiting
    look_here: str = ""  # the page that the teacher shows, as `ui.look_here` wrote it; empty: none


@dataclass(frozen=True)
class Member:
    """Who is in a class. `personal_code` brings him back in another browser."""

    id: str
    nickname: UserText
    personal_code: str
    removed: bool = False
    runs: int = 0  # of his that are the class's


@dataclass(frozen=True)
class Membership:
    """The class that a student is in, as whom, and the name that his cookie should have: another one where two were merged."""

    in_class: Class
    member: Member
    student: str
    test_sealed: bool = False  # the class is to see no test figures


@dataclass(frozen=True)
class ClassRun:
    """A run of a member of a class, for the teacher."""

    run_id: str
    nickname: UserText
    round_id: str | None = None


@dataclass(frozen=True)
class HandedIn:
    """A report that a student has handed in to his class; what it says is the teacher's to ask for."""

    id: str
    title: UserText
    nickname: UserText
    handed_in_at: float  # seconds since the epoch (UTC)
    is_open: bool = False  # its student may take it back, or put another in its place
