"""Detectors behind one socket: networks on ONNX Runtime or OpenVINO, and motion, which needs no weights."""
