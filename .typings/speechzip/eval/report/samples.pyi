from eval.report.samples import *
