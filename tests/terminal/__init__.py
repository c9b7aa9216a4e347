"""What people see: words, tables, pipes, pages, files and pictures."""
