"""Services of the machine: atomic files, the data folder, threads, memory, files of installed packages; networks.

inference   opens a network
onnxgraph   builds one as an ONNX model
onnxfile    reads the arrays of an ONNX model
ortfile     reads the arrays of one in onnxruntime's format
"""
