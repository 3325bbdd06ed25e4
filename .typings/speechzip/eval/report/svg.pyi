from eval.report.svg import *
