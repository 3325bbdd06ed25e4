from eval.report.headline import *
