"""Answers: one small async function per question, rows in and rows out."""
