"""What is judged by: rules, calendars and words as files, as kept texts, as approved."""
