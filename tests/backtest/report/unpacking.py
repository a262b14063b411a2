"""What ``decode.js`` does, in Python."""

import base64

import numpy as np


def unpack(column):
    values, total, bits, place = [], 0, 0, 0
    for byte in base64.b64decode(column["data"]):
        bits |= (byte & 127) << place
        place += 7
        if byte < 128:
            total += -((bits + 1) // 2) if bits % 2 else bits // 2
            values.append(total)
            bits = place = 0
    assert len(values) == column["count"]
    unit = column["unit"]
    return np.array(values, float) / round(1 / unit) if unit < 1 else np.array(values, float) * unit
