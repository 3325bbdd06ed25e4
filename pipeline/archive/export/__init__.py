"""Transcripts for other programs: subtitles, documents, tables, annotations.

transcript   a payload as lines with names
cues         lines as subtitles: short enough to be read
textgrid     Praat's annotations
formats      every format: transcript in, text out
files        one file, or a whole archive
"""
