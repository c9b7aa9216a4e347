"""The rule packs: complete, consistent, and judged alike by a second opinion."""
