from eval.report.files import *
