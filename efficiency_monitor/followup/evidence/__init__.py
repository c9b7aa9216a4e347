"""Attachments of replies, appeals, exemptions and orders."""
