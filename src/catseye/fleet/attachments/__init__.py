"""Attachments of alarms (T/JSATL 12 and its dialects): a port of their own, on which frames and pieces of files take turns."""
