from eval.report.charts import *
