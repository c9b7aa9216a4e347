"""Work that one process at a time does, whatever machine it is on."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class LeaseRow(SQLModel, table=True):
    """Who does a piece of work, until when, and the fence that grows with each who takes it."""

    __tablename__ = "lease"
    #: What is done: `deliver`, `pull/SOURCE`.
    name: str = Field(primary_key=True)
    #: Machine and folder, then the process: `place|process`.
    owner: str
    fence: int = Field(sa_type=BigInteger)
    #: UTC epoch seconds, by the database's clock where it has one; 0 once given back.
    lease_until: int = Field(sa_type=BigInteger)
