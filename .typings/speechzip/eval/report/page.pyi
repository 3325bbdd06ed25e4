from eval.report.page import *
